"""The HTTP side: requests in, answers out, one event loop, the engine in worker threads."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from aiohttp import web

from warehouse.embedded.answers import Answer, answer
from warehouse.embedded.bodies import Plain, encoder_of
from warehouse.embedded.engine import Connection, Engine
from warehouse.embedded.errors import EngineError, refusal
from warehouse.embedded.questions import Question, credentials_of, read_question
from warehouse.embedded.sessions import Sessions
from warehouse.settings import WarehouseSettings

MULTIPART_BYTES = 256 << 20
Returned = TypeVar("Returned")


class Server:
    """Answers ClickHouse's HTTP protocol from an open engine."""

    def __init__(self, engine: Engine, settings: WarehouseSettings, scratch: Path) -> None:
        self._engine = engine
        self._settings = settings
        self._scratch = scratch
        self._sessions = Sessions(engine)
        self._threads = ThreadPoolExecutor(settings.max_queries, "query")

    def application(self) -> web.Application:
        """The routes."""
        application = web.Application(client_max_size=MULTIPART_BYTES)
        application.router.add_get("/ping", self._ping)
        application.router.add_get("/", self._query)
        application.router.add_post("/", self._query)
        return application

    def close(self) -> None:
        """Wait for what runs, then close every connection."""
        self._threads.shutdown(wait=True)
        self._sessions.close()

    async def _ping(self, _: web.Request) -> web.Response:
        return web.Response(text="Ok.\n")

    async def _query(self, request: web.Request) -> web.StreamResponse:
        try:
            self._authenticate(request)
            if request.method == "GET" and not request.query_string:
                return web.Response(text="Ok.\n")
            question = await read_question(request, self._scratch)
            return await self._answered(request, question)
        except EngineError as error:
            return _failure(error)

    def _authenticate(self, request: web.Request) -> None:
        user, password = credentials_of(request)
        known = hmac.compare_digest(user.encode(), self._settings.user.encode())
        if not known or not hmac.compare_digest(
            password.encode(), self._settings.password.encode()
        ):
            raise refusal(
                516,
                "AUTHENTICATION_FAILED",
                f"{user}: Authentication failed: password is incorrect, or there is no such user.",
            )

    async def _answered(self, request: web.Request, question: Question) -> web.StreamResponse:
        wish = question.session
        session = self._sessions.acquire(wish) if wish else None
        connection = session.connection if session else self._engine.connect()
        try:
            begun = await self._in_thread(lambda: answer(question, connection))
            return await self._send(request, question, begun)
        finally:
            if session and wish:
                self._sessions.release(session, wish)
            else:
                await self._in_thread(connection.close)

    async def _send(
        self, request: web.Request, question: Question, begun: Answer
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers=_headers(question, begun))
        encoder = encoder_of(question.encoding)
        if not isinstance(encoder, Plain):
            response.headers["Content-Encoding"] = question.encoding
        await response.prepare(request)
        while (block := await self._in_thread(lambda: next(begun.blocks, None))) is not None:
            await response.write(encoder.encode(block))
        await response.write(encoder.finish())
        await response.write_eof()
        return response

    async def _in_thread(self, work: Callable[[], Returned]) -> Returned:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _headers(question: Question, begun: Answer) -> dict[str, str]:
    headers = {
        "X-ClickHouse-Summary": begun.summary,
        "X-ClickHouse-Query-Id": question.query_id,
        "X-ClickHouse-Timezone": "UTC",
        "X-ClickHouse-Server-Display-Name": "active-analytics",
    }
    if begun.format:
        headers["X-ClickHouse-Format"] = begun.format
    return headers


def _failure(error: EngineError) -> web.Response:
    return web.Response(
        text=f"{error}\n",
        status=error.status,
        headers={"X-ClickHouse-Exception-Code": str(error.code)},
    )


__all__ = ["Connection", "Server"]
