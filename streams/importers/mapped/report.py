"""The report of mistakes and warnings: one line each, written while rows are read."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from streams.importers.mapped.digests import looks_personal
from streams.importers.mapped.outcome import HIDDEN, Mistake
from streams.importers.source import SourceError

_FIRST = 10
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_HEADER = b"row,column,value,mistake"  # as reports began before they knew warnings


class Report:
    """A CSV file of mistakes and warnings, there only if there are some; the first ten of both are
    kept at hand. A line whose `warning` is empty left its row out.

    What looks like an e-mail address, a phone or card number or a token is hidden in whatever cell
    it stands: columns are mixed up in many a file.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.count = 0
        self.first: list[Mistake] = []
        self.first_warnings: list[Mistake] = []
        self.lost: Counter[str] = Counter()
        self._draft = file.with_name(file.name + ".draft")

    def __enter__(self) -> Report:
        _refuse_others(self.file)
        _refuse_others(self._draft)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self._content = self._draft.open("w", encoding="utf-8", newline="")
        self._lines = csv.writer(self._content)
        self._lines.writerow(Mistake._fields)
        return self

    def add(self, mistakes: Iterable[Mistake]) -> None:
        """Write mistakes and warnings down."""
        for mistake in mistakes:
            one = mistake._replace(value=HIDDEN) if looks_personal(mistake.value) else mistake
            self._lines.writerow([plain_cell(cell) for cell in one])
            first = self.first_warnings if one.warning else self.first
            if len(first) < _FIRST:
                first.append(one)
            if one.warning:
                self.lost[f"{one.warning} {one.field}"] += 1
            else:
                self.count += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._content.close()
        if (self.count or self.lost) and error is None:
            self._draft.replace(self.file)
            return
        self._draft.unlink()
        if error is None:
            self.file.unlink(missing_ok=True)


def plain_cell(cell: object) -> object:
    """A cell that a spreadsheet reads as text and not as a formula: marked by an apostrophe.

    The first characters are those of OWASP's "CSV Injection"; a number stays what it is.
    """
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


def _refuse_others(file: Path) -> None:
    """A report replaces an older one and nothing else: `--report orders.csv` may be a slip."""
    if not file.exists():
        return
    with file.open("rb") as content:
        begin = content.read(len(_HEADER))
    if begin and begin != _HEADER:
        raise SourceError(
            f"{file} is there, and is no report of mistakes; it stays as it is: name another file"
        )
