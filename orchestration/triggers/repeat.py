"""How often one person may get the letter of one trigger.

A repeat strategy gives the *period* an instant lies in; a person gets one letter per period. The
period is part of the firing's id, so a strategy is nothing but a way to name periods.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Once:
    """Once per person, for ever: all of time is one period."""

    def period_of(self, due_at: datetime) -> str:  # noqa: ARG002 - other strategies need it
        """The name of the period that `due_at` lies in."""
        return "ever"


Repeat = Once  # EveryDays, PerCalendar and AtMost join this union
