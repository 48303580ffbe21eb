"""Drivers that others bring along find a ClickHouse server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import clickhouse_connect
import pyarrow as pa
import pytest
import sqlalchemy
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import StreamFailureError
from clickhouse_connect.driver.external import ExternalData

from warehouse.client import Warehouse
from warehouse.settings import WarehouseSettings


@pytest.fixture(params=["lz4", "zstd", False], ids=str)
def driver(warehouse_server: WarehouseSettings, request: pytest.FixtureRequest) -> Iterator[Client]:
    """clickhouse-connect as it comes, with a session of its own, by each compression."""
    address = {"host": warehouse_server.host, "port": warehouse_server.port}
    with clickhouse_connect.get_client(**address, compress=request.param) as client:
        yield client


def test_rows_and_columns_make_the_round_trip(warehouse: Warehouse, driver: Client) -> None:
    driver.command("create database marts")
    driver.command("create table marts.t (a UInt64, b String) engine = MergeTree order by a")
    rows = [[number, f"row {number}" * 20] for number in range(20_000)]
    assert driver.insert("marts.t", rows, column_names=["a", "b"]).written_rows == 20_000
    arrow = pa.table({"a": pa.array([20_000], pa.uint64()), "b": ["arrow"]})
    assert driver.insert_arrow("marts.t", arrow).written_rows == 1
    assert driver.query("select count(), max(a) from marts.t").result_rows == [(20_001, 20_000)]
    assert driver.query_arrow("select * from marts.t").num_rows == 20_001
    assert driver.query("select * from marts.t where a = {a:UInt64}", {"a": 7}).first_row == (
        7,
        "row 7" * 20,
    )


def test_a_session_keeps_temporary_tables(driver: Client) -> None:
    driver.command("create temporary table seen (a UInt8)")
    driver.insert("seen", [[1], [2]])
    assert driver.query("select sum(a) from seen").first_row == (3,)


def test_a_table_may_be_sent_along(driver: Client) -> None:
    wanted = ExternalData(
        file_name="wanted.csv", data=b"1\n3\n", fmt="CSV", structure="number UInt64"
    )
    query = "select number from numbers(10) where number in wanted order by number"
    for _ in range(2):
        assert driver.query(query, external_data=wanted).result_columns == [[1, 3]]


def test_an_empty_answer_has_no_rows(driver: Client) -> None:
    assert driver.query("select 1 as a where 0").result_rows == []
    assert driver.query_arrow("select 1 as a where 0").column_names == ["a"]


def test_a_stream_that_fails_late_tells_the_driver_why(driver: Client) -> None:
    late = "select number, throwIf(number = 900000, 'the late failure') from numbers(1000000)"
    with (
        pytest.raises(StreamFailureError, match="the late failure"),
        driver.query_row_block_stream(late, settings={"max_block_size": 1000}) as blocks,
    ):
        list(blocks)


def test_many_tasks_may_ask_at_once(warehouse_server: WarehouseSettings) -> None:
    async def ask_at_once() -> list[int]:
        async with await clickhouse_connect.get_async_client(
            host=warehouse_server.host, port=warehouse_server.port, autogenerate_session_id=False
        ) as client:
            answers = (client.query(f"select sleep(0.05), {number}") for number in range(50))
            return [one.first_row[1] for one in await asyncio.gather(*answers)]

    assert asyncio.run(ask_at_once()) == list(range(50))


def test_sqlalchemy_sees_tables_and_columns(
    warehouse: Warehouse, warehouse_server: WarehouseSettings
) -> None:
    warehouse.execute("create database marts")
    warehouse.execute("create table marts.t (a UInt64, b String) engine = MergeTree order by a")
    place = f"{warehouse_server.host}:{warehouse_server.port}"
    engine = sqlalchemy.create_engine(f"clickhousedb://default:@{place}/marts")
    looked = sqlalchemy.inspect(engine)
    assert looked.get_table_names() == ["t"]
    assert [column["name"] for column in looked.get_columns("t")] == ["a", "b"]
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text("select count() from t")).scalar() == 0
    engine.dispose()
