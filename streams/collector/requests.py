"""Requests and answers as values: what was asked, its body as it comes, the bytes of an answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
BODYLESS = (204, 304)


class BrokenBodyError(Exception):
    """The rest of a body will not come: it does not keep to HTTP, or the client went."""


class Request:
    """A request of which the head has come; a small body has come with it."""

    __slots__ = (
        "_is_broken", "_news", "_send", "body", "headers", "is_last", "is_whole", "method", "path",
        "peer",
    )  # fmt: skip

    def __init__(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        peer: str,
        send: Callable[[bytes], None],
    ) -> None:
        """A request without any of its body.

        Args:
            method: in capitals.
            path: without the query.
            headers: by name in lower case; bytes that are no UTF-8 as lone surrogates.
            peer: the address that the connection comes from; empty when there is none.
            send: to the client, ahead of the answer.
        """
        self.method = method
        self.path = path
        self.headers = headers
        self.peer = peer
        self.body = bytearray()
        self.is_whole = False
        self.is_last = False  # the client wants no more of the connection
        self._is_broken = False
        self._send = send
        self._news: asyncio.Future[None] | None = None

    @property
    def announced_bytes(self) -> int:
        """How long the body will be, 0 when that is not told; the parser has read the number."""
        return int(self.headers.get("content-length", 0))

    async def read(self, at_most: int) -> None:
        """Wait until the whole body has come, or more of it than is taken.

        Raises:
            BrokenBodyError: it will not come.
        """
        if self.headers.get("expect", "").lower() == "100-continue":
            self._send(CONTINUE)  # curl waits for it above 1 MB
        while not self.is_whole and len(self.body) <= at_most:
            if self._is_broken:
                raise BrokenBodyError
            self._news = asyncio.get_running_loop().create_future()
            await self._news

    def add(self, piece: bytes) -> None:
        """More of the body has come."""
        self.body += piece
        self._tell()

    def complete(self) -> None:
        """All of the body has come."""
        self.is_whole = True
        self._tell()

    def break_off(self) -> None:
        """No more of the body will come."""
        self._is_broken = True
        self._tell()

    def _tell(self) -> None:
        if self._news and not self._news.done():
            self._news.set_result(None)


@dataclass(slots=True)
class Answer:
    """An answer; `is_last` has the connection closed behind it."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    is_last: bool = False

    def encoded(self, method: str = "GET") -> bytes:
        """The bytes of it; to HEAD, those of the head alone."""
        lines = [_STATUS_LINES[self.status], f"Date: {_date(int(time.time()))}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.status not in BODYLESS:
            lines.append(f"Content-Length: {len(self.body)}")
        if self.is_last:
            lines.append("Connection: close")
        head = "\r\n".join([*lines, "\r\n"]).encode("utf-8", "surrogateescape")
        return head if method == "HEAD" else head + self.body


def headers_of(fields: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by name in lower case; the values of one that comes again are joined."""
    headers: dict[str, str] = {}
    for name, value in fields:
        key, text = _key(name), value.decode("utf-8", "surrogateescape")
        between = "; " if key == "cookie" else ", "
        headers[key] = f"{headers[key]}{between}{text}" if key in headers else text
    return headers


@lru_cache(maxsize=512)
def _key(name: bytes) -> str:
    return name.decode("latin-1").lower()


@lru_cache(maxsize=2)
def _date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


_STATUS_LINES = {one.value: f"HTTP/1.1 {one.value} {one.phrase}" for one in HTTPStatus}
