"""What becomes of a row, or of the rows of one group: messages, a reason, or mistakes."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

SHOWN = 200
HIDDEN = "(not shown: personal)"


class Mistake(NamedTuple):
    """A mistake of a row, for the report: where, what stood there, and what is wrong."""

    row: int
    column: str
    value: str
    mistake: str


class Message(NamedTuple):
    """An event as it will be published.

    `rank` orders events of one instant. A `repeatable` id is a digest of the row's content: rows
    that say the same are told apart by counting them.
    """

    time: datetime
    rank: int
    kind: str
    id: str
    key: bytes
    payload: bytes
    is_repeatable: bool


class Skipped(NamedTuple):
    """A row that the mapping leaves out, and why."""

    reason: str


class Mistaken(NamedTuple):
    """A row, or a group of them, that is left out for its mistakes."""

    mistakes: list[Mistake]


Outcome = list[Message] | Skipped | Mistaken
