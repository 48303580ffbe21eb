"""The embedded warehouse speaks ClickHouse's HTTP protocol: statements, rows, formats, errors."""

from __future__ import annotations

import gzip
import json
import zlib

import lz4.frame
import pytest
import urllib3
import zstandard

from tests.fixtures_warehouse import ask
from warehouse.client import Warehouse
from warehouse.settings import WarehouseSettings

TWO_ROWS = b"1\tone\n2\ttwo\n"


@pytest.fixture
def numbers(warehouse: Warehouse, warehouse_server: WarehouseSettings) -> WarehouseSettings:
    """The server with an empty table `marts.numbers (number UInt32, name String)`."""
    warehouse.execute("create database marts")
    warehouse.execute(
        "create table marts.numbers (number UInt32, name String) engine = MergeTree order by number"
    )
    return warehouse_server


def stored(settings: WarehouseSettings) -> bytes:
    return ask(settings, "select * from marts.numbers order by number").data


def test_ping_needs_no_password(warehouse_server: WarehouseSettings) -> None:
    answer = urllib3.request("GET", f"{warehouse_server.url}/ping")
    assert (answer.status, answer.data) == (200, b"Ok.\n")


def test_a_query_may_stand_in_the_address_the_body_or_both(
    warehouse_server: WarehouseSettings,
) -> None:
    assert ask(warehouse_server, b"", method="GET", query="select 1").data == b"1\n"
    assert ask(warehouse_server, "select 1").data == b"1\n"
    assert ask(warehouse_server, "+ 1", query="select 1").data == b"2\n"


def test_a_format_may_be_named_in_the_query_the_address_or_a_header(
    warehouse_server: WarehouseSettings,
) -> None:
    query = "select 'a' as x"
    json_row = b'{"x":"a"}\n'
    assert ask(warehouse_server, f"{query} format JSONEachRow").data == json_row
    assert ask(warehouse_server, query, default_format="JSONEachRow").data == json_row
    by_header = ask(warehouse_server, query, headers={"X-ClickHouse-Format": "JSONEachRow"})
    assert by_header.data == json_row
    assert by_header.headers["X-ClickHouse-Format"] == "JSONEachRow"


def test_parameters_are_values_and_never_text(warehouse_server: WarehouseSettings) -> None:
    answer = ask(warehouse_server, "select {name:String}", param_name="x' or '1")
    assert answer.data == b"x\\' or \\'1\n"


@pytest.mark.parametrize("output_format", ["JSON", "CSV", "Arrow", "Pretty", "TSVWithNames"])
def test_statements_that_are_no_select_answer_in_any_format(
    warehouse_server: WarehouseSettings, output_format: str
) -> None:
    answer = ask(warehouse_server, f"show databases format {output_format}")
    assert answer.status == 200
    assert b"analytics" in answer.data


def test_rows_may_follow_their_insert_in_the_body(numbers: WarehouseSettings) -> None:
    ask(numbers, b"insert into marts.numbers format TSV\n" + TWO_ROWS)
    assert stored(numbers) == TWO_ROWS


def test_values_may_hold_what_looks_like_a_statement(numbers: WarehouseSettings) -> None:
    ask(numbers, "insert into marts.numbers values (1, '; drop table marts.numbers')")
    assert stored(numbers) == b"1\t; drop table marts.numbers\n"


def test_an_insert_may_carry_settings_of_its_own(numbers: WarehouseSettings) -> None:
    statement = "insert into marts.numbers (name, number) settings async_insert = 0 format CSV"
    answer = ask(numbers, '"one",1\n', query=statement)
    assert answer.status == 200, answer.data
    assert stored(numbers) == b"1\tone\n"


def test_an_insert_tells_how_many_rows_it_wrote(numbers: WarehouseSettings) -> None:
    answer = ask(numbers, TWO_ROWS, query="insert into marts.numbers format TSV")
    assert json.loads(answer.headers["X-ClickHouse-Summary"])["written_rows"] == "2"


COMPRESSED = {
    "lz4": lambda rows: b"".join(lz4.frame.compress(row + b"\n") for row in rows.splitlines()),
    "zstd": zstandard.ZstdCompressor().compress,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}


@pytest.mark.parametrize("encoding", COMPRESSED)
def test_compressed_rows_arrive_whole(numbers: WarehouseSettings, encoding: str) -> None:
    body = COMPRESSED[encoding](TWO_ROWS)
    statement = "insert into marts.numbers format TSV"
    ask(numbers, body, query=statement, headers={"Content-Encoding": encoding})
    assert stored(numbers) == TWO_ROWS


@pytest.mark.parametrize("encoding", COMPRESSED)
def test_of_a_truncated_body_nothing_is_stored(numbers: WarehouseSettings, encoding: str) -> None:
    body = COMPRESSED[encoding](TWO_ROWS)[:-3]
    statement = "insert into marts.numbers format TSV"
    answer = ask(numbers, body, query=statement, headers={"Content-Encoding": encoding})
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (400, "354")
    assert stored(numbers) == b""


def test_of_rows_with_one_bad_row_nothing_is_stored(numbers: WarehouseSettings) -> None:
    answer = ask(numbers, TWO_ROWS + b"three\tx\n", query="insert into marts.numbers format TSV")
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (400, "27")
    assert b"(in file" not in answer.data.splitlines()[0]
    assert stored(numbers) == b""


def test_rows_that_are_not_utf8_are_refused_in_words(numbers: WarehouseSettings) -> None:
    answer = ask(numbers, b"\xff\xfe\t\xff\n", query="insert into marts.numbers format TSV")
    assert answer.status == 400, answer.data
    assert answer.data.startswith(b"Code: ")


@pytest.mark.parametrize("encoding", COMPRESSED)
def test_answers_are_compressed_when_the_client_asks(
    warehouse_server: WarehouseSettings, encoding: str
) -> None:
    headers = {"Accept-Encoding": f"br, {encoding}"}
    query = "select number from numbers(3)"
    answer = ask(warehouse_server, query, headers=headers, enable_http_compression="1")
    assert answer.headers["Content-Encoding"] == encoding
    plain = {
        "lz4": lz4.frame.decompress,
        "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
        "gzip": gzip.decompress,
        "deflate": zlib.decompress,
    }
    assert plain[encoding](answer.data) == b"0\n1\n2\n"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        pytest.param("selec 1", 400, "62", id="syntax"),
        pytest.param("select nosuch", 404, "47", id="column"),
        pytest.param("select * from nosuch", 404, "60", id="table"),
        pytest.param("select 1 settings nosuch = 1", 404, "115", id="setting"),
        pytest.param("select throwIf(1)", 500, "395", id="while running"),
        pytest.param("", 400, "62", id="nothing asked"),
    ],
)
def test_a_failure_has_clickhouses_status_code_and_words(
    warehouse_server: WarehouseSettings, query: str, status: int, code: str
) -> None:
    answer = ask(warehouse_server, query)
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (status, code)
    assert answer.data.decode().startswith(f"Code: {code}. DB::Exception: ")


def test_an_unknown_setting_in_the_address_is_refused(warehouse_server: WarehouseSettings) -> None:
    answer = ask(warehouse_server, "select 1", nosuch="1")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "115"


def test_settings_of_a_request_hold_for_it(warehouse_server: WarehouseSettings) -> None:
    query = "select getSetting('max_block_size')"
    assert ask(warehouse_server, query, max_block_size="77").data == b"77\n"
    assert ask(warehouse_server, query).data != b"77\n"


def test_a_get_changes_nothing(numbers: WarehouseSettings) -> None:
    answer = ask(numbers, b"", method="GET", query="truncate table marts.numbers")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "164"


def test_clickhouses_own_block_compression_is_refused_in_words(
    warehouse_server: WarehouseSettings,
) -> None:
    answer = ask(warehouse_server, "select 1", compress="1")
    assert answer.status == 501
    assert b"turn compression off" in answer.data
