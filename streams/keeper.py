"""Which partitions this worker reads, from where, and under which claim.

The keeper stands between the lane, which asks where to begin, the agent, which hands it batches,
and the ledger. A batch counts only while the claim lasts under which it was fetched; every other
one is dropped and read again.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from time import monotonic
from typing import TypeVar

from streams import ledger, producer, versions
from streams.ending import EXIT_REFUSED, EXIT_STALLED, end_at_once
from streams.enrich.enrichment import Enrichment, Tables
from streams.lane import TP, Batch
from streams.producer import BrokerBusyError, BrokerRefusedError
from streams.ranges import RangeRows, range_rows, store
from streams.records import Origin, with_bounded_times
from streams.settings import StreamSettings
from streams.truncation import truncations
from warehouse.client import Warehouse, WarehouseBusyError, WarehouseError, WarehouseRefusedError
from warehouse.settings import WarehouseSettings

log = logging.getLogger("active_analytics.stream")

PATIENCE_SECONDS = 45.0  # half of what Faust grants an assignment (broker_request_timeout)

Answer = TypeVar("Answer")


class OutOfStepError(Exception):
    """What we read is not what the ledger waits for: the partition is claimed and read again."""


class SupersededError(Exception):
    """Another worker claimed a partition that we take for ours: the process must end."""


class Keeper:
    """Positions of the partitions this worker reads, kept in step with the ledger."""

    def __init__(self, settings: StreamSettings, warehouse_settings: WarehouseSettings) -> None:
        self.linger_seconds = settings.linger_seconds
        self.is_waiting = False
        self._settings = settings
        self._warehouse_settings = warehouse_settings
        self._by = Enrichment(Tables.of(settings))
        self._owner = uuid.uuid4().hex
        self._topic_id = ""
        self._claimed: dict[TP, ledger.Position] = {}
        self._open: dict[TP, int] = {}
        self._expected: dict[TP, int] = {}
        self._doubted: dict[TP, tuple[int, int]] = {}
        self._clocks: dict[tuple[TP, int], int] = {}  # by generation
        self._works = 0
        self._writing = asyncio.Lock()
        self._warehouse: Warehouse | None = None

    @contextmanager
    def working(self) -> Iterator[None]:
        """While in here a batch is being decoded or stored."""
        self._works += 1
        try:
            yield
        finally:
            self._works -= 1

    @property
    def is_working(self) -> bool:
        """Whether a batch is being decoded or stored."""
        return self._works > 0

    def generations(self) -> dict[TP, int]:
        """The generation of every open partition."""
        return dict(self._open)

    async def claim(self, first_offsets: Mapping[TP, int]) -> dict[TP, int]:
        """Claim partitions once the insert under way ended; waits for a warehouse that is away."""
        for tp in first_offsets:
            self._open.pop(tp, None)
        async with self._writing:
            self.is_waiting = True
            try:
                claimed = await _patiently(lambda: self._claim(first_offsets))
            finally:
                self.is_waiting = False
        self._claimed.update(claimed)
        return {tp: position.next_offset for tp, position in claimed.items()}

    def opened(self, tps: set[TP]) -> None:
        """Take batches of these partitions from now on."""
        for tp in tps:
            self._open[tp] = self._claimed[tp].generation
            self._expected[tp] = self._claimed[tp].next_offset
            clocks = list(self._clocks.items())  # a batch may be decoded meanwhile
            self._clocks = {at: ms for at, ms in clocks if at[0] != tp}
            self._clocks[tp, self._open[tp]] = self._claimed[tp].clock_ms

    def reached(self) -> dict[TP, int]:
        """The next offset to read of every open partition."""
        return {tp: self._expected[tp] for tp in self._open}

    def close(self, tps: set[TP]) -> None:
        """Take no more batches of these partitions: another worker reads them now."""
        for tp in tps:
            self._open.pop(tp, None)

    def accept(self, batch: Batch) -> int | None:
        """The offset that a batch's range begins at; None when its claim has ended.

        Raises:
            OutOfStepError: the batch does not begin where the last one ended.
        """
        if self._open.get(batch.tp) != batch.generation:
            return None
        expected = self._expected[batch.tp]
        first = batch.records[0].offset
        if first < expected or (first > expected and not self._is_gap(batch.tp, expected, first)):
            raise OutOfStepError(f"{batch.tp}: offset {expected} was to come, {first} came")
        self._expected[batch.tp] = batch.records[-1].offset + 1
        return expected

    def _is_gap(self, tp: TP, expected: int, first: int) -> bool:
        """Whether the broker holds nothing in between: two claims in a row read it so."""
        seen, self._doubted[tp] = self._doubted.get(tp), (expected, first)
        return seen == (expected, first) and expected == self._claimed[tp].next_offset

    def rows(self, batch: Batch, expected_from: int) -> RangeRows:
        """What storing an accepted batch writes; batches come in order."""
        claim = (batch.tp, batch.generation)
        records = with_bounded_times(batch.records, self._clocks.get(claim, 0), _now_ms())
        self._clocks[claim] = records[-1].broker_time_ms
        return range_rows(
            records,
            expected_from=expected_from,
            topic_id=self._topic_id,
            origin=Origin(batch.tp.topic, batch.tp.partition, batch.generation),
            by=self._by,
            ingested_at=datetime.now(UTC),
        )

    async def write(self, batch: Batch, rows: RangeRows) -> bool:
        """Store a range unless its claim ended meanwhile; whether it is stored.

        Raises:
            SupersededError: another worker claimed the partition, which we take for ours.
        """
        async with self._writing:
            if self._open.get(batch.tp) != batch.generation:
                return False
            with self.working():
                is_ours = await asyncio.to_thread(self._store, rows)
        if not is_ours and self._open.get(batch.tp) == batch.generation:
            raise SupersededError(f"another worker claimed {batch.tp.topic}[{batch.tp.partition}]")
        return is_ours

    @contextmanager
    def _connected(self) -> Iterator[Warehouse]:
        """The one connection, used under the lock; made anew after it failed."""
        if self._warehouse is None:
            self._warehouse = Warehouse.connect(self._warehouse_settings, "stream")
        try:
            yield self._warehouse
        except WarehouseError:
            self._warehouse = None
            raise

    def _store(self, rows: RangeRows) -> bool:
        """Write a range; whether it counts, which it does when nobody claimed since."""
        stored = rows.stored
        with self._connected() as warehouse:
            store(warehouse, rows, datetime.now(UTC))
            return ledger.is_owner(warehouse, stored.topic, stored.partition, stored.generation)

    def _claim(self, first_offsets: Mapping[TP, int]) -> dict[TP, ledger.Position]:
        topic = self._settings.events_topic
        with self._connected() as warehouse:
            log, contradictions = truncations(
                warehouse, topic, lambda epochs: producer.log_ends(self._settings, topic, epochs)
            )
            if contradictions:
                raise ledger.LedgerConflictError("\n".join(contradictions))
            self._topic_id = log.topic_id
            self._by.version = versions.registered(warehouse, self._by.tables.parts())
            return {
                tp: ledger.claim(
                    warehouse,
                    self._topic_id,
                    topic,
                    tp.partition,
                    first_offset=first,
                    owner=self._owner,
                )
                for tp, first in first_offsets.items()
            }


async def _patiently(ask: Callable[[], Answer]) -> Answer:
    """Ask until the warehouse and the broker answer; a refusal or a conflict ends the process.

    So does a long outage: Faust gives up an assignment that takes longer than its requests may,
    and would never read those partitions. The supervisor starts a new process, and goes on waiting.
    """
    pause = 0.5
    gives_up_at = monotonic() + PATIENCE_SECONDS
    is_told = False
    while True:
        try:
            return await asyncio.to_thread(ask)
        except (WarehouseBusyError, BrokerBusyError) as error:
            if monotonic() > gives_up_at:
                end_at_once(error, EXIT_STALLED)
            if not is_told:
                log.warning("waiting for %s", error)
                is_told = True
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)
        except (WarehouseRefusedError, BrokerRefusedError, ledger.LedgerConflictError) as error:
            end_at_once(error, EXIT_REFUSED)


def _now_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)
