"""A broker and a warehouse of a benchmark's own, on free loopback ports, gone afterwards."""

from __future__ import annotations

import dataclasses
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.local_kafka import LocalKafka
from streams.settings import StreamSettings
from warehouse.client import wait_until_ready
from warehouse.settings import WarehouseSettings

JARS = Path(".local") / "kafka" / "jars"  # shared with `active-analytics up`


@contextmanager
def local_broker(home: Path) -> Iterator[StreamSettings]:
    """Settings of a running broker."""
    kafka = LocalKafka(home / "kafka", free_port(), JARS)
    kafka.start()
    try:
        yield dataclasses.replace(StreamSettings(), kafka_brokers=kafka.brokers, local_home=home)
    finally:
        kafka.stop()


@contextmanager
def embedded_warehouse(home: Path) -> Iterator[WarehouseSettings]:
    """Settings of a running embedded warehouse, its tables not made yet."""
    port = free_port()
    settings = WarehouseSettings(url=f"http://127.0.0.1:{port}", path=home / "warehouse")
    command = [sys.executable, "-m", "warehouse.embedded", "--path", str(settings.path)]
    with (home / "warehouse.log").open("wb") as log:
        server = subprocess.Popen([*command, "--port", str(port)], stdout=log, stderr=log)
    try:
        wait_until_ready(settings, 30)
        yield settings
    finally:
        end(server)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process with SIGTERM, or at last with SIGKILL."""
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
