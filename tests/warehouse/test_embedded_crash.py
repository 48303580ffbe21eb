"""kill -9 of the embedded warehouse: what it acknowledged is there, and nothing by halves."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pyarrow as pa

from tests.fixtures_warehouse import EmbeddedProcess
from warehouse.client import Warehouse, WarehouseBusyError
from warehouse.settings import WarehouseSettings

BLOCK_ROWS = 2_000
WRITERS = 3
ACKNOWLEDGED_PER_ROUND = 10
KILLS = 3
TABLE = """
create table default.blocks (writer UInt32, block UInt32, number UInt32, padding String)
engine = MergeTree order by (writer, block, number)
"""
COUNTS = "select writer, block, count(), uniqExact(number) from default.blocks group by all"


class Writer(threading.Thread):
    """Inserts numbered blocks until the warehouse is gone; remembers what was acknowledged."""

    def __init__(self, settings: WarehouseSettings, number: int) -> None:
        super().__init__()
        self.number = number
        self.acknowledged: list[int] = []
        self.sent = 0
        self._warehouse = Warehouse.connect(settings, "crash test")

    def run(self) -> None:
        with self._warehouse as warehouse:
            while True:
                self.sent += 1
                try:
                    warehouse.insert_arrow("default.blocks", self._block(self.sent))
                except WarehouseBusyError:
                    return
                self.acknowledged.append(self.sent)

    def _block(self, block: int) -> pa.Table:
        columns = {
            "writer": pa.repeat(pa.scalar(self.number, pa.uint32()), BLOCK_ROWS),
            "block": pa.repeat(pa.scalar(block, pa.uint32()), BLOCK_ROWS),
            "number": pa.array(range(BLOCK_ROWS), pa.uint32()),
            "padding": pa.repeat("x" * 200, BLOCK_ROWS),
        }
        return pa.table(columns)


def test_killed_while_writing_it_keeps_every_acknowledged_block_and_no_half_one(
    tmp_path: Path,
) -> None:
    server = EmbeddedProcess(tmp_path)
    with Warehouse.connect(server.settings, "tests") as warehouse:
        warehouse.execute(TABLE)
    writers: list[Writer] = []
    for _ in range(KILLS):
        writers += kill_while_writing(server, first_writer=len(writers))
        server.start()
    with Warehouse.connect(server.settings, "tests") as warehouse:
        counts = {(writer, block): rest for writer, block, *rest in warehouse.rows(COUNTS)}
        detached = warehouse.scalar("select count() from system.detached_parts")
    assert server.stop() == 0
    acknowledged = {(one.number, block) for one in writers for block in one.acknowledged}
    sent = {(one.number, block) for one in writers for block in range(1, one.sent + 1)}
    assert acknowledged <= counts.keys() <= sent
    assert all(rest == [BLOCK_ROWS, BLOCK_ROWS] for rest in counts.values())
    assert detached == 0


def kill_while_writing(server: EmbeddedProcess, first_writer: int) -> list[Writer]:
    """Kill the server when enough blocks are acknowledged; the writers, ended."""
    writers = [Writer(server.settings, first_writer + number) for number in range(WRITERS)]
    for one in writers:
        one.start()
    deadline = time.monotonic() + 60
    while sum(len(one.acknowledged) for one in writers) < ACKNOWLEDGED_PER_ROUND:
        assert time.monotonic() < deadline, "nothing is acknowledged"
    server.kill()
    for one in writers:
        one.join()
    return writers
