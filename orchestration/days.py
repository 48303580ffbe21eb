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
taken now. Nor does what made a day (`orchestration.recipes`): its newest build bears the digest of
it. A day that a run began to build and did not finish is dirty, too.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from orchestration.builds import known_recipes, unfinished_days
from orchestration.currency_rates import days_at_other_rates
from orchestration.recipes import Recipe, changed
from streams.anew import REASON as ENRICHMENT
from streams.versions import newest
from warehouse.client import Warehouse

BUILD_COLUMNS = (
    "shop_day",
    "arrivals",
    "marks",
    "recipe",
    "enrichment_version",
    "built_at",
    "run_id",
)
PERSONS = "persons"  # the reason of marks that `dbt_project` writes when persons change
MOST_PARTS_NAMED = 4

# One row per shop day that has arrivals, marks or a build: arrivals and marks, and those that its
# newest build saw, what that build was made by, and whether there was one.
COUNTS = """
with map()::Map(String, UInt64) as none

select
    shop_day,
    sum(stored),
    sumMap(made),
    sum(seen_arrivals),
    sumMap(seen_marks),
    max(recipe),
    max(enrichment_version),
    max(is_built)
from
(
    select
        shop_day,
        arrived as stored,
        none as made,
        0 as seen_arrivals,
        none as seen_marks,
        '' as recipe,
        0 as enrichment_version,
        false as is_built
    from event_store.stored_ranges
    array join mapKeys(arrivals) as shop_day, mapValues(arrivals) as arrived

    union all

    select shop_day, 0, map(toString(reason), count()), 0, none, '', 0, false
    from operations.day_marks
    group by shop_day, reason

    union all

    select
        shop_day,
        0,
        none,
        argMax(arrivals, (built_at, run_id)),
        argMax(marks, (built_at, run_id)),
        argMax(recipe, (built_at, run_id)),
        argMax(enrichment_version, (built_at, run_id)),
        true
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


class Build(NamedTuple):
    """What the newest build of a day saw, and what it was made by; recipes are named by digests,
    and have no name in builds from before they were noted.
    """

    counts: Counts = Counts()
    recipe: str = ""
    enrichment_version: int = 0


@dataclass(frozen=True, slots=True)
class DirtyDays:
    """Dirty days, each with its counts as of now and every day to be built for it.

    `marked` are those on which persons changed; `enrichment_version` is the newest there is.
    """

    counts: Mapping[date, Counts]
    reach: Mapping[date, frozenset[date]]
    marked: frozenset[date] = frozenset()
    enrichment_version: int = 0

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
        return replace(
            self,
            counts={day: count for day, count in self.counts.items() if day in chosen},
            reach={day: reached for day, reached in self.reach.items() if day in chosen},
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """How all days stand at one moment: what there is of each, and its newest build, if any."""

    days: Mapping[date, tuple[Counts, Build | None]]
    at_other_rates: frozenset[date]
    unfinished: frozenset[date]
    enrichment_version: int
    changed_parts: Mapping[str, Sequence[str]]  # of each recipe that built a day, against today's

    def reasons(self, day: date) -> tuple[str, ...]:
        """Why a day is dirty, in words; nothing when it is clean."""
        now, seen = self.days[day]
        reasons = list(self._reasons_of_counts(now, seen))
        if day in self.at_other_rates:
            reasons.append("currency rates changed")
        if seen and seen.recipe in self.changed_parts:
            reasons.append(_in_words(seen.recipe, self.changed_parts[seen.recipe]))
        if day in self.unfinished:
            reasons.append("the run before failed")
        return tuple(reasons)

    def dirty(self) -> dict[date, Counts]:
        """The dirty days with what there is of them."""
        return {day: now for day, (now, _) in self.days.items() if self.reasons(day)}

    def _reasons_of_counts(self, now: Counts, seen: Build | None) -> Iterator[str]:
        build = seen or Build()
        if now.arrivals != build.counts.arrivals:
            is_more = now.arrivals > build.counts.arrivals
            yield "events arrived" if is_more else "events were taken away"
        for reason in sorted({*now.marks, *build.counts.marks}):
            if now.marks.get(reason, 0) == build.counts.marks.get(reason, 0):
                continue
            earlier = build.enrichment_version or self.enrichment_version  # 0 before it was noted
            if reason == ENRICHMENT and self.enrichment_version != earlier:
                yield f"enrichment {self.enrichment_version} instead of {earlier}"
            else:
                yield f"{reason} changed"


def standing(warehouse: Warehouse, recipe: Recipe | None = None) -> Standing:
    """How all days stand now.

    Args:
        warehouse: of which.
        recipe: what builds are made by today; without one nobody asks what days were made by.
    """
    days = _days(warehouse)
    return Standing(
        days,
        frozenset(days_at_other_rates(warehouse)),
        frozenset(unfinished_days(warehouse)).intersection(days),
        newest(warehouse)[0],
        _changed_parts(warehouse, days, recipe) if recipe else {},
    )


def arrivals(warehouse: Warehouse) -> dict[date, int]:
    """How many events of each day have arrived, as of now."""
    return {day: now.arrivals for day, (now, _) in _days(warehouse).items()}


def unseen_days(warehouse: Warehouse, recipe: Recipe | None = None) -> dict[date, Counts]:
    """The dirty days with their counts, as of now; cheap enough to be asked every few seconds."""
    return standing(warehouse, recipe).dirty()


def dirty_days(warehouse: Warehouse, recipe: Recipe | None = None) -> DirtyDays:
    """The dirty days and what they reach, as of now; looks for copies in the whole history.

    Args:
        warehouse: of which.
        recipe: what builds are made by today; without one nobody asks what days were made by.
    """
    now_standing = standing(warehouse, recipe)
    days, dirty = now_standing.days, now_standing.dirty()
    with_other_events = {day for day in dirty if _without_persons(*days[day])}
    shared: dict[date, set[date]] = {}
    if 0 < len(with_other_events) < len(days):
        for day, other_day in warehouse.rows(SHARED_COPIES, days=sorted(with_other_events)):
            shared.setdefault(day, set()).add(other_day)
    return DirtyDays(
        dirty,
        {day: reach(day, days, shared.get(day, ())) for day in dirty},
        frozenset(day for day in dirty if _marks_of_persons(*days[day])),
        now_standing.enrichment_version,
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


def stretches(
    days: Iterable[date], bridged_days: int = 0, known: Iterable[date] | None = None
) -> list[Stretch]:
    """Group days into stretches without a gap, in order.

    Args:
        days: in any order, repeats allowed.
        bridged_days: how many days that were not asked for a stretch may take in rather than end.
        known: the days that cost something; only they count as bridged. All days, when not given.
    """
    costly = None if known is None else sorted(known)
    found: list[Stretch] = []
    for day in sorted(set(days)):
        if found and _days_between(found[-1].to_day, day, costly) <= bridged_days:
            found[-1] = Stretch(found[-1].from_day, day)
        else:
            found.append(Stretch(day, day))
    return found


def _days_between(earlier: date, later: date, costly: Sequence[date] | None) -> int:
    if costly is None:
        return (later - earlier).days - 1
    return bisect_left(costly, later) - bisect_right(costly, earlier)


def record_build(
    warehouse: Warehouse,
    counts: Mapping[date, Counts],
    run_id: str,
    recipe: str = "",
    enrichment_version: int = 0,
) -> None:
    """Note that the marts have seen so many arrivals and marks of these days.

    Args:
        warehouse: where to note it.
        counts: arrivals as read before persons were resolved, marks before days were built.
        run_id: whose build it was.
        recipe: the digest of what made the days.
        enrichment_version: the newest there was when the build began.
    """
    built_at = datetime.now(UTC)
    rows = [
        (day, arrivals, dict(marks), recipe, enrichment_version, built_at, run_id)
        for day, (arrivals, marks) in sorted(counts.items())
    ]
    if rows:
        warehouse.insert("operations.day_builds", BUILD_COLUMNS, rows)


def _days(warehouse: Warehouse) -> dict[date, tuple[Counts, Build | None]]:
    """Per day what there is now, and its newest build."""
    return {
        day: (
            Counts(arrivals, marks),
            Build(Counts(seen_arrivals, seen_marks), recipe, version) if is_built else None,
        )
        for day, arrivals, marks, seen_arrivals, seen_marks, recipe, version, is_built in (
            warehouse.rows(COUNTS)
        )
    }


def _changed_parts(
    warehouse: Warehouse, days: Mapping[date, tuple[Counts, Build | None]], recipe: Recipe
) -> dict[str, list[str]]:
    """The parts of today's recipe that are other ones in recipes that built some day."""
    digests = {build.recipe for _, build in days.values() if build} - {recipe.days_digest}
    known = known_recipes(warehouse) if digests else {}
    differing = {digest: changed(recipe.days, known.get(digest, {})) for digest in digests}
    return {digest: parts for digest, parts in differing.items() if parts}


def _in_words(recipe: str, parts: Sequence[str]) -> str:
    if not recipe:
        return "built by an earlier version"
    more = len(parts) - MOST_PARTS_NAMED
    named = ", ".join(parts[:MOST_PARTS_NAMED])
    return f"{named} and {more} more changed" if more > 0 else f"{named} changed"


def _without_persons(now: Counts, seen: Build | None) -> bool:
    """Whether events of a day changed, and not only whose they are or what money was worth."""
    return _but_persons(now) != _but_persons((seen or Build()).counts)


def _but_persons(counts: Counts) -> Counts:
    others = {reason: count for reason, count in counts.marks.items() if reason != PERSONS}
    return Counts(counts.arrivals, others)


def _marks_of_persons(now: Counts, seen: Build | None) -> bool:
    return now.marks.get(PERSONS, 0) != (seen or Build()).counts.marks.get(PERSONS, 0)
