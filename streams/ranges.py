"""A contiguous range of one partition becomes rows: what is stored together, or not at all.

The rule half of storing: bytes in, tables out, nothing touched. `store` writes them in the one
order that makes the ledger a proof: event log, events, dead letters, identity pairs, and the
ledger's row last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from streams.decode import Decoded, Rejected, decode
from streams.enrich.enrichment import Enrichment
from streams.identity import pair_rows
from streams.ledger import StoredRange, gaps_of, record
from streams.records import Origin, Record
from streams.rows import EPOCH, dead_letter_rows, event_rows, log_rows
from warehouse.client import Warehouse


@dataclass(frozen=True, slots=True)
class RangeRows:
    """Everything that storing one range writes."""

    log: pa.Table
    events: pa.Table
    dead_letters: pa.Table
    pairs: pa.Table
    stored: StoredRange


def range_rows(
    records: Sequence[Record],
    *,
    expected_from: int,
    topic_id: str,
    origin: Origin,
    by: Enrichment,
    ingested_at: datetime,
) -> RangeRows:
    """Decode and enrich a range.

    Args:
        records: messages of one partition, offsets ascending, at least one, the first at
            `expected_from` or above.
        expected_from: the offset after the last one stored; offsets missing from there on become
            declared gaps.
        topic_id: the broker's id of the topic.
        origin: topic, partition and the writer's generation.
        by: the tables in force.
        ingested_at: written to every row of the event log, so that the range is one part of the
            table.
    """
    rejects: list[tuple[Record, Rejected]] = []
    events = event_rows(accepted(records, rejects), origin, by)
    return RangeRows(
        log=log_rows(records, origin, ingested_at),
        events=events,
        dead_letters=dead_letter_rows(rejects, origin, ingested_at),
        pairs=pair_rows(events),
        stored=StoredRange(
            topic_id=topic_id,
            topic=origin.topic,
            partition=origin.partition,
            generation=origin.generation,
            from_offset=expected_from,
            to_offset=records[-1].offset,
            event_count=events.num_rows,
            dead_letter_count=len(rejects),
            gaps=gaps_of([one.offset for one in records], expected_from),
            arrivals=_counted(events["occurred_on"]),
            occurred_max=pc.max(events["occurred_at"]).as_py() or EPOCH,
            leader_epoch=records[-1].leader_epoch,
        ),
    )


def accepted(
    records: Iterable[Record], rejects: list[tuple[Record, Rejected]]
) -> Iterator[tuple[Record, Decoded]]:
    """Decode one message after the other; those that are no events are added to the rejects."""
    for one in records:
        found = decode(one.payload)
        if isinstance(found, Rejected):
            rejects.append((one, found))
        else:
            yield one, found


def _counted(days: pa.ChunkedArray) -> dict[date, int]:
    counts = days.value_counts()
    distinct, numbers = (counts.field(name).to_pylist() for name in ("values", "counts"))
    return dict(zip(distinct, numbers, strict=True))


def store(warehouse: Warehouse, rows: RangeRows, stored_at: datetime) -> None:
    """Write a range; when this returns it is stored, when it raises the next claim deletes what it
    left.

    Raises:
        WarehouseBusyError: claim the partition again and read the range anew.
        WarehouseRefusedError: a person must look.
    """
    for table, content in (
        ("event_store.event_log", rows.log),
        ("analytics.events", rows.events),
        ("event_store.dead_letters", rows.dead_letters),
        ("analytics.identity_pairs", rows.pairs),
    ):
        if content.num_rows:
            warehouse.insert_arrow(table, content, max_partitions_per_insert_block=0)
    record(warehouse, rows.stored, stored_at)
