"""Large answers pass through the embedded warehouse without being held; what fails late is seen."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from tests.fixtures_warehouse import EmbeddedProcess, ask
from warehouse.settings import WarehouseSettings

MEGABYTES = 200
LARGE = f"""
select repeat('x', 1000000) from numbers({MEGABYTES})
settings max_block_size = 1, output_format_arrow_compression_method = 'none'
"""
LATE_FAILURE = """
select number, throwIf(number = 900000, 'the late failure') from numbers(1000000)
settings max_block_size = 1000
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedProcess]:
    """A server whose memory is nobody else's."""
    server = EmbeddedProcess(tmp_path_factory.mktemp("streams"))
    yield server
    server.stop()


def memory_megabytes(server: EmbeddedProcess, name: str) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split(f"{name}:")[1].split()[0]) // 1024


@pytest.mark.parametrize("wait", ["0", "1"], ids=["as it comes", "when it is whole"])
@pytest.mark.parametrize("output_format", ["RowBinary", "JSON", "ArrowStream"])
def test_a_large_answer_does_not_grow_the_server(
    server: EmbeddedProcess, output_format: str, wait: str
) -> None:
    Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")  # the peak begins anew
    before = memory_megabytes(server, "VmRSS")
    answer = urllib3.request(
        "POST",
        f"{server.settings.url}/?wait_end_of_query={wait}",
        body=f"{LARGE} format {output_format}",
        preload_content=False,
    )
    received = sum(len(piece) for piece in answer.stream(1 << 20))
    assert received > MEGABYTES * 1_000_000
    assert memory_megabytes(server, "VmHWM") - before < MEGABYTES / 2


def test_a_failure_behind_the_first_bytes_breaks_the_answer_and_says_why(
    warehouse_server: WarehouseSettings,
) -> None:
    answer = urllib3.request(
        "POST", warehouse_server.url, body=LATE_FAILURE, preload_content=False, retries=False
    )
    assert answer.status == 200
    received = bytearray()
    with pytest.raises(urllib3.exceptions.ProtocolError):
        deque(map(received.extend, answer.stream(1 << 16)))
    tag = answer.headers["X-ClickHouse-Exception-Tag"].encode()
    assert b"__exception__\r\n" + tag in received
    assert b"the late failure" in received


def test_a_client_that_waits_for_the_end_gets_a_late_failure_as_a_status(
    warehouse_server: WarehouseSettings,
) -> None:
    answer = ask(warehouse_server, LATE_FAILURE, wait_end_of_query="1")
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (500, "395")


def wait_until_over(settings: WarehouseSettings, log_comment: str) -> None:
    running = f"select countIf(Settings['log_comment'] = '{log_comment}') from system.processes"
    deadline = time.monotonic() + 20
    while (answer := ask(settings, running)).data != b"0\n":
        assert time.monotonic() < deadline, f"the query still runs: {answer.data!r}"


def test_a_client_that_goes_away_ends_its_query(warehouse_server: WarehouseSettings) -> None:
    endless = "select sum(sipHash64(number)) from numbers(1000000000000)"
    url = f"{warehouse_server.url}/?log_comment=gone"
    with pytest.raises(urllib3.exceptions.TimeoutError):
        urllib3.request("POST", url, body=endless, timeout=0.5, retries=False)
    wait_until_over(warehouse_server, "gone")


def test_a_reader_that_stops_in_the_middle_ends_its_query(
    warehouse_server: WarehouseSettings,
) -> None:
    endless = "select number from numbers(1000000000000)"
    url = f"{warehouse_server.url}/?log_comment=stopped"
    answer = urllib3.request("POST", url, body=endless, preload_content=False, retries=False)
    answer.read(1000)
    answer.close()
    wait_until_over(warehouse_server, "stopped")
