"""Files of a source: found, checked for the columns an importer needs, and named by content.

A digest of the bytes, not a path or a date, says whether an import is one that was begun before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from streams.events import Event


class SourceError(ValueError):
    """A source's file is missing or is not what its importer reads; the message says what to do."""


@dataclass(frozen=True, slots=True)
class History:
    """What an importer offers: past events, always the same ones in the same order.

    Attributes:
        name: of the importer, such as `ga-hits`.
        version: of the importer; another one may make other events of the same files.
        digest: of the files' content, in hex.
        count: how many events there are.
        rows: what became of the source's rows, in words, for people to check.
        events: begins the events from the first.
    """

    name: str
    version: int
    digest: str
    count: int
    events: Callable[[], Iterator[Event]] = field(repr=False)
    rows: Mapping[str, int] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """Which events these are: another version or other files make others."""
        return f"{self.version}:{self.digest}"


def digest_of(*files: Path) -> str:
    """SHA-256 over the content of the files, in the order given, in hex."""
    digest = hashlib.sha256()
    for one in files:
        with one.open("rb") as content:
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()


def found(folder: Path, name: str) -> Path:
    """The file of that name in a folder.

    Raises:
        SourceError: saying what lies there instead.
    """
    if (folder / name).is_file():
        return folder / name
    if not folder.is_dir():
        raise SourceError(f"{folder} is not a folder; name the one that holds {name}")
    beside = ", ".join(sorted(one.name for one in folder.iterdir())[:8]) or "nothing"
    raise SourceError(
        f"there is no {name} in {folder} (it holds {beside}); name the folder that holds it"
    )


def read_parquet(file: Path, columns: Collection[str]) -> pa.Table:
    """The named columns of a parquet file.

    Raises:
        SourceError: the file is no parquet, or columns are missing.
    """
    with _readable(file):
        check_columns(file, pq.read_schema(file).names, columns)
        return pq.read_table(file, columns=list(columns))


def row_count(file: Path) -> int:
    """How many rows a parquet file has.

    Raises:
        SourceError: the file is no parquet.
    """
    with _readable(file):
        return int(pq.read_metadata(file).num_rows)


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceError(f"{file} cannot be read as parquet: {error}") from None


def check_columns(file: Path, present: Collection[str], wanted: Collection[str]) -> None:
    """Refuse a file that lacks wanted columns.

    Raises:
        SourceError: naming the missing columns and those found.
    """
    missing = [name for name in wanted if name not in present]
    if missing:
        raise SourceError(
            f"{file} lacks {', '.join(missing)}; its columns are {', '.join(present)}"
        )
