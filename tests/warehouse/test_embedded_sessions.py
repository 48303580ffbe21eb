"""Named sessions: what stays between requests, and what must not."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
import urllib3

from tests.fixtures_warehouse import ask
from warehouse.settings import WarehouseSettings

Ask = Callable[..., urllib3.BaseHTTPResponse]


@pytest.fixture
def in_session(warehouse_server: WarehouseSettings) -> Ask:
    """Ask within one session of this test's own."""
    name = uuid4().hex
    return lambda sql, **fields: ask(warehouse_server, sql, session_id=name, **fields)


def test_temporary_tables_live_in_their_session_only(
    in_session: Ask, warehouse_server: WarehouseSettings
) -> None:
    in_session("create temporary table seen (a UInt8)")
    in_session("insert into seen values (7)")
    assert in_session("select a from seen").data == b"7\n"
    assert ask(warehouse_server, "select a from seen").status == 404


def test_what_a_session_sets_stays(in_session: Ask) -> None:
    in_session("set max_block_size = 77")
    in_session("use system")
    now = "select getSetting('max_block_size'), currentDatabase()"
    assert in_session(now).data == b"77\tsystem\n"


def test_what_a_request_brings_is_given_back_after_it(in_session: Ask) -> None:
    in_session("set max_block_size = 77")
    now = "select getSetting('max_block_size'), getSetting('max_threads'), currentDatabase()"
    before = in_session(now).data
    lent = in_session(now, max_block_size="99", max_threads="3", database="system").data
    assert lent == b"99\t3\tsystem\n"
    assert in_session(now).data == before


def test_limits_of_the_server_come_back_too(in_session: Ask) -> None:
    now = "select getSetting('max_memory_usage')"
    before = in_session(now).data
    assert in_session(now, max_memory_usage="1000000000").data == b"1000000000\n"
    assert in_session(now).data == before


def test_a_session_serves_one_query_at_a_time(in_session: Ask) -> None:
    slow = "select sleep(2)"
    with ThreadPoolExecutor(2) as threads:
        codes = {
            answer.headers.get("X-ClickHouse-Exception-Code")
            for answer in threads.map(in_session, [slow, slow])
        }
    assert codes == {None, "373"}


def test_a_session_that_must_exist_and_does_not_is_refused(in_session: Ask) -> None:
    answer = in_session("select 1", session_check="1")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "372"


def test_a_silent_session_is_forgotten(in_session: Ask) -> None:
    in_session("create temporary table seen (a UInt8)", session_timeout="0")
    assert in_session("select a from seen").status == 404


def test_a_failed_query_leaves_its_session_usable(in_session: Ask) -> None:
    assert in_session("select nosuch", max_threads="3").status == 404
    assert in_session("select 1").data == b"1\n"
