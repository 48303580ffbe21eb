"""What becomes of rows: messages, a reason why there is none, or mistakes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

SHOWN = 200
HIDDEN = "(not shown: personal)"


def stamp(at: datetime) -> str:
    """An instant as a part of an id; fractions of a second only where there are some."""
    return at.strftime("%Y%m%dT%H%M%S.%f" if at.microsecond else "%Y%m%dT%H%M%S")


class Mistake(NamedTuple):
    """A mistake of a row, for the report: where, what stood there, and what is wrong."""

    row: int
    column: str
    value: str
    mistake: str


class Message(NamedTuple):
    """An event as it will be published.

    `rank` orders events of one instant. A `repeatable` id is a digest of the row's content: rows
    that say the same are told apart by counting them. `row` is the first of those that tell it.
    """

    time: datetime
    rank: int
    kind: str
    id: str
    key: bytes
    payload: bytes
    is_repeatable: bool
    row: int


class Mistakes(list[Mistake]):
    """Mistakes of rows, which leave them out; `remarks` are those that cost a field only."""

    def __init__(self) -> None:
        super().__init__()
        self.remarks: list[Mistake] = []


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
    """

    messages: list[Message]
    rows: int = 1
    differing: Collection[str] = ()
    remarks: Collection[Mistake] = ()


class Skipped(NamedTuple):
    """Rows that are left out, and why."""

    reason: str
    rows: int = 1


class Mistaken(NamedTuple):
    """Rows that are left out for their mistakes."""

    mistakes: Collection[Mistake]
    rows: int = 1


Outcome = Kept | Skipped | Mistaken
