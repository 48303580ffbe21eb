"""A real embedded warehouse in its own process, on a free loopback port, emptied for each test."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode

import pytest
import urllib3

from warehouse.client import Warehouse, WarehouseBusyError, wait_until_ready
from warehouse.migrate import migrate
from warehouse.settings import WarehouseSettings

OWN_DATABASES = ("event_store", "analytics", "reference", "triggers", "operations")
DBT_DATABASES = ("staging", "intermediate", "marts")


class EmbeddedProcess:
    """`python -m warehouse.embedded` on a directory; ends with the test that started it."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.port = free_port()
        self.settings = WarehouseSettings(
            url=f"http://127.0.0.1:{self.port}",
            path=home / "warehouse",
            password=environment.get("WAREHOUSE_PASSWORD", ""),
            reader_password=environment.get("WAREHOUSE_READER_PASSWORD", ""),
        )
        self.log = home / "warehouse.log"
        self._environment = environment
        self.start()

    def start(self) -> None:
        """Start the process and wait for its first answer."""
        command = [sys.executable, "-m", "warehouse.embedded"]
        arguments = ["--path", str(self.settings.path), "--port", str(self.port)]
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("WAREHOUSE_")}
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*command, *arguments],
                env={**inherited, **self._environment},
                stdout=log,
                stderr=log,
            )
        try:
            wait_until_ready(self.settings, 60)
        except WarehouseBusyError:
            self.kill()
            raise AssertionError(self.log.read_text()) from None

    def stop(self) -> int:
        """End it with SIGTERM; returns its exit code."""
        self.process.terminate()
        return self.process.wait(60)

    def kill(self) -> None:
        """End it with SIGKILL, as a crash would."""
        self.process.kill()
        self.process.wait(30)


def ask(
    settings: WarehouseSettings,
    body: str | bytes,
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    **fields: str,
) -> urllib3.BaseHTTPResponse:
    """Speak ClickHouse's HTTP protocol without a driver; bodies come back as they were sent."""
    return urllib3.request(
        method,
        f"{settings.url}/?{urlencode(fields)}",
        body=body,
        headers=dict(headers or {}),
        decode_content=False,
        retries=False,
        timeout=60,
    )


def free_port() -> int:
    """A TCP port of the loopback that nobody uses now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def warehouse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarehouseSettings]:
    """Settings of a running warehouse with all migrations applied, shared by the session."""
    server = EmbeddedProcess(tmp_path_factory.mktemp("warehouse"))
    with Warehouse.connect(server.settings, "tests") as warehouse:
        migrate(warehouse)
    yield server.settings
    assert server.stop() == 0, server.log.read_text()


@pytest.fixture
def warehouse(warehouse_server: WarehouseSettings) -> Iterator[Warehouse]:
    """The session's warehouse, with every table of ours empty and dbt's databases gone."""
    with Warehouse.connect(warehouse_server, "tests") as warehouse:
        empty(warehouse)
        yield warehouse


def empty(warehouse: Warehouse) -> None:
    """Empty every table of ours (but the record of migrations) and drop what dbt made."""
    for database in DBT_DATABASES:
        warehouse.execute(f"drop database if exists {database} sync")
    tables = warehouse.rows(
        "select database, name from system.tables where database in {databases:Array(String)} "
        "and engine like '%MergeTree' and total_rows > 0 and name != 'migrations'",
        databases=list(OWN_DATABASES),
    )
    for database, table in tables:
        warehouse.execute(f"truncate table {database}.{table} sync")
