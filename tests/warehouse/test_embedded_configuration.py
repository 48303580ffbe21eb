"""The engine runs with our settings, not with those of a command-line tool."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.fixtures_warehouse import EmbeddedProcess
from warehouse.client import Warehouse


@pytest.fixture(scope="module")
def configured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A server on a machine whose clock is not in UTC."""
    server = EmbeddedProcess(
        tmp_path_factory.mktemp("configured"), TZ="America/New_York", WAREHOUSE_MEMORY_PERCENT="40"
    )
    with Warehouse.connect(server.settings, "tests") as warehouse:
        yield warehouse
    server.stop()


def test_parts_are_flushed_and_kept_a_while(configured: Warehouse) -> None:
    names = [
        "old_parts_lifetime",
        "fsync_after_insert",
        "fsync_part_directory",
        "min_rows_to_fsync_after_merge",
    ]
    settings = configured.rows(
        "select name, value from system.merge_tree_settings where name in {names:Array(String)}",
        names=names,
    )
    assert dict(settings) == dict(zip(names, ["480", "1", "1", "1"], strict=True))


def test_memory_is_bounded_for_all_and_for_one(configured: Warehouse) -> None:
    ram_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = int(
        configured.scalar(
            "select value from system.server_settings where name = 'max_server_memory_usage'"
        )
    )
    assert 0 < limit <= 0.4 * ram_bytes
    assert 0 < configured.scalar("select getSetting('max_memory_usage')") < limit


def test_time_is_utc_and_bounded(configured: Warehouse) -> None:
    assert configured.scalar("select timezone()") == "UTC"
    assert configured.scalar("select getSetting('max_execution_time') from system.one") == 3600


def test_queries_are_logged_and_the_log_forgets(configured: Warehouse) -> None:
    configured.execute("select 'to be found in the log' settings log_comment = 'found'")
    configured.execute("system flush logs")
    logged = configured.scalar(
        "select count() from system.query_log where log_comment = 'found' and type = 'QueryFinish'"
    )
    assert logged == 1
    assert "TTL event_date" in configured.scalar("show create table system.query_log")


def test_a_backup_goes_to_the_warehouses_own_directory_only(configured: Warehouse) -> None:
    configured.execute("create table default.kept (a UInt8) engine = MergeTree order by a")
    configured.execute("insert into default.kept values (7)")
    configured.execute("backup table default.kept to File('kept')")
    configured.execute("drop table default.kept sync")
    configured.execute("restore table default.kept from File('kept')")
    assert configured.scalar("select a from default.kept") == 7
