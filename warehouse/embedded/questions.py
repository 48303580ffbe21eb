"""What a request asks: a statement, and everything of the protocol that belongs to it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO

from aiohttp import web

from warehouse.embedded.bodies import accepted_encoding
from warehouse.embedded.callers import checked_name
from warehouse.embedded.errors import refusal
from warehouse.embedded.sessions import SessionWish
from warehouse.embedded.uploads import Scratch, Statement, read_upload

MARK = "query_cache_tag"  # free for our use: the engine here has no query cache
LONGEST_SESSION_SECONDS = 3600
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
    """One statement with everything that belongs to it.

    `mark` tells its query from all others in the engine; `is_awaited` says that the client wants
    the answer whole or an error; `encoding` is the compression it takes, empty for none.
    """

    statement: Statement
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


async def read_question(request: web.Request, scratch: Scratch) -> Question:
    """Read a request to its end; what it carries is in files of `scratch`.

    Raises:
        EngineError: the body cannot be decoded, or something is asked that is not served.
    """
    upload = await read_upload(request, scratch)
    fields, headers = upload.fields, request.headers
    _refuse_native_blocks(fields)
    return Question(
        statement=upload.statement,
        query_id=checked_name("query id", fields.get("query_id", "")) or str(uuid.uuid4()),
        mark=uuid.uuid4().hex,
        may_write=request.method == "POST",
        settings=_settings_of(fields, upload.files),
        parameters={name[6:]: text for name, text in fields.items() if _is_parameter(name)},
        database=checked_name(
            "database", headers.get("X-ClickHouse-Database") or fields.get("database", "")
        ),
        default_format=headers.get("X-ClickHouse-Format")
        or fields.get("default_format", "TabSeparated"),
        session=_session_of(fields),
        is_awaited=fields.get("wait_end_of_query") in _TRUE,
        encoding=_answer_encoding(headers.get("Accept-Encoding", ""), fields),
        externals=[_external(name, rows, fields) for name, rows in upload.files.items()],
    )


def _is_parameter(name: str) -> bool:
    return name.startswith("param_")


def _settings_of(fields: Mapping[str, str], files: Mapping[str, object]) -> dict[str, str]:
    of_files = {f"{name}_{what}" for name in files for what in ("format", "structure", "types")}
    return {
        name: value
        for name, value in fields.items()
        if name not in _NOT_SETTINGS and name not in of_files and not _is_parameter(name)
    }


def _session_of(fields: Mapping[str, str]) -> SessionWish | None:
    name = checked_name("session id", fields.get("session_id", ""))
    if not name:
        return None
    timeout = fields.get("session_timeout", "60")
    if not timeout.isdigit() or int(timeout) > LONGEST_SESSION_SECONDS:
        raise refusal(374, "INVALID_SESSION_TIMEOUT", f"Invalid session timeout: {timeout!r}")
    return SessionWish(name, int(timeout), fields.get("session_check") in _TRUE)


def _refuse_native_blocks(fields: Mapping[str, str]) -> None:
    if fields.get("compress") in _TRUE or fields.get("decompress") in _TRUE:
        text = "compress=1 and decompress=1 are not served: turn compression off in the driver"
        raise refusal(48, "NOT_IMPLEMENTED", text)


def _answer_encoding(accept: str, fields: Mapping[str, str]) -> str:
    return accepted_encoding(accept) if fields.get("enable_http_compression") in _TRUE else ""


def _external(name: str, rows: IO[bytes], fields: Mapping[str, str]) -> External:
    structure = fields.get(f"{name}_structure", "")
    if not structure:
        types = fields.get(f"{name}_types", "").split(",")
        structure = ", ".join(f"_{number} {kind}" for number, kind in enumerate(types, 1))
    return External(name, structure, fields.get(f"{name}_format", "TabSeparated"), rows)
