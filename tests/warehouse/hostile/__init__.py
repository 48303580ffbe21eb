"""Hostile statements and requests, each with its answer, as lists in files.

`statements.yml`: statements sent by POST; `requests.yml`: whole requests. `{canary}` stands for a
file whose content may never be seen, `{directory}` for one in which nothing may be written, and
`{port}` for a port of the loopback that nobody may reach. The answers are those of the embedded
warehouse. A ClickHouse server refuses with codes of its own and allows what its grants allow:

    python -m tests.warehouse.hostile http://clickhouse:8123 --user reader --password …

asks it the same lists and shows what it answered to each: a canary that got out, and who called on
the port, end it with 1. The user needs no grants but on what it may read. (There is no such server
where these lists were written: that command was tried on the embedded one only.)
"""

from __future__ import annotations

import base64
import gzip
import http.client
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import lz4.frame
import yaml
import zstandard

COMPRESSED = {
    "lz4": lz4.frame.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One hostile request; `expected` is the exception's code of a statement, else the status."""

    name: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    expected: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the code of an exception (0 for none), and everything said."""

    status: int
    code: int
    content: bytes


def statements(places: Mapping[str, str]) -> list[Attempt]:
    """The list of statements, its placeholders filled in."""
    return [
        Attempt(
            f"{kind}: {entry['statement']}",
            "POST",
            "/",
            {},
            _filled(entry["statement"], places).encode(),
            entry["code"],
        )
        for kind, entries in _read("statements").items()
        for entry in entries
    ]


def requests(places: Mapping[str, str]) -> list[Attempt]:
    """The list of requests, its placeholders filled in."""
    return [
        Attempt(
            f"{kind}: {entry}",
            entry.get("method", "POST"),
            _filled(entry.get("path", "/"), places),
            {name: _filled(text, places) for name, text in entry.get("headers", {}).items()},
            _body(entry, places),
            entry["status"],
        )
        for kind, entries in _read("requests").items()
        for entry in entries
    ]


def ask(url: str, attempt: Attempt, credentials: Mapping[str, str]) -> Answer:
    """Send one request as it stands: nothing is encoded, completed or followed on the way."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)
    try:
        connection.putrequest(attempt.method, attempt.path, skip_accept_encoding=True)
        for name, text in {**credentials, **attempt.headers}.items():
            connection.putheader(name, text)
        connection.putheader("Content-Length", str(len(attempt.body)))
        connection.endheaders(attempt.body)
        response = connection.getresponse()
        content = response.read()
        code = response.headers.get("X-ClickHouse-Exception-Code", "0")
        return Answer(response.status, int(code), content + str(response.headers).encode())
    finally:
        connection.close()


def _read(name: str) -> dict[str, list[dict[str, Any]]]:
    text = Path(__file__).with_name(f"{name}.yml").read_text()
    lists: dict[str, list[dict[str, Any]]] = yaml.safe_load(text)
    return lists


def _filled(text: str, places: Mapping[str, str]) -> str:
    for name, place in places.items():
        text = text.replace("{" + name + "}", place)
    return text


def _body(entry: Mapping[str, Any], places: Mapping[str, str]) -> bytes:
    if "base64" in entry:
        return base64.b64decode(entry["base64"])
    body = _filled(entry.get("body", ""), places).encode() * int(entry.get("times", 1))
    for encoding in entry.get("compressed", "").split():
        body = COMPRESSED[encoding](body)
    return body[: len(body) - int(entry.get("cut", 0))]
