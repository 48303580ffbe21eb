"""Collectors for tests: in this process on a free port, or as the command that a shop runs."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import subprocess
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvloop

from streams.collector.connections import HttpServer
from streams.collector.serving import server_of
from streams.collector.settings import CollectorSettings
from streams.framing import read_frames
from streams.publisher import Publisher
from streams.settings import StreamSettings
from tests.processes import COMMAND, eventually

NOWHERE = StreamSettings(kafka_brokers="127.0.0.1:1")
ON_A_FREE_PORT = CollectorSettings(collector_port=0)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the collector."""

    status: int
    headers: Message  # names in whatever case
    body: bytes = field(repr=False)

    @property
    def told(self) -> Any:
        """The JSON in it."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a collector answers, and the spool that it writes."""

    url: str
    spool: Path

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=20)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def post(
        self, path: str, body: object, media: str = "application/json", **given: str
    ) -> Answer:
        """A request with a body: bytes as they are, anything else as JSON; headers by name."""
        headers = {name.replace("_", "-"): value for name, value in given.items()}
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.ask("POST", path, payload, {"Content-Type": media, **headers})

    def events(self) -> list[Any]:
        """The messages in the spool, read as JSON."""
        return [json.loads(value) for value in self.messages()]

    def messages(self) -> list[bytes]:
        """The messages in the spool, in the order they came."""
        segments = [path.read_bytes() for path in sorted(self.spool.glob("*.spool"))]
        frames = [read_frames(one, at_most=len(one)).messages for one in segments]
        return [message.value for messages in frames for message in messages]


@contextmanager
def collector_in_process(
    spool: Path,
    settings: CollectorSettings = ON_A_FREE_PORT,
    stream: StreamSettings = NOWHERE,
    at_most: int | None = None,
) -> Iterator[Place]:
    """A collector in a thread of this process, by default without a broker."""
    publisher = Publisher(stream, spool, settings.collector_spool_bytes)
    try:
        with answering(publisher, settings, at_most) as port:
            yield Place(f"http://127.0.0.1:{port}", spool)
    finally:
        publisher.close(0)


@contextmanager
def answering(
    publisher: Publisher, settings: CollectorSettings, at_most: int | None = None
) -> Iterator[int]:
    """The HTTP side of a collector in a thread, of so many connections; on which port."""
    loop = uvloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="collector")
    thread.start()

    async def start() -> tuple[asyncio.Server, HttpServer]:
        server = server_of(publisher, settings, at_most)
        port = settings.collector_port
        return await loop.create_server(server.connection, "127.0.0.1", port), server

    async def stop(listener: asyncio.Server, server: HttpServer) -> None:
        listener.close()
        await server.finish(5)

    listener, server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(stop(listener, server), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


class CollectorProcess:
    """`active-analytics collect serve` as a process of its own."""

    def __init__(self, stream: StreamSettings, spool: Path, port: int, **variables: str) -> None:
        self.place = Place(f"http://127.0.0.1:{port}", spool)
        self._log = spool.with_name(f"{spool.name}.log")
        self.command = [COMMAND, "collect", "serve", "--port", str(port), "--spool", spool]
        self._environment = {
            **os.environ,
            "KAFKA_BROKERS": stream.kafka_brokers,
            "EVENTS_TOPIC": stream.events_topic,
            **variables,
        }

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(self.command, env=self._environment, stderr=log)
        eventually(lambda: self.process.poll() is not None or self.is_answering(), tell=self.told)
        assert self.process.poll() is None, self.told()

    def is_answering(self) -> bool:
        """Whether it is well."""
        try:
            with urllib.request.urlopen(f"{self.place.url}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def metric(self, name: str) -> int:
        """A count that it tells of itself."""
        lines = self.place.ask("GET", "/metrics").body.decode().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith(f"{name} ")))

    def told(self) -> str:
        """What its log says, for a failing test."""
        return self._log.read_text()[-4000:]

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait(30)

    def stop(self) -> int:
        """End it with SIGTERM; its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(60)
