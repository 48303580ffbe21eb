"""Separated values: rows with the line they begin in, quoted line breaks counted.

Read by the standard library's reader: of those at hand it alone knows lines, and at 500 k rows/s it
is a small part of the way.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any, TextIO

from streams.importers.rows.opened import opened
from streams.importers.rows.options import File
from streams.importers.rows.row_file import Cells, Getter, Row, Unreadable
from streams.importers.source import SourceError

csv.field_size_limit(8_388_608)  # a cell may hold a nested list


class Separated:
    """A file of separated values, its first line the header unless the mapping names columns."""

    def __init__(self, file: Path, options: File, usual: str) -> None:
        self._file = file
        self._options = options
        self._separator = options.separator or usual
        self._header = self._read_header()
        self.columns: Collection[str] = self._header
        self.is_complete = True
        self._in_order = sorted((name + "\x1e", at) for at, name in enumerate(self._header))

    def getter(self, column: str) -> Getter:
        """The cell below a name; None where the header lacks it."""
        if column not in self._header:
            return lambda _: None
        return itemgetter(self._header.index(column))

    def content(self, cells: Cells) -> bytes:
        """The cells that are not empty, each behind its column, in the order of the names."""
        told = [name + cell for name, at in self._in_order if (cell := cells[at].strip())]
        return "\x1f".join(told).encode()

    def rows(self) -> Iterator[Row | Unreadable]:
        """All rows below the header, empty lines left out."""
        with opened(self._file, self._options.encoding) as text:
            reader = self._reader(text)
            if not self._options.columns:
                next(reader)
            yield from self._numbered(reader)

    def _numbered(self, reader: Any) -> Iterator[Row | Unreadable]:
        width, before = len(self._header), reader.line_num
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                raise SourceError(self._broken(before + 1, error)) from None
            if cells is None:
                return
            number, before = before + 1, reader.line_num
            if len(cells) == width:
                yield Row(number, cells)
            elif cells:
                found = f"{len(cells)} cells, where the header has {width}"
                yield Unreadable(number, found)

    def _reader(self, text: TextIO) -> Any:
        return csv.reader(
            text, delimiter=self._separator, quotechar=self._options.quote, strict=True
        )

    def _read_header(self) -> list[str]:
        if self._options.columns:
            return self._options.columns
        with opened(self._file, self._options.encoding) as text:
            try:
                header = next(self._reader(text), None)
            except csv.Error as error:
                raise SourceError(self._broken(1, error)) from None
        if not header:
            raise SourceError(f"{self._file} is empty: it has no header")
        names = [name.strip() for name in header]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise SourceError(
                f"{self._file} has several columns named {', '.join(map(repr, twice))}"
            )
        return names

    def _broken(self, line: int, error: csv.Error) -> str:
        advice = "see the quotation marks of that row, and `file.quote` and `file.separator`"
        return f"{self._file} cannot be read from line {line} on: {error}; {advice}"
