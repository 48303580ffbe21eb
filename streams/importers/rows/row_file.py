"""What every kind of file offers to a mapping, and the way from a file's name to its reader."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from streams.importers.rows.options import File
from streams.importers.source import SourceError

Cells = Any  # a list of text for separated values, an object for the others
Getter = Callable[[Cells], Any]

SAMPLE_ROWS = 1_000
_FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
}


class Row(NamedTuple):
    """A row: the line it begins in (Parquet: its number), both counted from 1, and its cells.

    `currency` is that of its amounts, ISO 4217; empty, nobody said it. `mended` are the columns in
    which U+FFFD stands for what is no text.
    """

    number: int
    cells: Cells
    currency: str = ""
    mended: tuple[str, ...] = ()


class Unreadable(NamedTuple):
    """A row that is none: where, and what is wrong with it.

    What it says is not kept: nobody knows which of it is an address.
    """

    number: int
    mistake: str


class RowFile(Protocol):
    """A file of rows, read from its beginning as often as asked.

    `columns` are dotted paths where they are nested. `is_complete` says that there are no others; a
    file whose columns only its rows know tells those of its first thousand rows.
    """

    columns: Collection[str]
    is_complete: bool

    def getter(self, column: str) -> Getter:
        """How a column is found within the cells of a row."""

    def rows(self) -> Iterator[Row | Unreadable]:
        """All rows.

        Raises:
            SourceError: the file ends or breaks where it must not.
        """

    def content(self, cells: Cells) -> bytes:
        """What a row says, whatever the order of its columns and however many are empty."""


def row_file(file: Path, options: File) -> RowFile:
    """The reader of a file, by what the mapping or the file's name says.

    Raises:
        SourceError: there is no such file, or nothing says what it is.
    """
    if not file.is_file():
        raise SourceError(f"{file} is not a file; name the file that holds the rows")
    if not file.stat().st_size:
        raise SourceError(f"{file} is empty")
    from streams.importers.rows.json_lines import JsonLines
    from streams.importers.rows.parquet_rows import ParquetRows
    from streams.importers.rows.separated import Separated
    from streams.importers.rows.snowplow_rows import SnowplowRows

    match options.format or _format_of(file):
        case "jsonl":
            return JsonLines(file, options)
        case "parquet":
            return ParquetRows(file, options)
        case "snowplow":
            return SnowplowRows(file)
        case "tsv":
            return Separated(file, options, usual="\t")
        case _:
            return Separated(file, options, usual=",")


def nested(column: str) -> Getter:
    """How a dotted path is followed through objects; what is not there is None."""
    first, *others = column.split(".")
    if not others:
        return lambda cells: cells.get(first)

    def get(cells: Cells) -> Any:
        found = cells.get(first)
        for one in others:
            if not isinstance(found, dict):
                return None
            found = found.get(one)
        return found

    return get


def columns_of(rows: Iterator[Row | Unreadable]) -> list[str]:
    """The dotted paths of objects that the first thousand rows have, in the order found."""
    found: dict[str, None] = {}
    for row in islice(rows, SAMPLE_ROWS):
        if isinstance(row, Row):
            found.update(dict.fromkeys(paths_of(row.cells)))
    return list(found)


def paths_of(cells: Mapping[str, Any], before: str = "") -> Iterator[str]:
    """The dotted paths of an object."""
    for name, told in cells.items():
        yield before + name
        if isinstance(told, dict):
            yield from paths_of(told, f"{before}{name}.")


def _format_of(file: Path) -> str:
    name = file.with_suffix("") if file.suffix == ".gz" else file
    found = _FORMATS.get(name.suffix.lower())
    if found is None:
        known = ", ".join(sorted(_FORMATS))
        raise SourceError(
            f"{file}: nothing says what it is; its name ends in none of {known} (each also with "
            ".gz), and the mapping has no `file.format`"
        )
    return found
