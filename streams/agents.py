"""The stream worker: the only module, with its lane, that knows Faust.

One agent reads batches, stores them range by range and acknowledges what is stored. It decodes the
next batch while the last one is being inserted. An agent that raises would lose its event (Faust
acknowledges it), so nothing raises: a warehouse that is away is waited for and the range read
again; what a person must decide ends the process with exit code 3, before anything is acknowledged.
"""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from time import monotonic
from typing import Any, NoReturn, TypeVar

import faust
from faust.transport.drivers import TRANSPORTS
from faust.types import TP

from streams import ledger, producer
from streams.lane import NAME, Batch, BatchedConsumer
from streams.producer import BrokerBusyError, BrokerRefusedError
from streams.ranges import RangeRows, range_rows, store
from streams.rows import Enrichment, Origin, Record
from streams.settings import StreamSettings
from streams.watchdog import Watchdog
from warehouse.client import Warehouse, WarehouseBusyError, WarehouseError, WarehouseRefusedError
from warehouse.settings import WarehouseSettings

log = logging.getLogger("active_analytics.stream")

EXIT_REFUSED = 3
EXIT_STALLED = 4
MIB = 1024 * 1024

Answer = TypeVar("Answer")


class Keeper:
    """Positions of the partitions this worker reads, kept in step with the ledger."""

    def __init__(self, settings: StreamSettings, warehouse_settings: WarehouseSettings) -> None:
        self.linger_seconds = settings.linger_seconds
        self.is_waiting = False
        self._settings = settings
        self._warehouse_settings = warehouse_settings
        self._by = Enrichment(settings.zone, settings.own_hosts)
        self._owner = uuid.uuid4().hex
        self._topic_id = ""
        self._claimed: dict[TP, ledger.Position] = {}
        self._open: dict[TP, int] = {}
        self._expected: dict[TP, int] = {}
        self._writing = asyncio.Lock()
        self._warehouse: Warehouse | None = None

    def generations(self) -> dict[TP, int]:
        """The generation of every open partition."""
        return dict(self._open)

    async def claim(self, first_offsets: Mapping[TP, int]) -> dict[TP, int]:
        """Claim partitions once the insert under way ended; waits for a warehouse that is away."""
        for tp in first_offsets:
            self._open.pop(tp, None)
        async with self._writing:
            self.is_waiting = True
            claimed = await _patiently(lambda: self._claim(first_offsets))
            self.is_waiting = False
        self._claimed.update(claimed)
        return {tp: position.next_offset for tp, position in claimed.items()}

    def opened(self, tps: set[TP]) -> None:
        """Take batches of these partitions from now on."""
        for tp in tps:
            self._open[tp] = self._claimed[tp].generation
            self._expected[tp] = self._claimed[tp].next_offset

    def reached(self) -> dict[TP, int]:
        """The next offset to read of every open partition."""
        return {tp: self._expected[tp] for tp in self._open}

    def prepared(self, batch: Batch) -> RangeRows | None:
        """The rows of a batch; None when it was fetched under a claim that has ended.

        Raises:
            OutOfStepError: the batch does not begin where the ledger ends.
        """
        if self._open.get(batch.tp) != batch.generation:
            return None
        expected = self._expected[batch.tp]
        first = batch.records[0].offset
        is_first_of_claim = expected == self._claimed[batch.tp].next_offset
        if first < expected or (first > expected and not is_first_of_claim):
            raise OutOfStepError(f"{batch.tp}: offset {expected} was to come, {first} came")
        self._expected[batch.tp] = batch.records[-1].offset + 1
        return range_rows(
            [_record(one) for one in batch.records],
            expected_from=expected,
            topic_id=self._topic_id,
            origin=Origin(batch.tp.topic, batch.tp.partition, batch.generation),
            by=self._by,
            ingested_at=datetime.now(UTC),
        )

    async def write(self, batch: Batch, rows: RangeRows) -> bool:
        """Store a range unless its claim ended meanwhile; whether it is stored."""
        async with self._writing:
            if self._open.get(batch.tp) != batch.generation:
                return False
            await asyncio.to_thread(self._store, rows)
            return True

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

    def _store(self, rows: RangeRows) -> None:
        with self._connected() as warehouse:
            store(warehouse, rows, datetime.now(UTC))

    def _claim(self, first_offsets: Mapping[TP, int]) -> dict[TP, ledger.Position]:
        topic = self._settings.events_topic
        self._topic_id = producer.topic_id(self._settings, topic)
        with self._connected() as warehouse:
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


class OutOfStepError(Exception):
    """A batch does not begin where the ledger ends: the partition is claimed and read again."""


def build_app(settings: StreamSettings, warehouse_settings: WarehouseSettings) -> faust.App:
    """The Faust app with the one agent that stores the shop's events."""
    TRANSPORTS.aliases[NAME] = "streams.lane:Transport"
    addresses = settings.kafka_brokers.split(",")
    app = faust.App(
        settings.consumer_group,
        broker_consumer=[f"{NAME}://{address.strip()}" for address in addresses],
        broker_producer=[f"kafka://{address.strip()}" for address in addresses],
        broker_credentials=_credentials(settings),
        broker_max_poll_records=settings.batch_rows,
        consumer_max_fetch_size=8 * MIB,
        stream_buffer_maxsize=2,  # batches, not messages: at most 8 MiB each
        broker_session_timeout=6,  # with the next two, a restart takes 4 s instead of 60
        broker_heartbeat_interval=2,
        broker_rebalance_timeout=8,
        broker_max_poll_interval=3600,  # an outage of the warehouse is waited for
        stream_processing_timeout=3600,
        broker_commit_livelock_soft_timeout=3600,
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
        store="memory://",
        datadir=str(settings.local_home.resolve() / "faust"),
        autodiscover=False,
    )
    keeper = Keeper(settings, warehouse_settings)
    app.positions = keeper
    topic = app.topic(settings.events_topic, value_serializer="raw", key_serializer="raw")

    @app.agent(topic, name="storing")
    async def storing(stream: Any) -> None:
        pending: asyncio.Task[None] | None = None
        async for event in stream.noack().events():
            batch: Batch = event.value
            rows = await _prepared(app.consumer, keeper, batch)
            if pending is not None:
                await pending
                pending = None
            if rows is not None:
                pending = asyncio.create_task(_stored(app.consumer, keeper, batch, rows, event.ack))

    watchdog = Watchdog(settings.stall_seconds)
    parent = os.getppid()

    @app.timer(1.0)
    async def watching() -> None:
        if os.getppid() != parent:
            _end_at_once("the supervisor is gone", EXIT_STALLED)
        reached = keeper.reached()
        ends = {tp: app.consumer.highwater(tp) or 0 for tp in reached}
        standing = watchdog.stalled(monotonic(), reached, ends)
        if standing and not keeper.is_waiting:
            _end_at_once(
                f"no progress of {standing} for {settings.stall_seconds:.0f} s", EXIT_STALLED
            )

    return app


async def _prepared(consumer: BatchedConsumer, keeper: Keeper, batch: Batch) -> RangeRows | None:
    try:
        return await asyncio.to_thread(keeper.prepared, batch)
    except OutOfStepError as error:
        log.warning("%s; reading again from the ledger's end", error)
        await consumer.rewind({batch.tp})
        return None


async def _stored(
    consumer: BatchedConsumer, keeper: Keeper, batch: Batch, rows: RangeRows, ack: Callable[[], Any]
) -> None:
    try:
        is_stored = await keeper.write(batch, rows)
    except WarehouseBusyError as error:
        log.warning(
            "%s %d..: not stored, will be read again: %s", batch.tp, batch.records[0].offset, error
        )
        await consumer.rewind({batch.tp})
    except WarehouseRefusedError as error:
        _end_at_once(error, EXIT_REFUSED)
    else:
        if is_stored:
            ack()
            log.info(
                "stored %s[%d] %d..%d: %d events, %d dead letters",
                rows.stored.topic,
                rows.stored.partition,
                rows.stored.from_offset,
                rows.stored.to_offset,
                rows.stored.event_count,
                rows.stored.dead_letter_count,
            )


async def _patiently(ask: Callable[[], Answer]) -> Answer:
    """Ask until the warehouse and the broker answer; a refusal or a conflict ends the process."""
    pause = 0.5
    while True:
        try:
            return await asyncio.to_thread(ask)
        except (WarehouseBusyError, BrokerBusyError) as error:
            log.warning("waiting %.1f s for %s", pause, error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 15.0)
        except (WarehouseRefusedError, BrokerRefusedError, ledger.LedgerConflictError) as error:
            _end_at_once(error, EXIT_REFUSED)


def _end_at_once(why: object, code: int) -> NoReturn:
    """End without acknowledging: a clean shutdown would commit what is not stored."""
    log.critical("stopped: %s", why)
    logging.shutdown()
    os._exit(code)


def _record(one: Any) -> Record:
    return Record(one.offset, one.key, one.value, one.headers, one.timestamp)


def _credentials(settings: StreamSettings) -> Any:
    protocol = settings.kafka_security_protocol
    context = None
    if protocol in ("SSL", "SASL_SSL"):
        context = ssl.create_default_context(cafile=settings.kafka_ssl_cafile or None)
        if settings.kafka_ssl_certfile:
            context.load_cert_chain(settings.kafka_ssl_certfile, settings.kafka_ssl_keyfile or None)
    if protocol.startswith("SASL"):
        return faust.SASLCredentials(
            username=settings.kafka_sasl_username,
            password=settings.kafka_sasl_password,
            mechanism=settings.kafka_sasl_mechanism or "PLAIN",
            ssl_context=context,
        )
    return faust.SSLCredentials(context=context) if context else None


def run(settings: StreamSettings, warehouse_settings: WarehouseSettings) -> None:
    """Run a worker until SIGTERM; ends the process, with 0 after a clean stop."""
    for noisy in ("faust", "mode", "aiokafka", "kafka"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    worker = faust.Worker(
        build_app(settings, warehouse_settings), loglevel="INFO", redirect_stdouts=False
    )
    worker.execute_from_commandline()


if __name__ == "__main__":
    run(StreamSettings.from_env(), WarehouseSettings.from_env())
