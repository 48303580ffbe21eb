"""What a request asks: HTTP read into a `Question`, its body decoded, nothing run yet."""

from __future__ import annotations

import base64
import binascii
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from aiohttp import BodyPartReader, web

from warehouse.embedded.bodies import accepted_encoding, decoder_of
from warehouse.embedded.engine import INSERT_CHUNK_BYTES
from warehouse.embedded.errors import refusal
from warehouse.statements import InsertHead, insert_head

SPOOL_BYTES = 32 << 20
HEAD_BYTES = 1 << 18
_NOT_SETTINGS = frozenset(
    """
    query database default_format user password quota_key query_id session_id session_timeout
    session_check compress decompress buffer_size wait_end_of_query stacktrace
    client_protocol_version role
    """.split()  # noqa: SIM905  # a list of words reads better
)


@dataclass(frozen=True, slots=True)
class SessionWish:
    """A named session: the seconds it outlives its last query, whether it must exist already."""

    name: str
    timeout_seconds: int
    must_exist: bool


@dataclass(frozen=True, slots=True)
class External:
    """A table sent along with the query: `structure` as in `a UInt8, b String`."""

    name: str
    structure: str
    format: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Question:
    """One statement with everything that belongs to it. `rows` is what an INSERT brings along."""

    sql: str
    query_id: str
    insert: InsertHead | None
    rows: IO[bytes] | None
    settings: Mapping[str, str]
    parameters: Mapping[str, str]
    database: str
    default_format: str
    session: SessionWish | None
    is_awaited: bool
    encoding: str
    externals: list[External] = field(default_factory=list)

    def chunks(self) -> Iterator[bytes]:
        """The encoded rows of an INSERT, a few MB at a time."""
        while self.rows is not None and (chunk := self.rows.read(INSERT_CHUNK_BYTES)):
            yield chunk


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


async def read_question(request: web.Request, scratch: Path) -> Question:
    """Read a request to its end.

    Args:
        request: a GET or POST of ClickHouse's protocol.
        scratch: where bodies above 32 MB are kept meanwhile.

    Raises:
        EngineError: the body cannot be decoded, or is no text where it must be.

    """
    fields = dict(request.query)
    body: IO[bytes] = tempfile.SpooledTemporaryFile(  # noqa: SIM115  # closed with the question
        SPOOL_BYTES, dir=str(scratch)
    )
    files: dict[str, bytes] = {}
    if request.content_type == "multipart/form-data":
        await _read_parts(request, fields, files)
    elif request.can_read_body:
        await _read_body(request, body)
    sql, insert, rows = _statement_and_rows(fields.get("query", ""), body)
    return Question(
        sql=sql,
        query_id=fields.get("query_id") or str(uuid.uuid4()),
        insert=insert,
        rows=rows,
        settings=_settings_of(fields, files),
        parameters={
            k.removeprefix("param_"): v for k, v in fields.items() if k.startswith("param_")
        },
        database=request.headers.get("X-ClickHouse-Database") or fields.get("database", ""),
        default_format=request.headers.get("X-ClickHouse-Format")
        or fields.get("default_format", "TabSeparated"),
        session=_session_of(fields),
        is_awaited=fields.get("wait_end_of_query") in ("1", "true"),
        encoding=_answer_encoding(request, fields),
        externals=[_external(name, content, fields) for name, content in files.items()],
    )


async def _read_body(request: web.Request, body: IO[bytes]) -> None:
    decoder = decoder_of(request.headers.get("Content-Encoding", "").strip().lower())
    async for piece in request.content.iter_chunked(1 << 20):
        body.write(decoder.decode(piece))
    decoder.finish()
    body.seek(0)


async def _read_parts(
    request: web.Request, fields: dict[str, str], files: dict[str, bytes]
) -> None:
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        content = bytes(await part.read())
        if part.filename is None:
            fields[part.name or ""] = content.decode()
        else:
            files[part.name or part.filename] = content


def _statement_and_rows(
    query: str, body: IO[bytes]
) -> tuple[str, InsertHead | None, IO[bytes] | None]:
    """Cut the text (the query, a line break, the body) into a statement and an INSERT's rows."""
    query_bytes = query.encode() + b"\n" if query else b""
    text = query_bytes + body.read(HEAD_BYTES)
    head = insert_head(text.decode("latin-1"))
    if head is None:
        text += body.read()
        try:
            return text.decode(), None, None
        except UnicodeDecodeError:
            raise refusal(36, "BAD_ARGUMENTS", "The query is not UTF-8") from None
    body.seek(max(head.data_start - len(query_bytes), 0))
    statement = head.statement.encode("latin-1").decode()
    return statement, head, body


def _settings_of(fields: Mapping[str, str], files: Mapping[str, bytes]) -> dict[str, str]:
    of_files = {f"{name}_{what}" for name in files for what in ("format", "structure", "types")}
    return {
        name: value
        for name, value in fields.items()
        if name not in _NOT_SETTINGS and name not in of_files and not name.startswith("param_")
    }


def _session_of(fields: Mapping[str, str]) -> SessionWish | None:
    name = fields.get("session_id", "")
    if not name:
        return None
    timeout = fields.get("session_timeout", "60")
    if not timeout.isdigit():
        raise refusal(374, "INVALID_SESSION_TIMEOUT", f"Invalid session timeout: {timeout!r}")
    return SessionWish(name, min(int(timeout), 3600), fields.get("session_check") == "1")


def _answer_encoding(request: web.Request, fields: Mapping[str, str]) -> str:
    if fields.get("enable_http_compression") not in ("1", "true"):
        return ""
    return accepted_encoding(request.headers.get("Accept-Encoding", ""))


def _external(name: str, content: bytes, fields: Mapping[str, str]) -> External:
    structure = fields.get(f"{name}_structure", "")
    if not structure:
        types = fields.get(f"{name}_types", "").split(",")
        structure = ", ".join(f"_{number} {kind}" for number, kind in enumerate(types, 1))
    return External(name, structure, fields.get(f"{name}_format", "TabSeparated"), content)
