"""Requests on a timetable: what a collector's clients see, whether or not it keeps up.

`python -m bench.load URL RATE SECONDS TOLD`: every request has a moment at which it is due, and its
latency counts from that moment, so that a server that stands still is charged for every client that
would have come meanwhile. A hundred connections are kept alive; a request that finds
none free waits.
TOLD gets one JSON line per request: id, when it was due, seconds it took, status (0: no answer).
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import uvloop

CONNECTIONS = 100
VISITORS = 997
EVENTS_EVERY = 4  # of so many requests one comes from the shop's server, the others from browsers
PATIENCE_SECONDS = 30.0
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36"


@dataclass(slots=True)
class Told:
    """What became of a request."""

    id: str
    due_seconds: float
    took_seconds: float = 0.0
    status: int = 0


class Connection(asyncio.Protocol):
    """One kept-alive connection, one request at a time; it asks for the next when it is free."""

    def __init__(self, is_free: Callable[[Connection], None]) -> None:
        self._is_free = is_free
        self._received = b""
        self._told: Told | None = None
        self._due_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready."""
        self._transport = cast(asyncio.Transport, transport)

    def ask(self, request: bytes, told: Told, due_at: float) -> None:
        """Send a request; the answer is noted when it comes."""
        self._told, self._due_at = told, due_at
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Note the answer when the whole of it has come."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or not self._told:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(body) >= length:
            self._told.took_seconds = time.perf_counter() - self._due_at
            self._told.status = int(head[9:12])
            self._received, self._told = b"", None
            self._is_free(self)


class Load:
    """Requests to one collector."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._host, self._port = place.hostname or "127.0.0.1", place.port or 80
        self._free: list[Connection] = []
        self._waiting: deque[tuple[bytes, Told, float]] = deque()

    async def run(self, rate: int, seconds: int) -> list[Told]:
        """Send every request at its moment, and wait for the answers."""
        requests = [self._request(number) for number in range(rate * seconds)]
        answers = [Told(event_id, number / rate) for number, (event_id, _) in enumerate(requests)]
        await self._connect()
        began = time.perf_counter() + 0.5
        for told, (_, request) in zip(answers, requests, strict=True):
            due_at = began + told.due_seconds
            while (wait := due_at - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            if self._free:
                self._free.pop().ask(request, told, due_at)
            else:
                self._waiting.append((request, told, due_at))
        deadline = time.perf_counter() + PATIENCE_SECONDS
        while time.perf_counter() < deadline and not all(told.status for told in answers):
            await asyncio.sleep(0.1)
        return answers

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(CONNECTIONS):
            _, connection = await loop.create_connection(
                lambda: Connection(self._take_next), self._host, self._port
            )
            self._free.append(connection)

    def _take_next(self, connection: Connection) -> None:
        """A connection has its answer: it sends what waits, or waits itself."""
        if self._waiting:
            connection.ask(*self._waiting.popleft())
        else:
            self._free.append(connection)

    def _request(self, number: int) -> tuple[str, bytes]:
        event_id = str(uuid.uuid4())
        page = {
            "url": f"https://shop.example/category/{number % 50}/product/{number}?utm_source=post",
            "title": f"Product {number}, as good as new - the shop of examples",
            "referrer": "https://search.example/?q=good+as+new",
        }
        visitor = f"{number % VISITORS:032x}"
        if number % EVENTS_EVERY == 0:
            event = {
                "specversion": "1.0",
                "id": event_id,
                "source": "/shop.example",
                "type": "page.viewed",
                "time": "2026-03-14T09:26:53.589Z",
                "visitorid": visitor,
                "data": {"page": page},
            }
            return event_id, self._post("/v1/events", "application/cloudevents+json", event)
        beacon = {"id": event_id, "type": "page.viewed", "age": 3, "data": {"page": page}}
        cookie = f"Cookie: aa_visitor={visitor}\r\n"
        post = self._post("/v1/beacon", "text/plain;charset=UTF-8", beacon, cookie)
        return f"web:{event_id}", post

    def _post(self, path: str, media: str, message: dict[str, object], headers: str = "") -> bytes:
        body = json.dumps(message).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
            f"Content-Type: {media}\r\nContent-Length: {len(body)}\r\n"
            f"User-Agent: {USER_AGENT}\r\nAccept-Language: de-DE,de;q=0.9,en;q=0.8\r\n"
            f"{headers}\r\n"
        )
        return head.encode() + body


def main(url: str, rate: int, seconds: int, told: Path) -> None:
    """Send, then write down what became of each."""
    answers = uvloop.run(Load(url).run(rate, seconds))
    with told.open("w") as file:
        for one in answers:
            line = [one.id, one.due_seconds, one.took_seconds, one.status]
            file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
