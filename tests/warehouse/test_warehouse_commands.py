"""`active-analytics migrate`, `sql` and `warehouse serve`, as a shell sees them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestration.cli import cli
from tests.fixtures_warehouse import free_port
from warehouse.client import Warehouse, wait_until_ready
from warehouse.settings import WarehouseSettings

COMMAND = [sys.executable, "-c", "from orchestration.cli import main; main()"]


def run(settings: WarehouseSettings, *arguments: str) -> Result:
    """Run the command in this process: a process of its own costs a second."""
    environment = {"WAREHOUSE_URL": settings.url, "COLUMNS": "60"}
    return CliRunner().invoke(cli, arguments, env=environment)


def test_sql_shows_a_table_to_people(warehouse_server: WarehouseSettings) -> None:
    shown = run(warehouse_server, "sql", "select 7 as lucky, 'x' as letter")
    assert shown.exit_code == 0, shown.output
    assert "lucky" in shown.stdout
    assert "7" in shown.stdout


@pytest.mark.parametrize(
    ("query", "said"),
    [
        pytest.param("select 1 as a where 0", "no rows", id="no rows"),
        pytest.param("create database if not exists marts", "done", id="no answer"),
    ],
)
def test_sql_says_when_there_is_nothing_to_show(
    warehouse: Warehouse, warehouse_server: WarehouseSettings, query: str, said: str
) -> None:
    assert said in run(warehouse_server, "sql", query).stdout


def test_sql_gives_scripts_any_format_of_clickhouse(warehouse_server: WarehouseSettings) -> None:
    query = "select number from numbers(2)"
    shown = run(warehouse_server, "sql", query, "--format", "JSONEachRow")
    assert [json.loads(line) for line in shown.stdout.splitlines()] == [
        {"number": 0},
        {"number": 1},
    ]


def test_a_refusal_is_one_sentence(warehouse_server: WarehouseSettings) -> None:
    refused = subprocess.run(
        [*COMMAND, "sql", "select nosuch"],
        env={**os.environ, "WAREHOUSE_URL": warehouse_server.url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert refused.returncode == 1
    assert refused.stderr.startswith("active-analytics: select nosuch: Code: 47.")
    assert len(refused.stderr.splitlines()) == 1


def test_migrate_tells_scripts_what_it_did(
    warehouse: Warehouse, warehouse_server: WarehouseSettings
) -> None:
    assert json.loads(run(warehouse_server, "migrate", "--json").stdout) == {"applied": []}
    planned = run(warehouse_server, "migrate", "--dry-run", "--json")
    assert json.loads(planned.stdout) == {"pending": []}
    assert run(warehouse_server, "migrate").stdout == "nothing to apply\n"


def test_warehouse_serve_is_the_server_itself(tmp_path: Path) -> None:
    port = free_port()
    command = [*COMMAND, "warehouse", "serve", "--path", str(tmp_path / "w"), "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    settings = WarehouseSettings(url=f"http://127.0.0.1:{port}")
    wait_until_ready(settings, 60)
    with Warehouse.connect(settings, "tests") as warehouse:
        assert warehouse.scalar("select 1") == 1
    server.terminate()
    said, _ = server.communicate(timeout=60)
    assert server.returncode == 0
    assert f"answers at {settings.url}" in said
