"""What becomes of rows: messages, a reason why there is none, or mistakes.

A mistake leaves its row out; a warning costs a detail of an event that is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from streams.event_warnings import Code

SHOWN = 200
HIDDEN = "(not shown: personal)"


def stamp(at: datetime) -> str:
    """An instant as a part of an id; fractions of a second only where there are some."""
    return at.strftime("%Y%m%dT%H%M%S.%f" if at.microsecond else "%Y%m%dT%H%M%S")


class Mistake(NamedTuple):
    """A mistake of a row, for the report: where, what stood there, and what is wrong.

    `warning` is the code of what costs a detail only, and `field` the detail, in the words of
    `streams.event_warnings`; both are empty for what leaves the row out.
    """

    row: int
    column: str
    value: str
    mistake: str
    warning: Code | str = ""
    field: str = ""


class Message(NamedTuple):
    """An event as it will be published.

    `rank` orders events of one instant. A `repeatable` id is a digest of the row's content: rows
    that say the same are told apart by counting them. `row` is the first of those that tell it.
    `is_bots` says that its user agent is a program's, so that no mart will count it.
    """

    time: datetime
    rank: int
    kind: str
    id: str
    key: bytes
    payload: bytes
    is_repeatable: bool
    row: int
    is_bots: bool = False


def independent(found: Iterable[Mistake], unread: Collection[Mistake]) -> list[Mistake]:
    """Mistakes without those of columns that seem empty only since they could not be read.

    A member of a nested list (`lines.sku`) could not be read where its list could not.
    """
    columns = {name for one in unread for name in one.column.split(", ") if name}

    def is_unread(one: Mistake) -> bool:
        names = one.column.split(", ")
        return not columns.isdisjoint([*names, *(name.rpartition(".")[0] for name in names)])

    return [one for one in found if one.value or not is_unread(one)]


class Kept(NamedTuple):
    """Messages of so many rows.

    `differing` are fields of which the rows tell several values, so that only the first counts.
    `warnings` are details that were lost.
    """

    messages: list[Message]
    rows: int = 1
    differing: Collection[str] = ()
    warnings: Collection[Mistake] = ()


class Skipped(NamedTuple):
    """Rows that are left out, and why."""

    reason: str
    rows: int = 1


class Mistaken(NamedTuple):
    """Rows that are left out for their mistakes."""

    mistakes: Collection[Mistake]
    rows: int = 1


class Mistakes(list[Mistake]):
    """Mistakes of rows, which leave them out; `warnings` are what costs a detail only."""

    def __init__(self) -> None:
        super().__init__()
        self.warnings: list[Mistake] = []

    def forgive(self, field: str) -> None:
        """What one row of a group could not tell, another one did: it costs a detail only."""
        self.warnings += [one._replace(warning="unreadable", field=field) for one in self]
        self.clear()

    def left_out(self, others: Iterable[Mistake] = (), rows: int = 1) -> Mistaken:
        """What is said of rows that are left out: all that is to be mended, as mistakes.

        Args:
            others: mistakes that seem to follow from what could not be read.
            rows: how many they are.
        """
        unread = [*self, *self.warnings]
        found = [*self, *independent(others, unread), *self.warnings]
        return Mistaken([one._replace(warning="", field="") for one in found], rows)


Outcome = Kept | Skipped | Mistaken
