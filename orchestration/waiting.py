"""What waits for a build, and why: days, roll-ups, and events that older rules enriched.

Days after today wait for their day; days before FIRST_SHOP_DAY, where one is set, for another
setting. All others are built by the next build.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from orchestration.builds import changed_roll_ups
from orchestration.days import Stretch, standing, stretches
from orchestration.recipes import Recipe
from orchestration.settings import OrchestrationSettings
from warehouse.client import Warehouse

BRIDGED_DAYS = 7  # a week of clean days built again costs less than the start of another run

FIRST_ARRIVAL = """
select min(arrayMin(mapKeys(arrivals)))
from event_store.stored_ranges
where notEmpty(arrivals)
having count() > 0
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the next build has to do.

    `days` are the dirty ones that can be built, each with its reasons; `early` and `late` are dirty
    ones before the first shop day and after today, which wait; `stretches` are the runs to be made.
    """

    days: Mapping[date, Sequence[str]]
    early: Sequence[date]
    late: Sequence[date]
    roll_ups: Sequence[str]
    stretches: Sequence[Stretch]

    def reasons(self) -> list[str]:
        """A line per reason, that of most days first."""
        counted = Counter(reason for reasons in self.days.values() for reason in reasons)
        lines = [f"{_days(count)}: {reason}" for reason, count in counted.most_common()]
        if self.roll_ups:
            lines.append(_of_roll_ups(self.roll_ups))
        if self.early:
            lines.append(f"{_days(len(self.early))} before FIRST_SHOP_DAY: never built")
        if self.late:
            lines.append(f"{_days(len(self.late))} after today: built when it is their day")
        return lines


def waiting_now(
    warehouse: Warehouse, recipe: Recipe | None, settings: OrchestrationSettings
) -> Waiting:
    """What the next build would do.

    Args:
        warehouse: of which.
        recipe: what builds are made by today; without one nobody asks what days were made by.
        settings: the first shop day, if any, and the time zone.
    """
    stands = standing(warehouse, recipe)
    dirty = {day: reasons for day in sorted(stands.days) if (reasons := stands.reasons(day))}
    first, today = settings.first_shop_day or date.min, settings.today()
    days = {day: reasons for day, reasons in dirty.items() if first <= day <= today}
    roll_ups = changed_roll_ups(warehouse, recipe) if recipe else []
    built = [day for day, (_, build) in stands.days.items() if build and first <= day <= today]
    wanted = stretches_to_build(days, stands.days)
    if roll_ups and not wanted and built:
        wanted = [Stretch(max(built), max(built))]  # every run makes all roll-ups anew
    return Waiting(
        days,
        [day for day in dirty if day < first],
        [day for day in dirty if day > today],
        roll_ups,
        wanted,
    )


def stretches_to_build(dirty: Iterable[date], known: Iterable[date]) -> list[Stretch]:
    """The runs that dirty days ask for; what they reach is built with them.

    Args:
        dirty: the dirty days themselves.
        known: every day that has something to build; days without cost a run nothing.
    """
    return stretches(dirty, BRIDGED_DAYS, known)


def first_shop_day(settings: OrchestrationSettings, warehouse: Warehouse) -> date:
    """The first day that can be built: as set, else the first on which something happened.

    Today when nothing did yet.
    """
    if settings.first_shop_day:
        return settings.first_shop_day
    rows = warehouse.rows(FIRST_ARRIVAL)
    return min(rows[0][0], settings.today()) if rows else settings.today()


def _days(count: int) -> str:
    return f"{count:,} day" if count == 1 else f"{count:,} days"


def _of_roll_ups(parts: Sequence[str]) -> str:
    models = [part.removeprefix("model ") for part in parts if part.startswith("model ")]
    if len(models) == len(parts):
        kind = "roll-up" if len(models) == 1 else "roll-ups"
        return f"{len(models)} {kind} changed: {', '.join(models)}"
    return f"roll-ups: {', '.join(parts)} changed"
