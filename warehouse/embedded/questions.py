"""What a request asks: HTTP read into a `Question`, its body decoded, nothing run yet.

Rows of an INSERT are kept in an unlinked file: however many they are, memory does not grow, and the
engine sees none of them before the last byte has arrived and been verified.
"""

from __future__ import annotations

import base64
import binascii
import tempfile
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from aiohttp import BodyPartReader, web

from warehouse.embedded.bodies import accepted_encoding, decoder_of
from warehouse.embedded.errors import refusal
from warehouse.embedded.sessions import SessionWish
from warehouse.statements import InsertHead, insert_head

PIECE_BYTES = 1 << 20
HEAD_BYTES = 1 << 18
TEXT_BYTES = 16 << 20
MARK = "query_cache_tag"  # free for our use: the engine here has no query cache
_TRUE = frozenset({"1", "true"})
_NOT_SETTINGS = frozenset(
    """
    query database default_format user password quota_key query_id session_id session_timeout
    session_check compress decompress buffer_size wait_end_of_query stacktrace
    client_protocol_version role
    """.split()  # noqa: SIM905  # a list of words reads better
)


@dataclass(frozen=True, slots=True)
class External:
    """A table sent along with the query: `structure` as in `a UInt8, b String`."""

    name: str
    structure: str
    format: str
    rows: IO[bytes]


@dataclass(frozen=True, slots=True)
class Question:
    """One statement with everything that belongs to it. `rows` is what an INSERT brings along."""

    sql: str
    insert: InsertHead | None
    rows: IO[bytes] | None
    query_id: str
    mark: str
    may_write: bool
    settings: Mapping[str, str]
    parameters: Mapping[str, str]
    database: str
    default_format: str
    session: SessionWish | None
    is_awaited: bool
    encoding: str
    externals: list[External] = field(default_factory=list)

    @property
    def checkable(self) -> str:
        """The statement as the engine's parser can judge it."""
        if self.insert is None:
            return self.sql
        return f"{self.insert.target} {self.insert.settings} FORMAT {self.insert.format}"


def credentials_of(request: web.Request) -> tuple[str, str]:
    """User and password by Basic authorization, ClickHouse's headers or the URL."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            user, _, password = base64.b64decode(token).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return user, password
    if "X-ClickHouse-User" in request.headers:
        return request.headers["X-ClickHouse-User"], request.headers.get("X-ClickHouse-Key", "")
    return request.query.get("user", "default"), request.query.get("password", "")


async def read_question(request: web.Request, scratch: Path, files: ExitStack) -> Question:
    """Read a request to its end.

    Args:
        request: a GET or POST of ClickHouse's protocol.
        scratch: the directory for rows meanwhile.
        files: closes what is opened here.

    Raises:
        EngineError: the body cannot be decoded, or is no text where it must be.
    """
    fields = dict(request.query)
    parts: dict[str, IO[bytes]] = {}
    pieces = _no_pieces()
    if request.content_type == "multipart/form-data":
        await _read_parts(request, fields, parts, _Scratch(scratch, files))
    else:
        pieces = _decoded(request)
    statement = await _read_statement(fields.get("query", ""), pieces, _Scratch(scratch, files))
    _refuse_native_blocks(fields)
    return Question(
        *statement,
        query_id=fields.get("query_id") or str(uuid.uuid4()),
        mark=uuid.uuid4().hex,
        may_write=request.method != "GET",
        settings=_settings_of(fields, parts),
        parameters={k.removeprefix("param_"): v for k, v in fields.items() if _is_parameter(k)},
        database=request.headers.get("X-ClickHouse-Database") or fields.get("database", ""),
        default_format=request.headers.get("X-ClickHouse-Format")
        or fields.get("default_format", "TabSeparated"),
        session=_session_of(fields),
        is_awaited=fields.get("wait_end_of_query") in _TRUE,
        encoding=_answer_encoding(request, fields),
        externals=[_external(name, rows, fields) for name, rows in parts.items()],
    )


@dataclass(frozen=True, slots=True)
class _Scratch:
    """Makes unlinked files that end with the request."""

    directory: Path
    files: ExitStack

    def file(self) -> IO[bytes]:
        return self.files.enter_context(tempfile.TemporaryFile(dir=self.directory))


async def _no_pieces() -> AsyncIterator[bytes]:
    return
    yield b""


async def _decoded(request: web.Request) -> AsyncIterator[bytes]:
    decoder = decoder_of(request.headers.get("Content-Encoding", "").strip().lower())
    async for piece in request.content.iter_chunked(PIECE_BYTES):
        yield decoder.decode(piece)
    decoder.finish()


async def _read_parts(
    request: web.Request, fields: dict[str, str], parts: dict[str, IO[bytes]], scratch: _Scratch
) -> None:
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        if part.filename is None:
            fields[part.name or ""] = (await part.read()).decode()
            continue
        rows = parts[part.name or part.filename] = scratch.file()
        while piece := await part.read_chunk(PIECE_BYTES):
            rows.write(piece)
        rows.flush()


async def _read_statement(
    query: str, pieces: AsyncIterator[bytes], scratch: _Scratch
) -> tuple[str, InsertHead | None, IO[bytes] | None]:
    """Cut the whole text (the query, a line break, the body) into a statement and its rows."""
    prefix = query.encode() + b"\n" if query else b""
    text = prefix
    async for piece in pieces:
        text += piece
        if len(text) >= HEAD_BYTES:
            break
    head = insert_head(text.decode("latin-1"))
    if head is None:
        async for piece in pieces:
            text += piece
            if len(text) > TEXT_BYTES:
                raise refusal(223, "QUERY_IS_TOO_LARGE", "The text of the query is too large")
        return _text(text), None, None
    rows = scratch.file()
    rows.write(text[max(head.data_start, len(prefix)) :])
    async for piece in pieces:
        rows.write(piece)
    rows.flush()
    head = replace(head, target=_again(head.target), settings=_again(head.settings))
    return head.target, head, rows


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise refusal(36, "BAD_ARGUMENTS", "The query is not UTF-8") from None


def _again(latin: str) -> str:
    return _text(latin.encode("latin-1"))


def _is_parameter(name: str) -> bool:
    return name.startswith("param_")


def _settings_of(fields: Mapping[str, str], parts: Mapping[str, object]) -> dict[str, str]:
    of_parts = {f"{name}_{what}" for name in parts for what in ("format", "structure", "types")}
    return {
        name: value
        for name, value in fields.items()
        if name not in _NOT_SETTINGS and name not in of_parts and not _is_parameter(name)
    }


def _session_of(fields: Mapping[str, str]) -> SessionWish | None:
    name = fields.get("session_id", "")
    if not name:
        return None
    timeout = fields.get("session_timeout", "60")
    if not timeout.isdigit():
        raise refusal(374, "INVALID_SESSION_TIMEOUT", f"Invalid session timeout: {timeout!r}")
    return SessionWish(name, min(int(timeout), 3600), fields.get("session_check") in _TRUE)


def _refuse_native_blocks(fields: Mapping[str, str]) -> None:
    if fields.get("compress") in _TRUE or fields.get("decompress") in _TRUE:
        text = "compress=1 and decompress=1 are not served: turn compression off in the driver"
        raise refusal(48, "NOT_IMPLEMENTED", text)


def _answer_encoding(request: web.Request, fields: Mapping[str, str]) -> str:
    if fields.get("enable_http_compression") not in _TRUE:
        return ""
    return accepted_encoding(request.headers.get("Accept-Encoding", ""))


def _external(name: str, rows: IO[bytes], fields: Mapping[str, str]) -> External:
    structure = fields.get(f"{name}_structure", "")
    if not structure:
        types = fields.get(f"{name}_types", "").split(",")
        structure = ", ".join(f"_{number} {kind}" for number, kind in enumerate(types, 1))
    return External(name, structure, fields.get(f"{name}_format", "TabSeparated"), rows)
