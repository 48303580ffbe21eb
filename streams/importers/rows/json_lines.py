"""JSON lines: an object per line, its members reached by dotted paths."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec

from streams.importers.rows.content import content_of
from streams.importers.rows.ga4_shape import pivoted
from streams.importers.rows.mended_text import read_mended
from streams.importers.rows.opened import opened_bytes
from streams.importers.rows.options import File
from streams.importers.rows.row_file import Cells, Getter, Row, Unreadable, columns_of, nested
from streams.importers.source import SourceError

_BOM = b"\xef\xbb\xbf"


class JsonLines:
    """A file of JSON lines in UTF-8; which members objects have is known from the rows only."""

    def __init__(self, file: Path, options: File) -> None:
        self._file = file
        self._is_ga4 = options.shape == "ga4"
        self._check_beginning()
        self.columns: Collection[str] = columns_of(self.rows())
        self.is_complete = False

    def getter(self, column: str) -> Getter:
        """The member at the end of a dotted path."""
        return nested(column)

    def content(self, cells: Cells) -> bytes:
        """The object, members in the order of their names."""
        return content_of(cells)

    def rows(self) -> Iterator[Row | Unreadable]:
        """The objects, empty lines left out."""
        decoder = msgspec.json.Decoder()
        with opened_bytes(self._file) as lines:
            for number, line in enumerate(lines, start=1):
                told = line.removeprefix(_BOM) if number == 1 else line
                if not told.strip():
                    continue
                mended: tuple[str, ...] = ()
                try:
                    cells = decoder.decode(told)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                    try:
                        cells, mended = read_mended(told)
                    except (ValueError, RecursionError):
                        yield Unreadable(number, f"is not JSON: {error}")
                        continue
                if isinstance(cells, dict):
                    yield Row(number, pivoted(cells) if self._is_ga4 else cells, "", mended)
                else:
                    yield Unreadable(number, "is JSON, but not an object")

    def _check_beginning(self) -> None:
        with opened_bytes(self._file) as lines:
            first = lines.readline().removeprefix(_BOM).strip()
        if first.startswith(b"["):
            advice = "write one object per line, such as with `jq -c '.[]'`"
            raise SourceError(f"{self._file} is one JSON list, not JSON lines; {advice}")
        if first and not first.startswith(b"{"):
            raise SourceError(
                f"{self._file} is not JSON lines: its first line does not begin with {{"
            )
