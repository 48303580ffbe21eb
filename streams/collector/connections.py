"""The collector's connections: so many and no more, and few words on who speaks no HTTP there."""

from __future__ import annotations

import asyncio
import logging
import resource
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

FILES_FOR_OURSELVES = 64  # the spool, the broker, the log
UNBOUNDED = 1_000_000
NO_ROOM = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\nContent-Length: 0\r\n"
    b"Connection: close\r\n\r\n"
)

log = logging.getLogger("active_analytics.collector.http")


class BoundedServer(web.Server):
    """aiohttp's server; who comes when all connections are taken is told 503 and goes."""

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        at_most: int,
        **bounds: Any,
    ) -> None:
        super().__init__(handler, logger=log, **bounds)
        self._at_most = at_most
        self._open = 0

    def __call__(self) -> web.RequestHandler:
        """The protocol of a connection that was just accepted."""
        if self._open < self._at_most:
            return super().__call__()
        return _NoRoom()  # type: ignore[return-value]  # asyncio takes any protocol

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Count a connection."""
        self._open += 1
        super().connection_made(handler, transport)

    def connection_lost(
        self, handler: web.RequestHandler, exc: BaseException | None = None
    ) -> None:
        """It is free for another."""
        self._open -= 1
        super().connection_lost(handler, exc)


class _NoRoom(asyncio.Protocol):
    """A connection that ends with its beginning."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(NO_ROOM)
        transport.close()


def connections_allowed() -> int:
    """How many connections leave this process the files it needs for itself."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return UNBOUNDED
    return max(soft - FILES_FOR_OURSELVES, 1)


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether a record is about us: a stranger's bad HTTP is one short line, for who debugs."""
    error = record.exc_info[1] if record.exc_info else None
    if not isinstance(error, HttpProcessingError):
        return True
    log.debug("%s: %s", record.getMessage(), type(error).__name__)
    return False


log.addFilter(_is_ours)
