"""What a request carries: its text, and the rows behind it, decoded to the last byte.

Rows are kept in an unlinked file: however many they are, memory does not grow, and the engine sees
none of them before the last byte has arrived and been verified. All that a request unfolds to is
counted against a bound, and a client that sends nothing for a minute is given up.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from aiohttp import BodyPartReader, web

from warehouse.embedded.bodies import decoder_of
from warehouse.embedded.callers import checked_name
from warehouse.embedded.errors import EngineError, refusal
from warehouse.statements import InsertHead, insert_head

PIECE_BYTES = 1 << 20
HEAD_BYTES = 1 << 18  # the longest query the engine parses
TEXT_BYTES = 16 << 20
SILENCE_SECONDS = 60
PARTS_AT_MOST = 1000  # of a form: 200,000 of them kept everybody waiting for more than a minute
FILES_AT_MOST = 16  # tables sent along: each holds a file open until the answer is over


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
class Room:
    """What requests of one user hold, all together, until they are answered.

    `request_bytes` is what one may unfold to, `all_bytes` what all may; `reading_count` of them are
    on their way here, `reading_at_most` may be.
    """

    request_bytes: int
    all_bytes: int
    reading_at_most: int
    held_bytes: int = 0
    reading_count: int = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        """While a request is on its way here.

        Raises:
            EngineError: code 202 when too many are.
        """
        if self.reading_count >= self.reading_at_most:
            text = f"Too many simultaneous queries: {self.reading_count} are being read"
            raise refusal(202, "TOO_MANY_SIMULTANEOUS_QUERIES", text)
        self.reading_count += 1
        try:
            yield
        finally:
            self.reading_count -= 1

    def take(self, size: int) -> None:
        """Make room for bytes of a body.

        Raises:
            EngineError: code 202 when all bodies together have none left: the same call later.
        """
        if self.held_bytes + size > self.all_bytes:
            text = f"Bodies of {self.held_bytes} bytes are under way, of {self.all_bytes} at most"
            raise refusal(202, "TOO_MANY_SIMULTANEOUS_QUERIES", text)
        self.held_bytes += size

    def release(self, size: int) -> None:
        """Give back what was taken."""
        self.held_bytes -= size


@dataclass(slots=True)
class Scratch:
    """Makes unlinked files in a directory, of one request; they end with the stack.

    `room` is what it may unfold to, `count_bytes` what it has so far,
    `text_count_bytes` what of it are fields of a form.
    """

    directory: Path
    stack: ExitStack
    room: Room
    count_bytes: int = 0
    text_count_bytes: int = 0

    def __post_init__(self) -> None:
        """Its room is given back with its files."""
        self.stack.callback(lambda: self.room.release(self.count_bytes))

    def counted(self, piece: bytes) -> bytes:
        """The piece, when there was room for it.

        Raises:
            EngineError: code 307 (413), naming the bound and the setting; 202 when other bodies
                take all the room.
        """
        bound = self.room.request_bytes
        if self.count_bytes + len(piece) > bound:
            text = f"The body unfolds to more than {bound} bytes: send it in parts"
            raise refusal(307, "TOO_MANY_BYTES", f"{text}, or raise WAREHOUSE_MAX_BODY_BYTES")
        self.room.take(len(piece))
        self.count_bytes += len(piece)
        return piece

    def counted_text(self, piece: bytes) -> bytes:
        """A piece of a field, when there was room for it: fields are held in memory, all of them.

        Raises:
            EngineError: code 223, naming the bound.
        """
        self.text_count_bytes += len(piece)
        if self.text_count_bytes > TEXT_BYTES:
            raise _too_large()
        return self.counted(piece)

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
    count = 0
    try:
        async for part in await request.multipart():
            await _read_part(part, fields, files, scratch)
            count += 1
            if count > PARTS_AT_MOST or len(files) > FILES_AT_MOST:
                text = f"A form has {PARTS_AT_MOST} parts and {FILES_AT_MOST} files at most"
                raise refusal(36, "BAD_ARGUMENTS", text)
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
        text = bytearray()  # grows in place, however small the pieces are that come
        while piece := await _in_time(part.read_chunk(PIECE_BYTES)):
            text += scratch.counted_text(piece)
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
    text = bytearray(prefix)
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


async def _read_text(text: bytearray, pieces: AsyncIterator[bytes]) -> str:
    async for piece in pieces:
        if len(text) + len(piece) > TEXT_BYTES:
            raise _too_large()
        text += piece
    return _text(text)


def _too_large() -> EngineError:
    text = f"The text of the query, or of a form's fields, is larger than {TEXT_BYTES} bytes"
    return refusal(223, "QUERY_IS_TOO_LARGE", text)


def _text(content: bytes | bytearray) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise refusal(36, "BAD_ARGUMENTS", "The query is not UTF-8") from None


def _from_latin(text: str) -> str:
    return _text(text.encode("latin-1"))
