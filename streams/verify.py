"""The law, checked: every offset up to the ledger's end is stored exactly once.

For every partition each offset from the first stored to the ledger's end must be in exactly one of
{event log and events, event log and dead letters, declared gap}. Rows count only under the
generation that owns their offset; the others are orphans (see `streams.ledger`). Offsets are
compared in slices, so that memory stays bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from streams.ledger import STORED_TABLES
from warehouse.client import Warehouse

SLICE_OFFSETS = 5_000_000  # grouped at once: about 500 MB in the engine

_OWNED = """
    from {table} as stored
    asof inner join event_store.owners as owners
        on stored.topic = owners.topic and stored.partition = owners.partition
        and stored.offset >= owners.from_offset
    where stored.topic = {{topic:String}} and stored.partition = {{partition:UInt32}}
"""


@dataclass(frozen=True, slots=True)
class PartitionCount:
    """What one partition holds. `lost` and `doubled` count offsets; a sound partition has 0 of
    both. `superseded` counts rows that `enrich` has made anew and not deleted yet: it was killed,
    and the same command goes on.
    """

    topic: str
    partition: int
    first_offset: int
    last_offset: int
    stored: int
    events: int
    dead_letters: int
    gaps: int
    lost: int
    doubled: int
    orphans: int
    superseded: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the law holds, and the counts that say so."""

    partitions: Sequence[PartitionCount]
    contradictions: Sequence[str] = ()  # of the broker and the ledger, see streams.truncation

    @property
    def lost(self) -> int:
        """Offsets that should be stored and are not."""
        return sum(one.lost for one in self.partitions)

    @property
    def doubled(self) -> int:
        """Offsets that are stored more than once."""
        return sum(one.doubled for one in self.partitions)

    @property
    def gaps(self) -> int:
        """Offsets that the broker did not hold, declared in the ledger."""
        return sum(one.gaps for one in self.partitions)

    @property
    def is_ok(self) -> bool:
        """Whether the law holds."""
        return not (self.lost or self.doubled or self.contradictions)

    def as_json(self) -> dict[str, object]:
        """One object for scripts: `ok, lost, doubled, gaps, contradictions`, and the counts per
        partition.
        """
        return {
            "ok": self.is_ok,
            "lost": self.lost,
            "doubled": self.doubled,
            "gaps": self.gaps,
            "orphans": sum(one.orphans for one in self.partitions),
            "superseded": sum(one.superseded for one in self.partitions),
            "contradictions": list(self.contradictions),
            "partitions": [asdict(one) for one in self.partitions],
        }


def verify(warehouse: Warehouse, on_partition: Callable[[str], None] = lambda _: None) -> Verdict:
    """Check every partition that the ledger knows.

    Args:
        warehouse: where everything is stored.
        on_partition: told the name of each partition before it is checked, for a progress bar.
    """
    spans = warehouse.dicts(
        """
        select
            topic,
            partition,
            min(from_offset) as first_offset,
            max(to_offset) as last_offset,
            sum(arraySum(arrayMap(gap -> gap.2 - gap.1 + 1, gaps))) as gap_count
        from event_store.stored_ranges
        group by topic, partition
        order by topic, partition
        """
    )
    counts = []
    for span in spans:
        on_partition(f"{span['topic']}[{span['partition']}]")
        counts.append(_partition_count(warehouse, span))
    return Verdict(counts)


def repair(warehouse: Warehouse, verdict: Verdict) -> int:
    """Delete the orphans: rows that a woken worker wrote under a claim that had ended. The number
    of rows deleted.
    """
    for one in verdict.partitions:
        if one.orphans:
            place = {"topic": one.topic, "partition": one.partition}
            for table in STORED_TABLES:
                _delete_orphans(warehouse, table, place)
    return sum(one.orphans for one in verdict.partitions)


def _partition_count(warehouse: Warehouse, span: dict[str, Any]) -> PartitionCount:
    place = {"topic": span["topic"], "partition": span["partition"]}
    slices = [
        warehouse.dicts(_SLICE_COUNTS, **place, low=low, high=high)[0]
        for low, high in _slices(span["first_offset"], span["last_offset"])
    ]
    whole = {name: sum(int(one[name]) for one in slices) for name in slices[0]}
    expected = span["last_offset"] - span["first_offset"] + 1 - span["gap_count"]
    missing = expected - whole["complete"]
    return PartitionCount(
        topic=span["topic"],
        partition=span["partition"],
        first_offset=span["first_offset"],
        last_offset=span["last_offset"],
        stored=whole["log_rows"],
        events=whole["event_rows"],
        dead_letters=whole["dead_rows"],
        gaps=span["gap_count"],
        lost=max(missing, 0),
        doubled=whole["doubled"] + max(-missing, 0),
        orphans=_orphans(warehouse, place),
        superseded=whole["superseded"],
    )


def _slices(first: int, last: int) -> Iterator[tuple[int, int]]:
    for low in range(first, last + 1, SLICE_OFFSETS):
        yield low, min(low + SLICE_OFFSETS - 1, last)


def _union(columns: dict[str, str]) -> str:
    """The owned rows of the three tables, each with its columns."""
    parts = (
        f"select stored.offset as offset, {flags} {_OWNED.format(table=table)}"
        " and stored.generation = owners.generation"
        " and stored.offset between {low:UInt64} and {high:UInt64}"
        for table, flags in columns.items()
    )
    return " union all ".join(parts)


_SLICE_COUNTS = f"""
    select
        sum(log) as log_rows,
        sum(event) as event_rows,
        sum(dead) as dead_rows,
        sum(versions) - countIf(event > 0) as superseded,
        countIf(log >= 1 and event + dead >= 1) as complete,
        countIf(log > 1 or event + dead > 1) as doubled
    from (
        select
            offset, sum(logs) as log, max(events) as event, sum(deads) as dead,
            countIf(events > 0) as versions
        from (
            select
                offset, version, sum(is_log) as logs, sum(is_event) as events, sum(is_dead) as deads
            from ({
    _union(
        {
            "event_store.event_log": "0 as version, 1 as is_log, 0 as is_event, 0 as is_dead",
            "analytics.events": "stored.enrichment_version as version, 0 as is_log,"
            " 1 as is_event, 0 as is_dead",
            "event_store.dead_letters": "0 as version, 0 as is_log, 0 as is_event, 1 as is_dead",
        }
    )
})
            group by offset, version
        )
        group by offset
    )
"""


def _orphans(warehouse: Warehouse, place: dict[str, Any]) -> int:
    return sum(
        int(
            warehouse.scalar(
                f"select count() {_OWNED.format(table=table)}"
                " and stored.generation < owners.generation",
                **place,
            )
        )
        for table in STORED_TABLES
    )


def _delete_orphans(warehouse: Warehouse, table: str, place: dict[str, Any]) -> None:
    """Delete per owner: below the next claim, whatever an older generation wrote."""
    owners = warehouse.rows(
        "select from_offset, generation from event_store.owners"
        " where topic = {topic:String} and partition = {partition:UInt32}",
        **place,
    )
    for from_offset, generation in owners:
        warehouse.execute(
            f"delete from {table}"
            " where topic = {topic:String} and partition = {partition:UInt32}"
            " and offset >= {from:UInt64} and generation < {generation:UInt32}",
            **place,
            **{"from": from_offset, "generation": generation},
        )
