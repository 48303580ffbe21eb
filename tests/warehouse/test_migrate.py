"""Migrations on the real engine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest

from tests.fixtures_warehouse import EmbeddedProcess
from warehouse.client import Warehouse, WarehouseError, WarehouseRefusedError
from warehouse.migrate import MIGRATIONS, migrate, pending

TABLE = "create table marts.{} (a UInt8) engine = MergeTree order by a;\n"
MIGRATE = [sys.executable, "-c", "from orchestration.cli import main; main()", "migrate"]


class Folder:
    """A folder with one migration, whose name is known to no other test."""

    def __init__(self, path: Path, warehouse: Warehouse) -> None:
        self.path = path
        self.file = path / f"0001_{uuid4().hex}.sql"
        self.warehouse = warehouse

    def write(self, *statements: str) -> None:
        self.file.write_text("".join(statements))

    def migrate(self) -> list[str]:
        return migrate(self.warehouse, self.path)

    def forget_that_it_is_done(self, statement: int) -> None:
        """As if the run had been killed before it could record that."""
        self.warehouse.execute(
            "delete from operations.migrations where name = {name:String} and is_done "
            "and statement = {statement:UInt32}",
            name=self.file.name,
            statement=statement,
        )

    def tables(self) -> list[str]:
        found = self.warehouse.rows("select name from system.tables where database = 'marts'")
        return sorted(name for (name,) in found)


@pytest.fixture
def folder(warehouse: Warehouse, tmp_path: Path) -> Folder:
    warehouse.execute("create database marts")
    return Folder(tmp_path, warehouse)


def test_our_own_migrations_are_applied_once(warehouse: Warehouse) -> None:
    assert pending(warehouse) == []
    assert migrate(warehouse) == []


def test_every_statement_of_a_file_is_applied_in_order(folder: Folder) -> None:
    folder.write(TABLE.format("one"), "alter table marts.one add column b String; -- ; done\n")
    assert pending(folder.warehouse, folder.path) == [folder.file.name]
    assert folder.migrate() == [folder.file.name]
    assert folder.warehouse.rows("describe table marts.one")[1][:2] == ("b", "String")
    assert folder.migrate() == []


def test_an_edited_file_is_refused_by_name(folder: Folder) -> None:
    folder.write(TABLE.format("one"))
    folder.migrate()
    folder.write(TABLE.format("one"), "-- one more thought\n")
    with pytest.raises(WarehouseRefusedError, match=rf"{folder.file.name} was edited.*new file"):
        folder.migrate()
    with pytest.raises(WarehouseRefusedError, match="was edited"):
        pending(folder.warehouse, folder.path)


def test_a_refused_statement_is_named_and_may_be_mended(folder: Folder) -> None:
    folder.write(TABLE.format("one"), "create tabel marts.two (a UInt8);", TABLE.format("three"))
    with pytest.raises(WarehouseRefusedError, match=rf"{folder.file.name}, statement 2: .*tabel"):
        folder.migrate()
    assert folder.tables() == ["one"]
    folder.write(TABLE.format("one"), TABLE.format("two"), TABLE.format("three"))
    assert folder.migrate() == [folder.file.name]
    assert folder.tables() == ["one", "three", "two"]


def test_a_table_that_somebody_else_made_is_no_migration(folder: Folder) -> None:
    folder.warehouse.execute(TABLE.format("one").rstrip(";\n"))
    folder.write(TABLE.format("one"))
    with pytest.raises(WarehouseRefusedError, match="already exists"):
        folder.migrate()


def test_killed_between_a_statement_and_its_record_it_goes_on(folder: Folder) -> None:
    folder.write(TABLE.format("one"), TABLE.format("two"))
    folder.migrate()
    folder.forget_that_it_is_done(statement=2)
    assert pending(folder.warehouse, folder.path) == [folder.file.name]
    assert folder.migrate() == [folder.file.name]
    assert folder.tables() == ["one", "two"]


def test_a_begun_statement_that_may_not_run_twice_is_left_to_a_person(folder: Folder) -> None:
    folder.write(TABLE.format("one"), "insert into marts.one select 1;")
    folder.migrate()
    folder.forget_that_it_is_done(statement=2)
    with pytest.raises(WarehouseRefusedError, match="nobody can tell whether it is done"):
        folder.migrate()
    assert folder.warehouse.scalar("select count() from marts.one") == 1


def test_killed_half_way_the_command_goes_on_where_it_was(tmp_path: Path) -> None:
    server = EmbeddedProcess(tmp_path)
    with Warehouse.connect(server.settings, "tests") as warehouse:
        kill_when_begun(warehouse, server, begun_count=4)
        assert pending(warehouse) != []
        assert subprocess.run(MIGRATE, env=environment(server), check=True).returncode == 0
        assert pending(warehouse) == []
        done = warehouse.rows("select name, statement from operations.migrations where is_done")
        assert len(done) == len(set(done))
        assert {name for name, _ in done} == {file.name for file in MIGRATIONS.glob("*.sql")}
    server.stop()


def environment(server: EmbeddedProcess) -> dict[str, str]:
    return {**os.environ, "WAREHOUSE_URL": server.settings.url}


def kill_when_begun(warehouse: Warehouse, server: EmbeddedProcess, begun_count: int) -> None:
    """Run the command and kill it when so many statements are begun."""
    process = subprocess.Popen(MIGRATE, env=environment(server), stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while begun(warehouse) < begun_count:
        assert time.monotonic() < deadline, "the migration does not come so far"
    process.send_signal(signal.SIGKILL)
    process.wait()


def begun(warehouse: Warehouse) -> int:
    try:
        return int(
            warehouse.scalar("select countDistinct(name, statement) from operations.migrations")
        )
    except WarehouseError:
        return 0
