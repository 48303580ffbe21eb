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
from collections.abc import AsyncIterable, Callable
from time import monotonic
from typing import Any

import faust
from faust.transport.drivers import TRANSPORTS

from streams.ending import EXIT_REFUSED, EXIT_STALLED, EXIT_SUPERSEDED, end_at_once, or_end
from streams.freeze import end_when_frozen
from streams.garbage import collect_rarely
from streams.keeper import Keeper, OutOfStepError, SupersededError
from streams.lane import NAME, TP, Batch, BatchedConsumer
from streams.ledger import StoredRange
from streams.outage_log import OutageFilter
from streams.ranges import RangeRows
from streams.settings import StreamSettings
from streams.watchdog import Watchdog
from warehouse.client import WarehouseBusyError, WarehouseRefusedError
from warehouse.process_guards import guard_process
from warehouse.settings import WarehouseSettings

log = logging.getLogger("active_analytics.stream")

MIB = 1024 * 1024
WATCH_SECONDS = 1.0
SESSION_SECONDS = 6  # a worker that is silent for so long loses its partitions to others


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
        stream_buffer_maxsize=1024,  # never reached: the lane holds back, one batch per partition
        broker_session_timeout=SESSION_SECONDS,  # with the next two, a restart takes 4 s
        broker_heartbeat_interval=2,
        broker_rebalance_timeout=8,
        broker_max_poll_interval=3600,  # an outage of the warehouse is waited for
        stream_processing_timeout=3600,
        stream_wait_empty=False,  # batches of ended claims are dropped, and never acknowledged
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
        await or_end(_store_all(stream.noack().events(), app.consumer, keeper))

    @app.on_partitions_revoked.connect
    async def closing(_app: faust.App, revoked: set[TP], **_: Any) -> None:
        keeper.close(revoked)

    watchdog = Watchdog(settings.stall_seconds)
    parent = os.getppid()

    @app.task
    async def watching() -> None:
        while not app.should_stop:  # no timer of Faust's: it complains of each that takes longer
            await asyncio.sleep(WATCH_SECONDS)
            await look()

    async def look() -> None:
        if os.getppid() != parent:
            end_at_once("the supervisor is gone", EXIT_STALLED)
        if keeper.is_waiting:
            watchdog.forget()
            return
        reached = keeper.reached()
        ends = {tp: await app.consumer.end_to_reach(tp) for tp in reached}
        queued = app.consumer.queued()
        standing = watchdog.stalled(
            monotonic(), reached, ends, queued, is_working=keeper.is_working
        )
        if standing:
            end_at_once(
                f"no progress of {standing} for {settings.stall_seconds:.0f} s", EXIT_STALLED
            )

    return app


async def _store_all(events: AsyncIterable[Any], consumer: BatchedConsumer, keeper: Keeper) -> None:
    """Store batch after batch; one is decoded while the one before is being inserted."""
    pending: asyncio.Task[None] | None = None
    async for event in events:
        batch: Batch = event.value
        rows = await _rows(consumer, keeper, batch)
        if pending is not None:
            await pending
            pending = None
        if rows is not None:
            storing = _store_one(consumer, keeper, batch, rows, event.ack)
            pending = asyncio.create_task(or_end(storing))


async def _rows(consumer: BatchedConsumer, keeper: Keeper, batch: Batch) -> RangeRows | None:
    try:
        expected_from = keeper.accept(batch)
    except OutOfStepError as error:
        log.warning("%s; reading again from the ledger's end", error)
        await consumer.rewind({batch.tp})
        return None
    if expected_from is None:
        return None
    with keeper.working():
        return await asyncio.to_thread(keeper.rows, batch, expected_from)


async def _store_one(
    consumer: BatchedConsumer, keeper: Keeper, batch: Batch, rows: RangeRows, ack: Callable[[], Any]
) -> None:
    try:
        is_stored = await keeper.write(batch, rows)
    except WarehouseBusyError as error:
        log.warning("%s from %d will be read again: %s", batch.tp, rows.stored.from_offset, error)
        await consumer.rewind({batch.tp})
    except WarehouseRefusedError as error:
        end_at_once(error, EXIT_REFUSED)
    except SupersededError as error:
        end_at_once(f"{error}; nothing is lost, a new process joins the group", EXIT_SUPERSEDED)
    else:
        if is_stored:
            ack()
            _tell(rows.stored)


def _tell(stored: StoredRange) -> None:
    log.info(
        "stored %s[%d] %d..%d: %d events, %d dead letters",
        stored.topic,
        stored.partition,
        stored.from_offset,
        stored.to_offset,
        stored.event_count,
        stored.dead_letter_count,
    )


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


class _Worker(faust.Worker):
    """Faust's worker, whose log tells of an outage once a minute."""

    def on_setup_root_logger(self, logger: Any, level: int) -> None:
        super().on_setup_root_logger(logger, level)
        outage = OutageFilter()
        for handler in logging.getLogger().handlers:
            handler.addFilter(outage)


def run(settings: StreamSettings, warehouse_settings: WarehouseSettings) -> None:
    """Run a worker until SIGTERM; ends the process, with 0 after a clean stop."""
    guard_process()
    for noisy in ("faust", "mode", "aiokafka", "kafka"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    app = build_app(settings, warehouse_settings)
    collect_rarely()
    end_when_frozen(SESSION_SECONDS)
    worker = _Worker(app, loglevel="INFO", redirect_stdouts=False)
    worker.execute_from_commandline()


if __name__ == "__main__":
    run(StreamSettings.from_env(), WarehouseSettings.from_env())
