"""What a trigger is: the definition that staff write, as the rules see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestration.triggers.repeat import Repeat


@dataclass(frozen=True, slots=True)
class Definition:
    """A trigger: `wait` after a session's last `after`, unless one of `unless` has come by then.

    With `only_what_is_left` the letter is about what is still in the cart when it is due, and there
    is none when that is nothing. Who unsubscribed gets none: from one of `subscriptions`, which are
    lower-case names, or from anything when none is named.

    `version` is a digest of everything the definition says. It is recorded with each firing and is
    no part of the firing's id: a corrected title must not write to everyone again.
    """

    trigger: str
    title: str
    after: str
    wait: timedelta
    unless: frozenset[str]
    repeat: Repeat
    stale_after: timedelta
    version: str
    only_what_is_left: bool = False
    subscriptions: frozenset[str] = frozenset()

    def due_at(self, happened_at: datetime) -> datetime:
        """When the letter about something that happened is due."""
        return happened_at + self.wait


@dataclass(frozen=True, slots=True)
class Rejected:
    """A definition that cannot be used, with every reason."""

    errors: tuple[str, ...]
