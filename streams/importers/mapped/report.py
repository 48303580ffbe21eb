"""The report of mistakes: one line per mistake, written while rows are read."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from streams.importers.mapped.digests import holds_address
from streams.importers.mapped.outcome import HIDDEN, Mistake
from streams.importers.source import SourceError

_FIRST = 10
_HEADER = ",".join(Mistake._fields).encode()
_HEADER_BYTES = len(_HEADER) + 2


class Report:
    """A CSV file of mistakes, there only if there are some; the first ten are kept at hand.

    An e-mail address is hidden in whatever cell it stands: columns are mixed up in many a file.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.count = 0
        self.first: list[Mistake] = []
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
        """Write mistakes down."""
        for mistake in mistakes:
            one = mistake._replace(value=HIDDEN) if holds_address(mistake.value) else mistake
            self.count += 1
            self._lines.writerow(one)
            if len(self.first) < _FIRST:
                self.first.append(one)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._content.close()
        if self.count and error is None:
            self._draft.replace(self.file)
            return
        self._draft.unlink()
        if error is None:
            self.file.unlink(missing_ok=True)


def _refuse_others(file: Path) -> None:
    """A report replaces an older one and nothing else: `--report orders.csv` may be a slip."""
    if not file.exists():
        return
    with file.open("rb") as content:
        begin = content.readline(_HEADER_BYTES)
    if begin and begin.strip() != _HEADER:
        raise SourceError(
            f"{file} is there, and is no report of mistakes; it stays as it is: name another file"
        )
