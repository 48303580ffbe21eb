"""Which shop days must be built anew, and the note that they were.

A day is dirty when the ledger of stored ranges counts other arrivals of it than its newest build
has seen, or when it bears other marks: somebody who was there turned out to be somebody else, or
its events were enriched anew. Counts are compared and not clocks: a range that is stored while a
build runs is simply not in the counts that the build read beforehand, so the day stays dirty. They
are compared for being different and not for being more, because a repair of the ledger may also
take arrivals away. A build reads arrivals before it finds out who is who, and marks after that:
whoever comes in between leaves the day dirty, and a mark of the build itself does not.

A dirty day reaches further than itself: a session may have begun the day before or end the day
after, and a copy that arrived here may decide which copy of an event counts, or on which day an
order was placed: its own order, and one of which only the copy told that counted until now. Other
dirty days need not be reached: they are built for their own sake. Persons who changed reach only
the neighbours, for all of their own days are marked.

Currency rates need no count: a day is dirty while its orders stand at other rates than would be
taken now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from orchestration.currency_rates import days_at_other_rates
from warehouse.client import Warehouse

BUILD_COLUMNS = ("shop_day", "arrivals", "marks", "built_at", "run_id")
PERSONS = "persons"  # the reason of marks that `dbt_project` writes when persons change

# One row per shop day that has arrivals, marks or a build: arrivals and marks, and those that its
# newest build saw.
COUNTS = """
with map()::Map(String, UInt64) as none

select shop_day, sum(stored), sumMap(made), sum(seen_arrivals), sumMap(seen_marks)
from
(
    select shop_day, arrived as stored, none as made, 0 as seen_arrivals, none as seen_marks
    from event_store.stored_ranges
    array join mapKeys(arrivals) as shop_day, mapValues(arrivals) as arrived

    union all

    select shop_day, 0, map(toString(reason), count()), 0, none
    from operations.day_marks
    group by shop_day, reason

    union all

    select
        shop_day,
        0,
        none,
        argMax(arrivals, (built_at, run_id)),
        argMax(marks, (built_at, run_id))
    from operations.day_builds
    group by shop_day
)
group by shop_day
"""

# One row per dirty day and clean day that hold copies of one event or of one order, or orders of
# which a copy of such an event elsewhere tells: it may not be the one that counts any more.
SHARED_COPIES = """
with

copies as (

    select
        occurred_on,
        arrayJoin(arrayDistinct([cityHash64(event_id), cityHash64(order_id)])) as copy_of
    from analytics.events
    where copy_of != cityHash64('')

),

told_elsewhere as (

    select distinct dirty.occurred_on as dirty_on, elsewhere.order_id as order_id
    from analytics.events as dirty
    inner join
    (
        select event_id, order_id
        from analytics.events
        where
            order_id != ''
            and occurred_on not in {days:Array(Date)}
            and event_id in (
                select event_id from analytics.events where occurred_on in {days:Array(Date)}
            )
    ) as elsewhere using (event_id)
    where dirty.occurred_on in {days:Array(Date)}

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

union distinct

select told_elsewhere.dirty_on, clean.occurred_on
from told_elsewhere
inner join
(
    select distinct occurred_on, order_id
    from analytics.events
    where
        occurred_on not in {days:Array(Date)}
        and order_id in (select order_id from told_elsewhere)
) as clean using (order_id)
"""


class Stretch(NamedTuple):
    """Shop days without a gap, both ends included."""

    from_day: date
    to_day: date

    def days(self) -> Iterator[date]:
        """Each day of the stretch, in order."""
        for number in range((self.to_day - self.from_day).days + 1):
            yield self.from_day + timedelta(days=number)


class Counts(NamedTuple):
    """What a build of a shop day rests on: how many events arrived, how many marks by reason."""

    arrivals: int = 0
    marks: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class DirtyDays:
    """Dirty days, each with its counts as of now and every day to be built for it.

    `marked` are those on which persons changed.
    """

    counts: Mapping[date, Counts]
    reach: Mapping[date, frozenset[date]]
    marked: frozenset[date] = frozenset()

    @property
    def days(self) -> list[date]:
        """Every day to build, in order."""
        return sorted(frozenset().union(*self.reach.values()))

    def as_arrived(self, arrivals: Mapping[date, int]) -> DirtyDays:
        """The same days, counted as if only so much of each had arrived.

        Args:
            arrivals: as read before persons were resolved: what came later was seen by no build
                of persons, hence its days are to stay dirty.
        """
        counts = {
            day: Counts(arrivals.get(day, 0), count.marks) for day, count in self.counts.items()
        }
        return replace(self, counts=counts)

    def of_run(self, stretch: Stretch) -> DirtyDays:
        """The dirty days that a run over a stretch builds: those of the stretch, and wherever they
        lie those on which persons changed, so that no person is half merged after a run.

        What has to be built for them may lie outside the stretch too.
        """
        chosen = {
            day
            for day in self.counts
            if day in self.marked or stretch.from_day <= day <= stretch.to_day
        }
        return DirtyDays(
            {day: count for day, count in self.counts.items() if day in chosen},
            {day: reached for day, reached in self.reach.items() if day in chosen},
            self.marked,
        )


def arrivals(warehouse: Warehouse) -> dict[date, int]:
    """How many events of each day have arrived, as of now."""
    return {day: now.arrivals for day, (now, _) in _counts(warehouse).items()}


def unseen_days(warehouse: Warehouse) -> dict[date, Counts]:
    """The dirty days with their counts, as of now; cheap enough to be asked every few seconds."""
    return _dirty(warehouse, _counts(warehouse))


def dirty_days(warehouse: Warehouse) -> DirtyDays:
    """The dirty days and what they reach, as of now; looks for copies in the whole history."""
    counts = _counts(warehouse)
    dirty = _dirty(warehouse, counts)
    changed = {day for day in dirty if _without_persons(*counts[day])}
    shared: dict[date, set[date]] = {}
    if 0 < len(changed) < len(counts):
        for day, other_day in warehouse.rows(SHARED_COPIES, days=sorted(changed)):
            shared.setdefault(day, set()).add(other_day)
    return DirtyDays(
        dirty,
        {day: reach(day, counts, shared.get(day, ())) for day in dirty},
        frozenset(day for day in dirty if _marks_of_persons(*counts[day])),
    )


def reach(day: date, known: Iterable[date], sharing: Iterable[date]) -> frozenset[date]:
    """Every day that has to be built because of one dirty day.

    Args:
        day: the dirty day.
        known: all days that ever had arrivals; a neighbour without any has no session to change.
        sharing: other days that hold copies of its events, or of orders that it holds a copy of;
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


def record_build(warehouse: Warehouse, counts: Mapping[date, Counts], run_id: str) -> None:
    """Note that the marts have seen so many arrivals and marks of these days.

    Args:
        warehouse: where to note it.
        counts: arrivals as read before persons were resolved, marks before days were built.
        run_id: whose build it was.
    """
    built_at = datetime.now(UTC)
    rows = [
        (day, arrivals, dict(marks), built_at, run_id)
        for day, (arrivals, marks) in sorted(counts.items())
    ]
    if rows:
        warehouse.insert("operations.day_builds", BUILD_COLUMNS, rows)


def _counts(warehouse: Warehouse) -> dict[date, tuple[Counts, Counts]]:
    """Per day what there is now, and what its newest build saw."""
    return {
        day: (Counts(arrivals, marks), Counts(seen_arrivals, seen_marks))
        for day, arrivals, marks, seen_arrivals, seen_marks in warehouse.rows(COUNTS)
    }


def _dirty(
    warehouse: Warehouse, counts: Mapping[date, tuple[Counts, Counts]]
) -> dict[date, Counts]:
    """Days of other counts, and days whose orders were converted at other rates than today's."""
    at_other_rates = days_at_other_rates(warehouse)
    return {day: now for day, (now, seen) in counts.items() if now != seen or day in at_other_rates}


def _without_persons(now: Counts, seen: Counts) -> bool:
    """Whether events of a day changed, and not only whose they are or what money was worth."""
    return _but_persons(now) != _but_persons(seen)


def _but_persons(counts: Counts) -> Counts:
    others = {reason: count for reason, count in counts.marks.items() if reason != PERSONS}
    return Counts(counts.arrivals, others)


def _marks_of_persons(now: Counts, seen: Counts) -> bool:
    return now.marks.get(PERSONS, 0) != seen.marks.get(PERSONS, 0)
