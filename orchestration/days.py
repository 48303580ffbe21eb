"""Which shop days must be built anew, and the note that they were.

A day is dirty when the ledger of stored ranges counts other arrivals of it than its newest build
has seen. Counts are compared and not clocks: a range that is stored while a build runs is simply
not in the counts that the build read beforehand, so the day stays dirty. They are compared for
being different and not for being more, because a repair of the ledger may also take arrivals away.

A dirty day reaches further than itself: a session may have begun the day before or end the day
after, and a copy that arrived here may decide which copy of an event counts, or on which day an
order was placed. Other dirty days need not be reached: they are built for their own sake.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from warehouse.client import Warehouse

BUILD_COLUMNS = ("shop_day", "arrivals", "built_at", "run_id")

# One row per shop day that has arrivals or a build: its arrivals, and those its newest build saw.
COUNTS = """
select shop_day, ledger.stored, builds.seen
from
(
    select shop_day, sum(arrived) as stored
    from event_store.stored_ranges
    array join mapKeys(arrivals) as shop_day, mapValues(arrivals) as arrived
    group by shop_day
) as ledger
full join
(
    select shop_day, argMax(arrivals, (built_at, run_id)) as seen
    from operations.day_builds
    group by shop_day
) as builds using (shop_day)
"""

# One row per dirty day and clean day that hold copies of one event or of one order.
SHARED_COPIES = """
with

copies as (

    select
        occurred_on,
        arrayJoin(arrayDistinct([cityHash64(event_id), cityHash64(order_id)])) as copy_of
    from analytics.events
    where copy_of != cityHash64('')

)

select distinct dirty.occurred_on, clean.occurred_on
from copies as dirty
inner join
(
    select distinct occurred_on, copy_of
    from copies
    where
        occurred_on not in {days:Array(Date)}
        and copy_of in (select copy_of from copies where occurred_on in {days:Array(Date)})
) as clean using (copy_of)
where dirty.occurred_on in {days:Array(Date)}
"""


class Stretch(NamedTuple):
    """Shop days without a gap, both ends included."""

    from_day: date
    to_day: date

    def days(self) -> Iterator[date]:
        """Each day of the stretch, in order."""
        for number in range((self.to_day - self.from_day).days + 1):
            yield self.from_day + timedelta(days=number)


@dataclass(frozen=True, slots=True)
class DirtyDays:
    """Dirty days, each with its arrivals as counted now and every day to be built for it."""

    arrivals: Mapping[date, int]
    reach: Mapping[date, frozenset[date]]

    @property
    def days(self) -> list[date]:
        """Every day to build, in order."""
        return sorted(frozenset().union(*self.reach.values()))

    def within(self, stretch: Stretch) -> DirtyDays:
        """Only the dirty days of a stretch; what has to be built for them may lie outside it."""
        inside = {day for day in self.arrivals if stretch.from_day <= day <= stretch.to_day}
        return DirtyDays(
            {day: count for day, count in self.arrivals.items() if day in inside},
            {day: reached for day, reached in self.reach.items() if day in inside},
        )


def unseen_arrivals(warehouse: Warehouse) -> dict[date, int]:
    """The dirty days with their arrivals, as of now; cheap enough to be asked every few seconds."""
    return _dirty(_counts(warehouse))


def dirty_days(warehouse: Warehouse) -> DirtyDays:
    """The dirty days and what they reach, as of now; looks for copies in the whole history."""
    counts = _counts(warehouse)
    dirty = _dirty(counts)
    shared: dict[date, set[date]] = {}
    if 0 < len(dirty) < len(counts):
        for day, clean_day in warehouse.rows(SHARED_COPIES, days=sorted(dirty)):
            shared.setdefault(day, set()).add(clean_day)
    return DirtyDays(dirty, {day: reach(day, counts, shared.get(day, ())) for day in dirty})


def reach(day: date, known: Iterable[date], sharing: Iterable[date]) -> frozenset[date]:
    """Every day that has to be built because of one dirty day.

    Args:
        day: the dirty day.
        known: all days that ever had arrivals; a neighbour without any has no session to change.
        sharing: clean days that hold copies of its events, or of orders that it holds a copy of;
            an event may move from one to the other, so their neighbours' sessions may change too.
    """
    changed = {day, *sharing}
    neighbours = {one + timedelta(days=side) for one in changed for side in (-1, 1)}
    return frozenset({*changed, *neighbours.intersection(known)})


def stretches(days: Iterable[date], bridged_days: int = 0) -> list[Stretch]:
    """Group days into stretches without a gap, in order.

    Args:
        days: in any order, repeats allowed.
        bridged_days: how many days that were not asked for a stretch may take in rather than end.
    """
    found: list[Stretch] = []
    for day in sorted(set(days)):
        if found and (day - found[-1].to_day).days <= 1 + bridged_days:
            found[-1] = Stretch(found[-1].from_day, day)
        else:
            found.append(Stretch(day, day))
    return found


def record_build(warehouse: Warehouse, arrivals: Mapping[date, int], run_id: str) -> None:
    """Note that the marts have seen so many arrivals of these days.

    Args:
        warehouse: where to note it.
        arrivals: as counted *before* the build began.
        run_id: whose build it was.
    """
    built_at = datetime.now(UTC)
    rows = [(day, count, built_at, run_id) for day, count in sorted(arrivals.items())]
    if rows:
        warehouse.insert("operations.day_builds", BUILD_COLUMNS, rows)


def _counts(warehouse: Warehouse) -> dict[date, tuple[int, int]]:
    """Per day its arrivals, and those that its newest build saw."""
    return {day: (stored, seen) for day, stored, seen in warehouse.rows(COUNTS)}


def _dirty(counts: Mapping[date, tuple[int, int]]) -> dict[date, int]:
    return {day: stored for day, (stored, seen) in counts.items() if stored != seen}
