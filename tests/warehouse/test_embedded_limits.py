"""Limits of time, memory and number: beyond them a question is refused, the others go on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fixtures_warehouse import EmbeddedProcess, ask
from warehouse.embedded.lanes import WAITING_PER_RUNNING
from warehouse.settings import WarehouseSettings


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarehouseSettings]:
    """A server that runs one question at a time."""
    server = EmbeddedProcess(tmp_path_factory.mktemp("narrow"), WAREHOUSE_MAX_QUERIES="1")
    yield server.settings
    server.stop()


def test_questions_wait_for_their_turn_and_too_many_are_refused(narrow: WarehouseSettings) -> None:
    served = 1 + WAITING_PER_RUNNING
    with ThreadPoolExecutor(3 * served) as threads:
        answers = list(
            threads.map(
                ask, [narrow] * 3 * served, ["select sleep(0.3) from system.one"] * 3 * served
            )
        )
    codes = [answer.headers.get("X-ClickHouse-Exception-Code") for answer in answers]
    assert set(codes) == {None, "202"}
    assert codes.count(None) >= served
    assert {answer.status for answer in answers} == {200, 503}


def test_readers_writers_and_changes_of_tables_get_along(
    warehouse_server: WarehouseSettings,
) -> None:
    statements = [
        "insert into default.crowd select number, 'x' from numbers(1000)",
        "select count(), uniq(a) from default.crowd",
        "create or replace table default.crowd_copy engine = MergeTree order by a "
        "as select * from default.crowd",
        "optimize table default.crowd final",
    ]
    ask(
        warehouse_server,
        "create table default.crowd (a UInt64, b String) engine = MergeTree order by a",
    )
    until = time.monotonic() + 1

    def keep_asking(statement: str) -> list[str]:
        said = []
        while time.monotonic() < until:
            answer = ask(warehouse_server, statement)
            if answer.status != 200:
                said.append(answer.data.decode())
        return said

    with ThreadPoolExecutor(2 * len(statements)) as threads:
        complaints = [one for said in threads.map(keep_asking, statements * 2) for one in said]
    ask(warehouse_server, "drop table default.crowd sync")
    ask(warehouse_server, "drop table default.crowd_copy sync")
    assert complaints == []


def test_a_query_ends_at_its_time_limit(warehouse_server: WarehouseSettings) -> None:
    slow = "select count(sleepEachRow(0.1)) from numbers(600) settings max_block_size = 1"
    answer = ask(warehouse_server, slow, max_execution_time="1")
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (408, "159")


def test_a_query_may_not_take_more_memory_than_it_may(warehouse_server: WarehouseSettings) -> None:
    greedy = "select groupArray(number) from numbers(100000000)"
    answer = ask(warehouse_server, greedy, max_memory_usage="50000000")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "241"
