"""One process owns a warehouse's directory; opening and stopping it are told in plain words."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import urllib3

from tests.fixtures_warehouse import EmbeddedProcess, ask, free_port
from warehouse.settings import WarehouseSettings


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedProcess]:
    """A server of the test's own; one that still runs is ended."""
    server = EmbeddedProcess(tmp_path)
    yield server
    if server.process.poll() is None:
        server.kill()


def refused(*arguments: str | Path, **environment: str) -> str:
    """What `python -m warehouse.embedded` says when it refuses to start."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("WAREHOUSE_")}
    done = subprocess.run(
        [sys.executable, "-m", "warehouse.embedded", *map(str, arguments)],
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    return done.stderr


def wait_until_running(server: EmbeddedProcess, log_comment: str) -> None:
    running = f"select countIf(Settings['log_comment'] = '{log_comment}') from system.processes"
    deadline = time.monotonic() + 20
    while ask(server.settings, running).data != b"1\n":
        assert time.monotonic() < deadline, "the query does not run"


def test_a_second_process_is_told_who_owns_the_directory(
    warehouse_server: WarehouseSettings,
) -> None:
    said = refused("--path", warehouse_server.path, "--port", str(free_port()))
    owner = (warehouse_server.path / "owner.lock").read_text().strip()
    assert f"already served by process {owner}" in said
    assert "another --path" in said


def test_a_taken_port_is_named(warehouse_server: WarehouseSettings, tmp_path: Path) -> None:
    said = refused("--path", tmp_path / "other", "--port", str(warehouse_server.port))
    assert f"cannot listen on {warehouse_server.url}" in said


def test_other_machines_are_served_with_a_password_only(tmp_path: Path) -> None:
    said = refused("--path", tmp_path, "--listen", "0.0.0.0", "--port", str(free_port()))
    assert "set WAREHOUSE_PASSWORD" in said


def test_bad_settings_are_named(tmp_path: Path) -> None:
    assert "WAREHOUSE_MAX_QUERIES" in refused("--path", tmp_path, WAREHOUSE_MAX_QUERIES="many")


def test_a_table_that_cannot_be_loaded_is_named(server: EmbeddedProcess) -> None:
    ask(server.settings, "create table default.good (a UInt8) engine = MergeTree order by a")
    server.stop()
    (metadata,) = server.settings.path.glob("store/*/*/good.sql")
    metadata.write_text(metadata.read_text().replace("MergeTree", "NoSuchTree"))
    said = refused("--path", server.settings.path, "--port", str(server.port))
    assert "NoSuchTree" in said
    assert f"cannot open {server.settings.path}" in said


def test_what_a_killed_replacement_left_is_cleared_away(server: EmbeddedProcess) -> None:
    for table in ("kept", "_tmp_replace_aa_bb"):
        ask(server.settings, f"create table {table} (a UInt8) engine = MergeTree order by a")
    server.kill()
    server.start()
    assert ask(server.settings, "show tables from default").data == b"kept\n"


def test_being_stopped_it_finishes_a_write_and_gives_up_a_long_read(
    server: EmbeddedProcess,
) -> None:
    ask(server.settings, "create table rows (a UInt64) engine = MergeTree order by a")
    slow_write = """
    insert into rows select number from numbers(25) where sleepEachRow(0.1) = 0
    settings max_block_size = 1, function_sleep_max_microseconds_per_block = 0
    """
    endless_read = "select sum(sipHash64(number)) from numbers(1000000000000)"
    endless_answer = "select number from numbers(1000000000000)"
    never_read = urllib3.request(
        "POST", server.settings.url, body=endless_answer, preload_content=False
    )
    with ThreadPoolExecutor(2) as threads:
        write = threads.submit(ask, server.settings, slow_write, log_comment="write")
        read = threads.submit(ask, server.settings, endless_read, log_comment="read")
        wait_until_running(server, "write")
        wait_until_running(server, "read")
        assert server.stop() == 0
        assert write.result().status == 200, write.result().data
        assert read.result().headers["X-ClickHouse-Exception-Code"] == "394"
    never_read.close()
    server.start()
    assert ask(server.settings, "select count() from rows").data == b"25\n"
