"""Text of a file, packed by gzip or not, in its encoding; what cannot be read is said plainly."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from streams.importers.source import SourceError

_HEAD_BYTES = 65_536
_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@contextmanager
def opened(file: Path, encoding: str) -> Iterator[TextIO]:
    """The file as text, without a byte order mark, lines ended as they are.

    Raises:
        SourceError: it is not text of this encoding, or not what its name says.
    """
    with _unpacked(file, encoding) as content, _said_plainly(file, encoding):
        _check_encoding(file, content, encoding)
        text = TextIOWrapper(content, encoding=_without_mark(encoding), newline="")
        yield text


@contextmanager
def opened_bytes(file: Path) -> Iterator[BinaryIO]:
    """The file's bytes, unpacked.

    Raises:
        SourceError: it is not what its name says.
    """
    with _unpacked(file, "utf-8") as content, _said_plainly(file, "utf-8"):
        yield content


@contextmanager
def _unpacked(file: Path, encoding: str) -> Iterator[BinaryIO]:
    with file.open("rb") as content:
        head = content.read(4)
        content.seek(0)
        _check_head(file, head, encoding)
        if file.suffix == ".gz":
            yield cast(BinaryIO, gzip.GzipFile(fileobj=content))
        else:
            yield content


def _check_head(file: Path, head: bytes, encoding: str) -> None:
    is_packed = head.startswith(_GZIP)
    if file.suffix == ".gz" and not is_packed:
        raise SourceError(f"{file} is not packed by gzip, although its name says so")
    if file.suffix != ".gz" and is_packed:
        raise SourceError(f"{file} is packed by gzip; let its name end in .gz")
    if head == _PARQUET:
        raise SourceError(f"{file} is a Parquet file; let its name end in .parquet")
    if head.startswith(_UTF16) and codecs.lookup(encoding).name != "utf-16":
        advice = "say `file: {encoding: utf-16}` for separated values, convert others to UTF-8"
        raise SourceError(f"{file} is text in UTF-16; {advice}")


def _check_encoding(file: Path, content: BinaryIO, encoding: str) -> None:
    """Refuse UTF-8 under another name: encodings of one byte read anything, as nonsense."""
    if codecs.lookup(encoding).name.startswith("utf"):
        return
    head = content.read(_HEAD_BYTES)
    content.seek(0)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return
    if not head.isascii():
        advice = "write `file: {encoding: utf-8}`"
        raise SourceError(f"{file} is text in UTF-8, not in {encoding}; {advice}")


@contextmanager
def _said_plainly(file: Path, encoding: str) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        found = f"byte 0x{error.object[error.start]:02x} is none of its characters"
        advice = "name the right one under `file.encoding`, such as windows-1251"
        raise SourceError(f"{file} is not text in {encoding}: {found}; {advice}") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise SourceError(f"{file} is packed by gzip, and damaged: {error}") from None


def _without_mark(encoding: str) -> str:
    """UTF-8 with or without a byte order mark is the same to us."""
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
