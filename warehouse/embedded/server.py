"""The HTTP side: requests in, answers out, one event loop, the engine in worker threads.

As many questions as `max_queries` run at once, others wait, and when too many wait the next is
refused with ClickHouse's «too many simultaneous queries»; inserts of rows and what is over in a
moment do not wait for them. A client that goes away, or does not take its answer, ends its query,
unless that writes: a write half done helps nobody. A client that is slow to send holds no slot.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler

from warehouse.embedded.access import reader_of
from warehouse.embedded.answers import Running, open_pipe, send_answer
from warehouse.embedded.callers import check_caller
from warehouse.embedded.engine import Engine, Result
from warehouse.embedded.errors import EngineError, refusal
from warehouse.embedded.guard import Guard
from warehouse.embedded.lanes import SHORT, SHORT_SECONDS, Lane, Lanes
from warehouse.embedded.questions import MARK, Question, read_question
from warehouse.embedded.readers import ReaderGuard
from warehouse.embedded.sessions import Sessions, SessionUser
from warehouse.embedded.uploads import TEXT_BYTES, Room, Scratch
from warehouse.embedded.work import Work
from warehouse.settings import WarehouseSettings
from warehouse.users import MARTS_READER

READ_AT_ONCE = 256  # requests of one user on their way here: each holds its text, 16 MiB at most
BODIES_AT_ONCE = 8  # as large as bodies may be, in files: as many as there are lanes for rows
READER_READ_AT_ONCE = 64
WATCH_SECONDS = 0.2
LAST_WORDS_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where one user is served: sessions and lanes of his own, a guard besides everybody's."""

    sessions: Sessions
    lanes: Lanes
    room: Room
    guard: ReaderGuard | None = None


class Server:
    """Answers ClickHouse's HTTP protocol from an open engine."""

    def __init__(self, engine: Engine, settings: WarehouseSettings, guard: Guard) -> None:
        self._engine = engine
        self._guard = guard
        self._settings = settings
        self._scratch = settings.path / "tmp"
        reader = ReaderGuard(MARTS_READER, guard.served)
        session_user = SessionUser(reader.settings, MARTS_READER.database)
        at_once = min(MARTS_READER.at_once, settings.max_queries)
        body_bytes = settings.max_body_bytes
        room = Room(body_bytes, BODIES_AT_ONCE * body_bytes, READ_AT_ONCE)
        self._owner = _Desk(Sessions(engine, SessionUser()), Lanes(settings.max_queries), room)
        text_bytes = min(TEXT_BYTES, body_bytes)  # a reader stores nothing
        room = Room(text_bytes, BODIES_AT_ONCE * text_bytes, READER_READ_AT_ONCE)
        self._reader = _Desk(Sessions(engine, session_user), Lanes(at_once), room, reader)
        self._running: set[Work] = set()
        self._is_finishing = False

    def application(self) -> web.Application:
        """The routes."""
        application = web.Application(middlewares=[self._known])
        application.router.add_get("/ping", self._ping)
        application.router.add_get("/", self._query)
        application.router.add_post("/", self._query)
        return application

    @web.middleware
    async def _known(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Hand a request on when no web page sent it, whatever its method and path."""
        try:
            check_caller(request, self._settings.known_hosts)
        except EngineError as error:
            return _failure(error)
        return await handler(request)

    async def finish(self, patience_seconds: float) -> None:
        """Take no more questions; wait for writes to end, and for reads as long as the patience."""
        self._is_finishing = True
        await self._until_idle(patience_seconds)
        for work in self._running:
            work.is_abandoned = True
        while not all(work.is_read_only for work in self._running):
            await asyncio.sleep(0.05)
        await self._until_idle(LAST_WORDS_SECONDS)  # who does not read its answer is cut off

    async def _until_idle(self, at_most_seconds: float) -> None:
        deadline = time.monotonic() + at_most_seconds
        while self._running and time.monotonic() < deadline:
            await asyncio.sleep(0.05)

    def close(self) -> None:
        """Close every connection; nothing runs any more."""
        for desk in (self._owner, self._reader):
            desk.lanes.close()
            desk.sessions.close()

    async def _ping(self, _: web.Request) -> web.Response:
        return web.Response(text="Ok.\n")

    async def _query(self, request: web.Request) -> web.StreamResponse:
        try:
            desk = self._reader if reader_of(request, self._settings) else self._owner
            if request.method == "GET" and not request.query_string:
                return web.Response(text="Ok.\n")
            with ExitStack() as files:
                with desk.room.reading():
                    scratch = Scratch(self._scratch, files, desk.room)
                    question = await read_question(request, scratch)
                return await self._in_turn(request, question, desk)
        except EngineError as error:
            return _failure(error)
        except ConnectionError:
            return web.Response()  # for nobody: the client went away
        except OSError as error:
            return _failure(refusal(243, "NOT_ENOUGH_SPACE", f"Cannot keep the body: {error}"))

    async def _in_turn(
        self, request: web.Request, question: Question, desk: _Desk
    ) -> web.StreamResponse:
        lane = desk.lanes.of(question.statement)
        async with lane.turn():
            if self._is_finishing:
                raise refusal(236, "ABORTED", "The warehouse is being stopped")
            return await self._answer(request, question, desk, lane)

    async def _answer(
        self, request: web.Request, question: Question, desk: _Desk, lane: Lane
    ) -> web.StreamResponse:
        with desk.sessions.taken(question.session) as session:
            seconds = SHORT_SECONDS if lane.kind == SHORT else None
            work = Work(question, session, self._guard, seconds, desk.guard)
            pieces, transport, writer = await open_pipe()
            loop = asyncio.get_running_loop()
            outcome = loop.run_in_executor(lane.threads, work.run, writer)
            watch = loop.create_task(self._watch(request, work, outcome))
            self._running.add(work)
            try:
                running = Running(work, outcome, pieces, time.perf_counter())
                return await send_answer(request, running, self._scratch)
            finally:
                work.is_abandoned = True
                transport.close()
                await watch  # the engine may still use the connection and the files
                self._running.remove(work)

    async def _watch(
        self, request: web.Request, work: Work, outcome: asyncio.Future[Result]
    ) -> None:
        """Return when the engine's work is over; hasten that when nobody waits for a read."""
        while not (await asyncio.wait([outcome], timeout=WATCH_SECONDS))[0]:
            is_client_gone = request.transport is None or request.transport.is_closing()
            if (is_client_gone or work.is_abandoned) and work.is_read_only:
                await asyncio.to_thread(self._kill, work.question.mark)
        outcome.exception()  # known to whoever waits for the answer; here only seen

    def _kill(self, mark: str) -> None:
        connection = self._engine.connect()
        try:
            connection.run(
                f"KILL QUERY WHERE Settings['{MARK}'] = {{mark:String}} ASYNC",
                parameters={"mark": mark},
            )
        finally:
            connection.close()


def _failure(error: EngineError) -> web.Response:
    return web.Response(
        text=f"{error}\n",
        status=error.status,
        headers={"X-ClickHouse-Exception-Code": str(error.code)},
    )
