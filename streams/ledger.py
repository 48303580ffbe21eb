"""The position of every partition, kept in the warehouse and written last.

A range of offsets is stored when its row stands in `event_store.ranges`, and not before; whatever
lies beyond the last range is the tail a crash left, and is deleted when the partition is next
assigned. Kafka's committed offsets are for people who look at lag: nothing here trusts them.
Deduplication tokens of the engine are not trusted either: its record is written before the part is
(design notes: 6 acknowledged batches lost in 596 kills).

A frozen worker may wake and write after another took over. Every assignment claims a generation and
the offset it starts at; offsets from there on belong to it, so what the older generation writes
there, ledger rows included, is void: `orphans`, which `event_store.stored_ranges` leaves out and
`verify --repair` deletes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pyarrow as pa

from warehouse.client import Warehouse

STORED_TABLES = ("event_store.event_log", "event_store.dead_letters", "analytics.events")


class LedgerConflictError(Exception):
    """The broker and the ledger contradict each other; a person must decide."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where an assignment begins: the generation it writes under, the first offset it has to
    store, and the broker's time of the message before it (0 when there is none).
    """

    generation: int
    next_offset: int
    clock_ms: int = 0


@dataclass(frozen=True, slots=True)
class StoredRange:
    """Offsets [from_offset, to_offset] of a partition, both inclusive, and what was found there."""

    topic_id: str
    topic: str
    partition: int
    generation: int
    from_offset: int
    to_offset: int
    event_count: int
    dead_letter_count: int
    gaps: Sequence[tuple[int, int]]
    arrivals: Mapping[date, int]
    occurred_max: datetime
    leader_epoch: int = -1


def claim(
    warehouse: Warehouse,
    topic_id: str,
    topic: str,
    partition: int,
    *,
    first_offset: int,
    owner: str,
) -> Position:
    """Take over a partition: a generation of its own, the tail of the one before deleted.

    Args:
        warehouse: where the ledger is.
        topic_id: the broker's id of the topic; the ledger must know no other under this name.
        topic: its name.
        partition: which partition.
        first_offset: the first offset that the broker still holds.
        owner: a name that no other assignment has.

    Raises:
        LedgerConflictError: the topic was made anew, or its retention passed our position.
    """
    _refuse_other_topic(warehouse, topic_id, topic)
    end = _end(warehouse, topic, partition)
    next_offset = first_offset if end is None else end + 1
    if first_offset > next_offset:
        raise LedgerConflictError(
            f"{topic}[{partition}]: offsets {next_offset}..{first_offset - 1} are not stored "
            f"and the broker no longer holds them ({first_offset - next_offset} messages). "
            "Restore them to the topic, or declare the gap by a row in event_store.ranges."
        )
    generation = _claimed_generation(warehouse, topic, partition, next_offset, owner)
    position = Position(
        generation, next_offset, _clock_ms(warehouse, topic, partition, next_offset)
    )
    delete_tail(warehouse, topic, partition, position)
    return position


def is_owner(warehouse: Warehouse, topic: str, partition: int, generation: int) -> bool:
    """Whether nobody has claimed the partition since: asked after a range is recorded.

    A range recorded under a claim that had ended is void, and its offsets come again under the
    newer one. A claim that comes after the answer has seen the range, or reads it again.
    """
    return generation == _last_generation(warehouse, topic, partition)


def record(warehouse: Warehouse, stored: StoredRange, stored_at: datetime) -> None:
    """Write the ledger's row of a range: from here on it is stored."""
    row = pa.table(
        {
            "topic_id": [stored.topic_id],
            "topic": [stored.topic],
            "partition": pa.array([stored.partition], pa.uint32()),
            "generation": pa.array([stored.generation], pa.uint32()),
            "from_offset": pa.array([stored.from_offset], pa.uint64()),
            "to_offset": pa.array([stored.to_offset], pa.uint64()),
            "event_count": pa.array([stored.event_count], pa.uint32()),
            "dead_letter_count": pa.array([stored.dead_letter_count], pa.uint32()),
            "gaps": pa.array(
                [[{"from_offset": start, "to_offset": end} for start, end in stored.gaps]],
                pa.list_(pa.struct({"from_offset": pa.uint64(), "to_offset": pa.uint64()})),
            ),
            "arrivals": pa.array(
                [list(stored.arrivals.items())], pa.map_(pa.date32(), pa.uint32())
            ),
            "occurred_max": pa.array([stored.occurred_max], pa.timestamp("us", "UTC")),
            "stored_at": pa.array([stored_at], pa.timestamp("us", "UTC")),
            "leader_epoch": pa.array([stored.leader_epoch], pa.int32()),
        }
    )
    warehouse.insert_arrow("event_store.ranges", row)


def gaps_of(offsets: Sequence[int], expected_from: int) -> list[tuple[int, int]]:
    """The offsets that a fetch skipped, as inclusive ranges.

    Args:
        offsets: the offsets fetched, ascending, at least one.
        expected_from: the first offset that should have come.

    Returns:
        Ranges missing between `expected_from` and the last offset: transaction markers, or
        compacted records.
    """
    if offsets[-1] - expected_from + 1 == len(offsets):
        return []
    before = [expected_from - 1, *offsets]
    return [
        (low + 1, high - 1) for low, high in zip(before, offsets, strict=False) if high - low > 1
    ]


def _refuse_other_topic(warehouse: Warehouse, topic_id: str, topic: str) -> None:
    known = warehouse.rows(
        "select distinct topic_id from event_store.ranges"
        " where topic = {topic:String} and topic_id != {id:String}",
        topic=topic,
        id=topic_id,
    )
    if known:
        raise LedgerConflictError(
            f"topic {topic} was made anew: the broker's id is {topic_id}, the ledger knows "
            f"{known[0][0]}. Its offsets mean other messages now; use another topic or warehouse."
        )


def _end(warehouse: Warehouse, topic: str, partition: int) -> int | None:
    """The last stored offset of a partition, None when nothing is stored."""
    count, end = warehouse.rows(
        "select count(), max(to_offset) from event_store.stored_ranges"
        " where topic = {topic:String} and partition = {partition:UInt32}",
        topic=topic,
        partition=partition,
    )[0]
    return int(end) if count else None


def _clock_ms(warehouse: Warehouse, topic: str, partition: int, next_offset: int) -> int:
    """The broker's time of the last message before an offset, in ms, 0 when there is none."""
    rows = warehouse.rows(
        "select toUnixTimestamp64Milli(broker_time) from event_store.event_log"
        " where topic = {topic:String} and partition = {partition:UInt32}"
        " and offset < {next:UInt64} order by offset desc, generation desc limit 1",
        topic=topic,
        partition=partition,
        next=next_offset,
    )
    return max(int(rows[0][0]), 0) if rows else 0


def _last_generation(warehouse: Warehouse, topic: str, partition: int) -> int:
    return int(
        warehouse.scalar(
            "select max(generation) from event_store.claims"
            " where topic = {topic:String} and partition = {partition:UInt32}",
            topic=topic,
            partition=partition,
        )
    )


def _claimed_generation(
    warehouse: Warehouse, topic: str, partition: int, next_offset: int, owner: str
) -> int:
    """Claim the next generation; of two that claim the same one at once, both try the one after."""
    while True:
        generation = 1 + _last_generation(warehouse, topic, partition)
        warehouse.insert(
            "event_store.claims",
            ["topic", "partition", "generation", "owner", "next_offset", "claimed_at"],
            [[topic, partition, generation, owner, next_offset, datetime.now(UTC)]],
        )
        claims = warehouse.scalar(
            "select count() from event_store.claims where topic = {topic:String}"
            " and partition = {partition:UInt32} and generation = {generation:UInt32}",
            topic=topic,
            partition=partition,
            generation=generation,
        )
        if int(claims) == 1:
            return generation


def delete_tail(warehouse: Warehouse, topic: str, partition: int, position: Position) -> None:
    """Delete the rows that older generations left beyond the ledger's end, if a crash left any.

    Never rows of a newer generation: a worker that was frozen after its claim may come here long
    after another one has taken over and stored. Rows of older generations there are void whatever
    happens meanwhile, for the claim is made; so no window is left.

    Args:
        warehouse: where the rows are.
        topic: its name.
        partition: which partition.
        position: the caller's own claim.
    """
    condition = (
        "topic = {topic:String} and partition = {partition:UInt32} and offset >= {next:UInt64}"
        " and generation < {generation:UInt32}"
    )
    for table in STORED_TABLES:
        values = {
            "topic": topic,
            "partition": partition,
            "next": position.next_offset,
            "generation": position.generation,
        }
        if warehouse.scalar(f"select count() from {table} where {condition}", **values):
            warehouse.execute(f"delete from {table} where {condition}", **values)
