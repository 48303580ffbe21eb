"""The collector as a process: it answers until SIGTERM, then finishes what it began."""

from __future__ import annotations

import asyncio
import gc
import logging
import resource
import signal
import sys

import uvloop

from streams.collector.connections import HttpServer
from streams.collector.server import Collector
from streams.collector.settings import CollectorSettings
from streams.publisher import Publisher
from streams.settings import StreamSettings

BACKLOG = 1024
FILES_FOR_OURSELVES = 64  # the spool, the broker, the log
UNBOUNDED = 1_000_000
FINISH_SECONDS = 5.0
# The publisher's thread gives the interpreter back to requests after so long.
SWITCH_SECONDS = 0.0005

log = logging.getLogger("active_analytics.collector")


class CollectorError(Exception):
    """The collector cannot start; the message says why."""


def serve(settings: CollectorSettings, stream: StreamSettings) -> None:
    """Answer until SIGTERM or SIGINT; every event answered with 202 is sent, now or next time.

    Raises:
        SettingsError: it would listen to other machines without a token.
        SpoolTakenError: another process has the spool.
        CollectorError: the port is taken.
    """
    settings.refuse_unguarded()
    sys.setswitchinterval(SWITCH_SECONDS)
    _allow_many_connections()
    publisher = Publisher(stream, settings.spool, settings.collector_spool_bytes, sends_apart=True)
    gc.freeze()  # looking through all that was imported stands still for 20 ms
    try:
        uvloop.run(_answer(publisher, settings))
    finally:
        left = publisher.close()
        log.info("stopped; %d events stay in %s for the next start", left, settings.spool)


async def _answer(publisher: Publisher, settings: CollectorSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = server_of(publisher, settings)
    try:
        listener = await loop.create_server(
            server.connection, settings.collector_host, settings.collector_port, backlog=BACKLOG
        )
    except OSError as error:
        raise CollectorError(f"cannot listen on {settings.url}: {error.strerror}") from None
    waiting = publisher.counts().unsent
    told = "answers at %s; spool %s, in which %d events wait"
    log.info(told, settings.url, settings.spool, waiting)
    await stop.wait()
    listener.close()
    await server.finish(FINISH_SECONDS)


def server_of(
    publisher: Publisher, settings: CollectorSettings, at_most: int | None = None
) -> HttpServer:
    """The collector within bounds: on connections, on slow ones, on idle ones.

    Args:
        publisher: what keeps the events.
        settings: the bounds.
        at_most: connections at a time; by default all that the open files allow.
    """
    return HttpServer(
        Collector(publisher, settings).answer,
        connections_allowed() if at_most is None else at_most,
        settings.collector_idle_seconds,
    )


def connections_allowed() -> int:
    """How many connections leave this process the files it needs for itself."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return UNBOUNDED
    return max(soft - FILES_FOR_OURSELVES, 1)


def _allow_many_connections() -> None:
    """As many open files as the machine lets this process have: each connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
