"""Events enriched anew: rows made by other rules are made again from the messages as received.

The event store keeps every message, so `analytics.events` can be made again at any time. This goes
slice by slice: the new rows are inserted, the shop days whose rows changed are marked as dirty, the
old rows are deleted. Killed anywhere, the next run finds rows of two versions for one message and
does that slice again; meanwhile the marts take the newer of the two, and `verify` counts the older
ones as superseded. What the stream stores at the same time bears the current version and is not
touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any, NamedTuple

import pyarrow as pa

from streams.decode import Rejected
from streams.enrich.enrichment import Enrichment
from streams.identity import pair_rows
from streams.ranges import accepted
from streams.records import Origin, Record
from streams.rows import event_rows
from warehouse.client import Warehouse, WarehouseRefusedError

SLICE_EVENTS = 50_000  # about 100 MB while it is made
NAMES_AT_ONCE = 200  # they fit a query's parameter
REASON = "enrichment"

_PLACE = "topic = {topic:String} and partition = {partition:UInt32}"
_SLICE = f"{_PLACE} and offset between {{low:UInt64}} and {{high:UInt64}}"
_OUTDATED = f"""
    select offset, generation
    from analytics.events
    where {_SLICE} and enrichment_version != {{version:UInt32}}
"""
_VERSIONS = """
    select enrichment_version, count()
    from analytics.events
    group by enrichment_version
    order by enrichment_version
"""
_PLACES = """
    select distinct topic, partition
    from analytics.events
    where enrichment_version != {version:UInt32}
    order by topic, partition
"""
_NEXT_SLICE = f"""
    select min(offset), max(offset), count()
    from
    (
        select offset
        from analytics.events
        where
            {_PLACE} and offset >= {{after:UInt64}} and enrichment_version != {{version:UInt32}}
        order by offset
        limit {{limit:UInt32}}
    )
"""
_MESSAGES = f"""
    select generation, offset, key, payload, toUnixTimestamp64Milli(broker_time) as broker_time_ms
    from event_store.event_log
    where {_SLICE} and (offset, generation) in ({_OUTDATED})
    order by generation, offset
    limit 1 by generation, offset
"""
_BEGUN = f"""
    {_SLICE} and enrichment_version = {{version:UInt32}}
    and (offset, generation) in ({_OUTDATED})
"""
_CHANGED_DAYS = f"""
    select distinct arrayJoin(days) as day
    from
    (
        select groupUniqArray(occurred_on) as days
        from analytics.events
        where {_SLICE} and (offset, generation) in ({_OUTDATED})
        group by offset, generation
        having uniqExact(cityHash64(* except('^enrichment_version$'))) > 1
    )
"""
_NAMES = f"""
    select distinct arrayJoin([
        'c:' || customer_id, 'p:' || phone_sha256, 'e:' || email_sha256, 'v:' || visitor_id,
        't:' || partner_id
    ]) as name
    from analytics.events
    where {_SLICE} and enrichment_version != {{version:UInt32}} and length(name) > 2
"""
_NOBODYS = "identifier in {names:Array(String)} or other_identifier in {names:Array(String)}"
_DONE = f"""
    {_SLICE} and enrichment_version != {{version:UInt32}}
    and (offset, generation) in (
        select offset, generation
        from analytics.events
        where {_SLICE} and enrichment_version = {{version:UInt32}}
    )
"""


class Slice(NamedTuple):
    """Outdated events of one partition: their offsets lie in [low, high]."""

    topic: str
    partition: int
    low: int
    high: int
    event_count: int


@dataclass(frozen=True, slots=True)
class Enriched:
    """What became of a slice: events made anew, days whose rows changed, events left as they were
    because today's contract refuses them.
    """

    events: int
    days: frozenset[date]
    refused: int


def versions(warehouse: Warehouse) -> dict[int, int]:
    """How many events were enriched under which number."""
    return {int(version): int(count) for version, count in warehouse.rows(_VERSIONS)}


def slices(
    warehouse: Warehouse, version: int, reached: Mapping[tuple[str, int], int] | None = None
) -> Iterator[Slice]:
    """The events that bear another number, slice by slice; enrich each before asking on.

    Args:
        warehouse: where events are.
        version: the number that events are to bear.
        reached: offsets to begin behind, by topic and partition.
    """
    for topic, partition in warehouse.rows(_PLACES, version=version):
        place = {"topic": topic, "partition": partition, "version": version}
        after = (reached or {}).get((topic, partition), -1) + 1
        while True:
            row = warehouse.rows(_NEXT_SLICE, **place, after=after, limit=SLICE_EVENTS)[0]
            low, high, count = map(int, row)
            if not count:
                break
            yield Slice(topic, partition, low, high, count)
            after = high + 1


def enrich_anew(warehouse: Warehouse, part: Slice, by: Enrichment) -> Enriched:
    """Make the rows of a slice again and mark the days that changed.

    Args:
        warehouse: where everything is stored.
        part: which events.
        by: the tables in force, under their number.

    Raises:
        WarehouseRefusedError: the event store lacks the message of a row: nothing was changed.
        WarehouseBusyError: begin again later; what is half done is done again.
    """
    place: dict[str, Any] = {**part._asdict(), "version": by.version}
    del place["event_count"]
    _delete(warehouse, _BEGUN, place)
    rows, pairs, refused = _rows(_messages(warehouse, place), part, by)
    warehouse.insert_arrow("analytics.events", rows, max_partitions_per_insert_block=0)
    warehouse.insert_arrow("analytics.identity_pairs", pairs)
    days = frozenset(day for (day,) in warehouse.rows(_CHANGED_DAYS, **place))
    mark_days(warehouse, days, REASON)
    _forget_nobodys(warehouse, place, by)
    _delete(warehouse, _DONE, place)
    return Enriched(rows.num_rows, days, refused)


def _forget_nobodys(warehouse: Warehouse, place: dict[str, Any], by: Enrichment) -> None:
    """Delete the pairs of what was an identifier once and is none by the tables in force: it names
    nobody, or a digest stands for it.
    """
    named = [name for (name,) in warehouse.rows(_NAMES, **place)]
    nobodys = sorted(name for name in named if by.identifiers[name[2:]] != name[2:])
    for first in range(0, len(nobodys), NAMES_AT_ONCE):
        names = nobodys[first : first + NAMES_AT_ONCE]
        warehouse.execute(f"delete from analytics.identity_pairs where {_NOBODYS}", names=names)


def mark_days(warehouse: Warehouse, days: Iterable[date], reason: str) -> None:
    """Note that days must be built anew, although nothing arrived."""
    now = datetime.now(UTC)
    warehouse.insert(
        "operations.day_marks",
        ("shop_day", "reason", "marked_at"),
        [(day, reason, now) for day in sorted(days)],
    )


def _messages(warehouse: Warehouse, place: dict[str, Any]) -> list[tuple[int, Record]]:
    """The messages behind the outdated rows, with the generation of each, by generation."""
    wanted = int(
        warehouse.scalar(f"select uniqExact(offset, generation) from ({_OUTDATED})", **place)
    )
    body = b"".join(warehouse.stream(_MESSAGES, "ArrowStream", **place))
    table = pa.ipc.open_stream(body).read_all() if body else pa.table({"offset": []})
    if table.num_rows != wanted:
        raise WarehouseRefusedError(
            f"{wanted} events of {place['topic']}[{place['partition']}] at offsets {place['low']}.."
            f"{place['high']} are to be enriched anew, and event_store.event_log holds the messages"
            f" of {table.num_rows}: `active-analytics verify` says what is missing"
        )
    columns = [
        table[name].cast(kind).to_pylist()
        for name, kind in (
            ("generation", pa.uint32()),
            ("offset", pa.uint64()),
            ("key", pa.binary()),
            ("payload", pa.binary()),
            ("broker_time_ms", pa.int64()),
        )
    ]
    return [
        (generation, Record(offset, key, payload, (), at))
        for generation, offset, key, payload, at in zip(*columns, strict=True)
    ]


def _rows(
    messages: Iterable[tuple[int, Record]], part: Slice, by: Enrichment
) -> tuple[pa.Table, pa.Table, int]:
    """The new rows of messages, the identifiers seen together in them, and how many messages are
    no events any more.
    """
    tables = [event_rows([], Origin(part.topic, part.partition, 0), by)]
    rejects: list[tuple[Record, Rejected]] = []
    for generation, together in groupby(messages, key=lambda one: one[0]):
        events = accepted((record for _, record in together), rejects)
        tables.append(event_rows(events, Origin(part.topic, part.partition, generation), by))
    rows = pa.concat_tables(tables).unify_dictionaries()
    return rows, pair_rows(rows), len(rejects)


def _delete(warehouse: Warehouse, condition: str, place: dict[str, Any]) -> None:
    if int(warehouse.scalar(f"select count() from analytics.events where {condition}", **place)):
        warehouse.execute(f"delete from analytics.events where {condition}", **place)
