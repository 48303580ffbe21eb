"""The waiting half of an answer: what the engine writes into the pipe is passed on as it comes.

An answer begins when its first bytes are there, so that what fails at once fails with the right
HTTP status. A client that takes nothing for two minutes is cut off: it would hold a slot for ever.
A client that asks to wait for the end gets nothing before the end, so for it every
failure has a status; what has come meanwhile is kept in a file when it is large.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from warehouse.embedded.bodies import encoder_of
from warehouse.embedded.engine import Result
from warehouse.embedded.errors import EngineError
from warehouse.embedded.work import Work

PIECE_BYTES = 1 << 20
KEPT_IN_MEMORY_BYTES = 8 << 20
STALL_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Running:
    """A question the engine works on: the outcome to come, the pipe its answer comes through."""

    work: Work
    outcome: asyncio.Future[Result]
    pieces: asyncio.StreamReader
    began: float


async def open_pipe() -> tuple[asyncio.StreamReader, asyncio.ReadTransport, int]:
    """A pipe: its reader for the event loop, the transport to close it with, its writing end."""
    reading_end, writing_end = os.pipe()
    pieces = asyncio.StreamReader(limit=PIECE_BYTES)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(pieces), os.fdopen(reading_end, "rb", 0)
    )
    return pieces, transport, writing_end


async def send_answer(request: web.Request, running: Running, scratch: Path) -> web.StreamResponse:
    """Answer a request with what its running question gives.

    Raises:
        EngineError: it failed before the first byte was sent.
    """
    if running.work.question.is_awaited:
        return await _send_whole(request, running, scratch)
    first = await running.pieces.read(PIECE_BYTES)
    if not first:
        return _nothing(running, await running.outcome)
    return await _send_stream(request, running, first)


async def _send_whole(request: web.Request, running: Running, scratch: Path) -> web.StreamResponse:
    with tempfile.SpooledTemporaryFile(KEPT_IN_MEMORY_BYTES, dir=str(scratch)) as kept:
        while piece := await running.pieces.read(PIECE_BYTES):
            kept.write(piece)
        result = await running.outcome
        if not kept.tell():
            return _nothing(running, result)
        kept.seek(0)
        response = web.StreamResponse(headers=_headers(running, result))
        await response.prepare(request)
        encoder = encoder_of(running.work.question.encoding)
        while piece := kept.read(PIECE_BYTES):
            await _write(request, response, encoder.encode(piece))
        await _write(request, response, encoder.finish())
        await response.write_eof()
        return response


async def _send_stream(request: web.Request, running: Running, first: bytes) -> web.StreamResponse:
    tag = secrets.token_hex(8)
    response = web.StreamResponse(headers=_headers(running, None))
    response.headers["X-ClickHouse-Exception-Tag"] = tag
    await response.prepare(request)
    encoder = encoder_of(running.work.question.encoding)
    await _write(request, response, encoder.encode(first))
    while piece := await running.pieces.read(PIECE_BYTES):
        await _write(request, response, encoder.encode(piece))
    try:
        await running.outcome
    except EngineError as error:
        await _write(
            request, response, encoder.encode(_exception_block(error, tag)) + encoder.finish()
        )
        _break_off(request)
        return response
    await _write(request, response, encoder.finish())
    await response.write_eof()
    return response


async def _write(request: web.Request, response: web.StreamResponse, piece: bytes) -> None:
    """Write a piece; the connection of a client that does not take it in time is cut off.

    By a timer, not by `wait_for`: what stops the server must still cancel the writing itself.
    """
    timer = asyncio.get_running_loop().call_later(STALL_SECONDS, _cut_off, request)
    try:
        await response.write(piece)
    finally:
        timer.cancel()


def _cut_off(request: web.Request) -> None:
    if request.transport:
        request.transport.abort()  # to close it would wait for what is not taken


def _break_off(request: web.Request) -> None:
    """End the connection without the last chunk: who does not know the block sees a broken body."""
    if request.transport:
        request.transport.close()


def _exception_block(error: EngineError, tag: str) -> bytes:
    """What ClickHouse writes behind an answer that failed half-way."""
    message = f"{error}\n"
    return (
        f"\r\n__exception__\r\n{tag}\r\n{message}{len(message)} {tag}\r\n__exception__\r\n".encode()
    )


def _nothing(running: Running, result: Result) -> web.Response:
    return web.Response(headers=_headers(running, result))


def _headers(running: Running, result: Result | None) -> dict[str, str]:
    question = running.work.question
    headers = {
        "X-ClickHouse-Summary": _summary(result, running.began),
        "X-ClickHouse-Query-Id": question.query_id,
        "X-ClickHouse-Timezone": "UTC",
        "X-ClickHouse-Server-Display-Name": "active-analytics",
    }
    if running.work.output_format:
        headers["X-ClickHouse-Format"] = running.work.output_format
    if question.encoding:
        headers["Content-Encoding"] = question.encoding
    return headers


def _summary(result: Result | None, began: float) -> str:
    counts = {"elapsed_ns": int((time.perf_counter() - began) * 1e9), "total_rows_to_read": 0}
    if result:
        counts |= {
            "read_rows": result.read_rows,
            "read_bytes": result.read_bytes,
            "written_rows": result.written_rows,
            "written_bytes": result.written_bytes,
            "result_rows": result.result_rows or result.written_rows,
        }
    return json.dumps({name: str(count) for name, count in counts.items()})
