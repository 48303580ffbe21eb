"""What a request carries: its text, and the rows behind it, decoded to the last byte.

Rows are kept in an unlinked file: however many they are, memory does not grow, and the engine sees
none of them before the last byte has arrived and been verified. All that a request unfolds to is
counted against a bound, and a client that sends nothing for a minute is given up.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from aiohttp import BodyPartReader, web

from warehouse.embedded.bodies import decoder_of
from warehouse.embedded.callers import checked_name
from warehouse.embedded.errors import refusal
from warehouse.statements import InsertHead, insert_head

PIECE_BYTES = 1 << 20
HEAD_BYTES = 1 << 18  # the longest query the engine parses
TEXT_BYTES = 16 << 20
SILENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; an INSERT that brings rows along is taken apart into its head and its rows."""

    sql: str
    insert: InsertHead | None = None
    rows: IO[bytes] | None = None

    @property
    def checkable(self) -> str:
        """The statement as the engine's parser can judge it."""
        if self.insert is None:
            return self.sql
        return f"{self.insert.target} {self.insert.settings} FORMAT {self.insert.format}"


@dataclass(slots=True)
class Upload:
    """A request read to its end: the statement, its fields, and files sent along by their names."""

    statement: Statement
    fields: dict[str, str]
    files: dict[str, IO[bytes]] = field(default_factory=dict)


@dataclass(slots=True)
class Scratch:
    """Makes unlinked files in a directory, of one request; they end with the stack.

    `bound_bytes` is what the request may unfold to, `count_bytes` what it has so far.
    """

    directory: Path
    stack: ExitStack
    bound_bytes: int
    count_bytes: int = 0

    def counted(self, piece: bytes) -> bytes:
        """The piece, when there was room for it.

        Raises:
            EngineError: code 307 (413), naming the bound and the setting.
        """
        self.count_bytes += len(piece)
        if self.count_bytes > self.bound_bytes:
            text = f"The body unfolds to more than {self.bound_bytes} bytes: send it in parts"
            raise refusal(307, "TOO_MANY_BYTES", f"{text}, or raise WAREHOUSE_MAX_BODY_BYTES")
        return piece

    def file(self) -> IO[bytes]:
        """A new file."""
        return self.stack.enter_context(tempfile.TemporaryFile(dir=self.directory))


async def read_upload(request: web.Request, scratch: Scratch) -> Upload:
    """Read a request to its end.

    Raises:
        EngineError: the body cannot be decoded, or is no text where it must be.
    """
    fields = dict(request.query)
    files: dict[str, IO[bytes]] = {}
    if request.content_type == "multipart/form-data":
        await _read_parts(request, fields, files, scratch)
        pieces = _no_pieces()
    else:
        pieces = _decoded(request, scratch)
    statement = await _read_statement(fields.get("query", ""), pieces, scratch)
    return Upload(statement, fields, files)


async def _read_parts(
    request: web.Request, fields: dict[str, str], files: dict[str, IO[bytes]], scratch: Scratch
) -> None:
    try:
        async for part in await request.multipart():
            await _read_part(part, fields, files, scratch)
    except (ValueError, RuntimeError) as error:  # of aiohttp, about bounds and headers of parts
        text = f"The form cannot be read: {str(error)[:200]!a}"
        raise refusal(36, "BAD_ARGUMENTS", text) from None


async def _read_part(
    part: object, fields: dict[str, str], files: dict[str, IO[bytes]], scratch: Scratch
) -> None:
    if not isinstance(part, BodyPartReader):
        raise refusal(36, "BAD_ARGUMENTS", "A form holds no forms")
    name = checked_name("part's name", part.name or part.filename or "")
    if part.filename is None:
        text = b""
        while piece := await _in_time(part.read_chunk(PIECE_BYTES)):
            text = _longer(text, scratch.counted(piece))
        fields[name] = _text(text)
        return
    rows = files[name] = scratch.file()
    while piece := await _in_time(part.read_chunk(PIECE_BYTES)):
        rows.write(scratch.counted(piece))
    rows.flush()


async def _no_pieces() -> AsyncIterator[bytes]:
    return
    yield b""


async def _decoded(request: web.Request, scratch: Scratch) -> AsyncIterator[bytes]:
    decoder = decoder_of(request.headers.get("Content-Encoding", "").strip().lower())
    while piece := await _in_time(request.content.read(PIECE_BYTES)):
        for plain in decoder.decode(piece):
            yield scratch.counted(plain)
            await asyncio.sleep(0)  # others have their turn: a piece may unfold for seconds
    decoder.finish()


async def _in_time(reading: Awaitable[bytes]) -> bytes:
    try:
        return await asyncio.wait_for(reading, SILENCE_SECONDS)
    except TimeoutError:
        text = f"Nothing of the body came for {SILENCE_SECONDS} s"
        raise refusal(209, "SOCKET_TIMEOUT", text) from None


async def _read_statement(query: str, pieces: AsyncIterator[bytes], scratch: Scratch) -> Statement:
    """Cut the whole text (the query, a line break, the body) into a statement and its rows."""
    prefix = query.encode() + b"\n" if query else b""
    text = prefix
    async for piece in pieces:
        text += piece
        if len(text) >= HEAD_BYTES:
            break
    head = insert_head(text.decode("latin-1"))
    if head is None:
        return Statement(await _read_text(text, pieces))
    rows = scratch.file()
    rows.write(text[max(head.data_start, len(prefix)) :])
    async for piece in pieces:
        rows.write(piece)
    rows.flush()
    head = replace(head, target=_from_latin(head.target), settings=_from_latin(head.settings))
    return Statement(head.target, head, rows)


async def _read_text(text: bytes, pieces: AsyncIterator[bytes]) -> str:
    async for piece in pieces:
        text = _longer(text, piece)
    return _text(text)


def _longer(text: bytes, piece: bytes) -> bytes:
    if len(text) + len(piece) > TEXT_BYTES:
        raise refusal(223, "QUERY_IS_TOO_LARGE", "The text of the query is too large")
    return text + piece


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise refusal(36, "BAD_ARGUMENTS", "The query is not UTF-8") from None


def _from_latin(text: str) -> str:
    return _text(text.encode("latin-1"))
