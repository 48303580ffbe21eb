"""The door to the warehouse: rows in, rows out, and errors a caller can act on."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from tests.fixtures_warehouse import EmbeddedProcess, free_port
from warehouse.client import (
    Warehouse,
    WarehouseBusyError,
    WarehouseRefusedError,
    wait_until_ready,
)
from warehouse.settings import WarehouseSettings

PUBLISHED_AT = datetime(2026, 3, 1, 12, 30, 0, 123456, UTC)


@pytest.fixture
def sheet(warehouse: Warehouse) -> Warehouse:
    """The warehouse with an empty table `marts.sheet`."""
    warehouse.execute("create database marts")
    warehouse.execute(
        "create table marts.sheet (number UInt32, name String, at DateTime64(6, 'UTC')) "
        "engine = MergeTree order by number"
    )
    return warehouse


def arrow(*numbers: int) -> pa.Table:
    columns = {
        "number": pa.array(numbers, pa.uint32()),
        "name": [f"n{number}" for number in numbers],
        "at": pa.array([PUBLISHED_AT] * len(numbers), pa.timestamp("us", "UTC")),
    }
    return pa.table(columns)


def test_rows_dicts_and_scalars_of_one_query(warehouse: Warehouse) -> None:
    query = "select number, toString(number) as name from numbers(2)"
    assert warehouse.rows(query) == [(0, "0"), (1, "1")]
    assert warehouse.dicts(query) == [{"number": 0, "name": "0"}, {"number": 1, "name": "1"}]
    assert warehouse.scalar(query) == 0


def test_a_scalar_of_no_row_is_refused(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseRefusedError, match="no row came back"):
        warehouse.scalar("select 1 where 0")


def test_parameters_keep_their_types_and_are_never_sql(warehouse: Warehouse) -> None:
    found = warehouse.dicts(
        "select {text:String} as text, {texts:Array(String)} as texts, {day:Date} as day, "
        "{at:DateTime64(6)} as at, {number:UInt64} as number",
        text="x'; drop table y --\n\t\\",
        texts=["it's", "a \\ b"],
        day=date(2026, 3, 1),
        at=PUBLISHED_AT,
        number=2**64 - 1,
    )
    assert found == [
        {
            "text": "x'; drop table y --\n\t\\",
            "texts": ["it's", "a \\ b"],
            "day": date(2026, 3, 1),
            "at": PUBLISHED_AT.replace(tzinfo=None),
            "number": 2**64 - 1,
        }
    ]


def test_inserted_rows_and_columns_come_back(sheet: Warehouse) -> None:
    columns = ["number", "name", "at"]
    sheet.insert("marts.sheet", columns, [(1, "n1", PUBLISHED_AT), (2, "ü", PUBLISHED_AT)])
    sheet.insert_arrow("marts.sheet", arrow(3, 4))
    at = PUBLISHED_AT.replace(tzinfo=None)
    assert sheet.rows("select * from marts.sheet order by number") == [
        (1, "n1", at),
        (2, "ü", at),
        (3, "n3", at),
        (4, "n4", at),
    ]


def test_nothing_to_insert_is_no_call(sheet: Warehouse) -> None:
    sheet.insert("marts.nosuch", ["number"], [])
    sheet.insert_arrow("marts.nosuch", arrow())


def test_columns_in_many_pieces_become_one_part(sheet: Warehouse) -> None:
    pieces = [arrow(*range(start, start + 500)) for start in range(0, 20_000, 500)]
    sheet.insert_arrow("marts.sheet", pa.concat_tables(pieces))
    parts = sheet.rows("select rows from system.parts where table = 'sheet' and active")
    assert parts == [(20_000,)]


def test_a_value_that_does_not_fit_its_column_is_refused(sheet: Warehouse) -> None:
    with pytest.raises(WarehouseRefusedError, match=r"insert 1 rows into marts\.sheet"):
        sheet.insert("marts.sheet", ["number"], [("many",)])
    wrong = pa.table({"number": ["many"]})
    with pytest.raises(WarehouseRefusedError, match=r"insert 1 rows into marts\.sheet"):
        sheet.insert_arrow("marts.sheet", wrong)
    assert sheet.scalar("select count() from marts.sheet") == 0


def test_an_answer_may_be_streamed_in_the_servers_own_words(warehouse: Warehouse) -> None:
    pieces = warehouse.stream("select number from numbers({n:UInt8})", "CSV", n=3)
    assert b"".join(pieces) == b"0\n1\n2\n"


def test_a_stream_that_would_break_off_is_an_error_instead(warehouse: Warehouse) -> None:
    late = "select throwIf(number = 900000) from numbers(1000000) settings max_block_size = 1000"
    with pytest.raises(WarehouseRefusedError, match="Code: 395"):
        b"".join(warehouse.stream(late, "CSV"))


def test_a_refusal_says_what_was_asked_what_came_back_and_what_to_do(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseRefusedError) as refused:
        warehouse.rows("select *\n  from analytics.nosuch")
    said = str(refused.value)
    assert said.startswith("select * from analytics.nosuch: Code: 60. DB::Exception: ")
    assert said.endswith("`active-analytics migrate`")
    assert "http://" not in said
    assert refused.value.code == 60


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("select sleep(3) settings max_execution_time = 1", id="too slow"),
        pytest.param(
            "select groupArray(number) from numbers(10000000) settings max_memory_usage = 50000000",
            id="too much memory",
        ),
    ],
)
def test_what_may_work_later_is_a_busy_warehouse(warehouse: Warehouse, query: str) -> None:
    with pytest.raises(WarehouseBusyError):
        warehouse.rows(query)


def test_nobody_at_the_address_is_a_busy_warehouse() -> None:
    nobody = WarehouseSettings(url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(WarehouseBusyError, match="cannot be reached"):
        Warehouse.connect(nobody, "tests")
    with pytest.raises(WarehouseBusyError, match="active-analytics up"):
        wait_until_ready(nobody, 0.1)


def test_an_insert_whose_connection_breaks_is_not_sent_again(tmp_path: Path) -> None:
    server = EmbeddedProcess(tmp_path)
    with Warehouse.connect(server.settings, "tests") as warehouse:
        server.stop()
        with who_hangs_up(server.port) as requests:
            with pytest.raises(WarehouseBusyError, match=r"insert 2 rows into marts\.sheet"):
                warehouse.insert_arrow("marts.sheet", arrow(1, 2))
            assert len(requests) == 1


@contextmanager
def who_hangs_up(port: int) -> Iterator[list[bytes]]:
    """A server that reads the beginning of a request and closes; gives what it read."""
    requests: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                requests.append(connection.recv(1 << 16))

    with socket.create_server(("127.0.0.1", port)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield requests
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()
