"""Requests on a timetable: what a collector's clients see, whether or not it keeps up.

`python -m bench.load URL RATE SECONDS TOLD`: every request has a moment at which it is due, and its
latency counts from that moment, so that a server that stands still is charged for every client that
would have come meanwhile. A hundred connections are kept alive; a request that finds none free
waits.
TOLD gets one JSON line per request: id, when it was due, seconds it took, status (0: no answer).
"""

from __future__ import annotations

import gc
import json
import select
import socket
import sys
import time
import uuid
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

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


class Connection:
    """One kept-alive connection, one request at a time."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port))
        self.socket.setblocking(False)
        self.told: Told | None = None
        self._received = b""

    def ask(self, request: bytes, told: Told) -> None:
        """Send a request."""
        self.told = told
        assert self.socket.send(request) == len(request)

    def answered(self) -> int:
        """Read on: the status when the whole answer has come, else 0.

        Raises:
            ConnectionError: the collector has closed the connection.
        """
        received = self.socket.recv(65536)
        if not received:
            raise ConnectionResetError
        self._received += received
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return 0
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(body) < length:
            return 0
        self._received = b""
        return int(head[9:12])


class Load:
    """Requests to one collector, from a plain loop: asyncio's takes as much as the collector."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._host, self._port = place.hostname or "127.0.0.1", place.port or 80
        self._poll = select.epoll()
        self._connections: dict[int, Connection] = {}
        self._free: deque[Connection] = deque()  # in turn, or some would be idle for too long

    def run(self, rate: int, seconds: int) -> list[Told]:
        """Send every request at its moment, and wait for the answers."""
        requests = [self._request(number) for number in range(rate * seconds)]
        answers = [Told(event_id, number / rate) for number, (event_id, _) in enumerate(requests)]
        self._connect()
        gc.disable()  # a pause would be charged to the collector
        began = time.perf_counter() + 0.5
        coming = deque(zip((request for _, request in requests), answers, strict=True))
        while (coming or self._is_awaiting()) and _now(began) < seconds + PATIENCE_SECONDS:
            while coming and self._free and coming[0][1].due_seconds <= _now(began):
                self._free.popleft().ask(*coming.popleft())
            due = coming[0][1].due_seconds if coming and self._free else _now(began) + 0.1
            self._hear(began, due - _now(began))
        return answers

    def _connect(self) -> None:
        for _ in range(CONNECTIONS):
            connection = Connection(self._host, self._port)
            self._connections[connection.socket.fileno()] = connection
            self._poll.register(connection.socket, select.EPOLLIN)
            self._free.append(connection)

    def _is_awaiting(self) -> bool:
        return len(self._free) < len(self._connections)

    def _hear(self, began: float, seconds: float) -> None:
        """Note the answers that come, for at most so long (`select` knows microseconds)."""
        if not select.select([self._poll], [], [], max(seconds, 0.0))[0]:
            return
        for number, _ in self._poll.poll(0):
            connection = self._connections[number]
            try:
                status = connection.answered()
            except ConnectionError:
                self._poll.unregister(number)
                del self._connections[number]
                if connection in self._free:
                    self._free.remove(connection)
                continue
            if status and connection.told:
                connection.told.took_seconds = _now(began) - connection.told.due_seconds
                connection.told.status = status
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


def _now(began: float) -> float:
    return time.perf_counter() - began


def main(url: str, rate: int, seconds: int, told: Path) -> None:
    """Send, then write down what became of each."""
    answers = Load(url).run(rate, seconds)
    with told.open("w") as file:
        for one in answers:
            line = [one.id, one.due_seconds, one.took_seconds, one.status]
            file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
