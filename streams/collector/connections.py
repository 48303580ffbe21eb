"""HTTP/1.1 on the collector's connections: so many and no more, and none that keeps us waiting.

The only door to httptools, which reads HTTP as strictly as Node does: µs of the processor for a
request, in the thread that answers, 230; with aiohttp's lower level 300 (bench/collector). One task
answers a connection's requests, in order, and what a client sends ahead is read a piece at a time,
not before its turn: memory holds a piece's requests, not those of all that came.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import cast

import httptools

from streams.collector.requests import Answer, Request, headers_of

MAX_TARGET_BYTES = 2048
MAX_HEADER_BYTES = 8190  # each; a shop's own cookies may be long
MAX_HEADERS = 64
MAX_SILENT_BYTES = 64 * 1024  # that are neither a whole head nor a part of a body
PIECE_BYTES = 4096  # read at a time: a beacon; at worst 170 requests without a body
LINGER_SECONDS = 1.0  # in which a client that was cut short can read why
NO_ROOM = Answer(503, headers={"Retry-After": "10"}, is_last=True)
NO_HTTP = Answer(400, b'{"accepted":0,"error":"this does not keep to HTTP"}', is_last=True)
OUR_MISTAKE = Answer(500, is_last=True)

Answering = Callable[[Request], Awaitable[Answer]]

log = logging.getLogger("active_analytics.collector.http")


class HttpServer:
    """Makes the protocol of each connection, and ends them all."""

    def __init__(self, answer: Answering, at_most: int, idle_seconds: float) -> None:
        """Take no connections yet: give `connection` to the loop's `create_server`.

        Args:
            answer: answers a request of which the head has come.
            at_most: connections at a time; who comes then is told 503 and goes.
            idle_seconds: for the head of a request to come, and between two.
        """
        self.answer = answer
        self.idle_seconds = idle_seconds
        self.is_stopping = False
        self.connections: set[Connection] = set()
        self._at_most = at_most

    def connection(self) -> asyncio.Protocol:
        """The protocol of a connection that was just accepted."""
        return Connection(self) if len(self.connections) < self._at_most else _NoRoom()

    async def finish(self, seconds: float) -> None:
        """Answer what was begun, for at most so long, and close every connection."""
        self.is_stopping = True
        for connection in list(self.connections):
            connection.finish()
        deadline = asyncio.get_running_loop().time() + seconds
        while self.connections and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.02)
        for connection in list(self.connections):
            connection.abort()
        await asyncio.sleep(0)  # they are told that they are lost


class Connection(asyncio.Protocol):
    """Reads requests and writes their answers."""

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._fields: list[tuple[bytes, bytes]] = []
        self._silent_bytes = 0
        self._unread = memoryview(b"")  # came and has not had its turn
        self._incoming: Request | None = None  # its body is still coming
        self._waiting: deque[Request | None] = deque()  # None: what came there was no HTTP
        self._task: asyncio.Task[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._is_deaf = False  # the last request has been read
        self._has_ended = False  # the client's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a request."""
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self._peer = str(peer[0]) if peer else ""
        self._server.connections.add(self)
        self._idle_since = self._loop.time()
        self._timer = self._loop.call_later(self._server.idle_seconds, self._look_at_the_clock)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's name
        """Nobody is there; what was taken stays taken."""
        self._server.connections.discard(self)
        self._timer.cancel()
        self._hear_no_more()
        self.resume_writing()
        del self._parser  # it knows us, and we it

    def data_received(self, data: bytes) -> None:
        """Read what has its turn, and have answered what can be."""
        if self._is_deaf:
            return
        self._unread = memoryview(bytes(self._unread) + data if self._unread else data)
        self._read_on()

    def eof_received(self) -> bool:
        """The client says no more; whether it is to hear more."""
        self._has_ended = True
        self._read_on()
        return self._task is not None

    def pause_writing(self) -> None:
        """The client does not read: before it has read this answer, it gets no other."""
        self._idle_since = self._loop.time()
        self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        """The client has read."""
        if self._drained and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None

    def finish(self) -> None:
        """Close, unless something is being answered: that is the last then."""
        if not self._task:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def on_url(self, piece: bytes) -> None:
        """The parser read a part of what is asked for."""
        self._target += piece
        if len(self._target) > MAX_TARGET_BYTES:
            raise ValueError("the target is too long")

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser read a header, or behind a body a trailer, which nobody looks at."""
        self._fields.append((name, value))
        if len(name) + len(value) > MAX_HEADER_BYTES or len(self._fields) > MAX_HEADERS:
            raise ValueError("a header is too long, or they are too many")

    def on_headers_complete(self) -> None:
        """The parser read a head."""
        self._silent_bytes = 0
        if self._parser.should_upgrade():
            return  # `_parse` has it read again
        path = httptools.parse_url(self._target).path or b"/"
        method, headers = self._parser.get_method().decode(), headers_of(self._fields)
        write = self._transport.write
        self._incoming = Request(method, path.decode(), headers, self._peer, write)
        self._waiting.append(self._incoming)
        self._target, self._fields = b"", []

    def on_body(self, piece: bytes) -> None:
        """The parser read a part of a body."""
        self._silent_bytes = 0
        if self._incoming:
            self._incoming.add(piece)

    def on_message_complete(self) -> None:
        """The parser read a request to its end."""
        if self._incoming:
            self._incoming.is_last = not self._parser.should_keep_alive()
            self._incoming.complete()
            self._incoming, self._fields = None, []

    def _read_on(self) -> None:
        """Read pieces until a request waits for its turn, and hear no more of the client then."""
        while self._unread and not self._waiting and not self._is_deaf:
            piece, self._unread = self._unread[:PIECE_BYTES], self._unread[PIECE_BYTES:]
            self._read(piece)
        if self._has_ended and not self._unread:
            self._hear_no_more()
        if self._unread:
            self._transport.pause_reading()
        elif not self._has_ended and not self._transport.is_closing():
            self._transport.resume_reading()
        if not self._task:
            self._answer_waiting()

    def _read(self, piece: memoryview) -> None:
        self._silent_bytes += len(piece)
        try:
            self._parse(piece)
            if self._silent_bytes > MAX_SILENT_BYTES:
                raise httptools.HttpParserError("a head without an end")
        except httptools.HttpParserError as error:
            log.debug("%s speaks no HTTP: %s", self._peer, error)
            if not self._incoming:
                self._waiting.append(None)
            self._hear_no_more()

    def _parse(self, data: memoryview) -> None:
        """Read on; an offer to speak another protocol (Java's client offers HTTP/2) is declined."""
        while data:
            try:
                self._parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as offer:
                data = data[offer.args[0] :]
                self._read_head_without_offer()

    def _read_head_without_offer(self) -> None:
        """Have the parser read a head again, for behind an offer it expects no HTTP."""
        asked = self._parser.get_method(), self._target, self._parser.get_http_version().encode()
        if asked[0] == b"CONNECT":
            raise httptools.HttpParserError("we are no proxy")
        kept = [b"%s: %s\r\n" % one for one in self._fields if one[0].lower() != b"upgrade"]
        self._target, self._fields = b"", []
        self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(b"%s %s HTTP/%s\r\n%s\r\n" % (*asked, b"".join(kept)))

    def _hear_no_more(self) -> None:
        self._is_deaf = True
        self._unread = memoryview(b"")
        if self._incoming:
            self._incoming.break_off()

    def _answer_waiting(self) -> None:
        if self._waiting:
            self._task = self._loop.create_task(self._answer_all())
            self._task.add_done_callback(self._answered)

    async def _answer_all(self) -> None:
        """Answer what waits, in order, up to the last that is to be answered here."""
        while self._waiting:
            request = self._waiting.popleft()
            self._read_on()  # its body, if that is not here yet
            answer = await self._server.answer(request) if request else NO_HTTP
            answer.is_last |= not request or request.is_last or not request.is_whole
            answer.is_last |= self._server.is_stopping
            if self._transport.is_closing():
                return
            self._transport.write(answer.encoded(request.method if request else "GET"))
            if self._drained:
                await self._drained
            if answer.is_last:
                self._waiting.clear()
                self._leave()
            elif self._waiting:
                await asyncio.sleep(0)  # other connections get their turn

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._task = None
        self._idle_since = self._loop.time()
        if self._transport.is_closing():
            return
        if error := task.exception():
            log.error("a request could not be answered", exc_info=error)
            self._transport.write(OUR_MISTAKE.encoded())
            self._leave()
        elif self._waiting:
            self._answer_waiting()
        elif self._has_ended:
            self._transport.close()

    def _leave(self) -> None:
        """Close when the client has read the last answer: at once could take it from it."""
        self._hear_no_more()
        if self._has_ended:
            self._transport.close()
            return
        self._transport.resume_reading()  # what still comes goes nowhere
        self._transport.write_eof()
        self._timer.cancel()
        self._timer = self._loop.call_later(LINGER_SECONDS, self.abort)

    def _look_at_the_clock(self) -> None:
        """Go when the client lets us wait for too long; looked at seldom, for it seldom does."""
        if self._task and not self._drained:
            self._idle_since = self._loop.time()
        left_seconds = self._idle_since + self._server.idle_seconds - self._loop.time()
        if left_seconds <= 0:
            self.abort()
        else:
            self._timer = self._loop.call_later(left_seconds, self._look_at_the_clock)


class _NoRoom(asyncio.Protocol):
    """A connection that ends with its beginning."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(NO_ROOM.encoded())
        transport.close()
