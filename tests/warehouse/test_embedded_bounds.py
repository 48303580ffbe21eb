"""Requests cannot take the warehouse down: bombs, slow queries, slow clients."""

from __future__ import annotations

import gzip
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import lz4.frame
import pytest
import urllib3
import zstandard

from tests.fixtures_warehouse import EmbeddedProcess, ask
from warehouse.embedded.bodies import ENCODINGS, decoder_of, encoder_of
from warehouse.embedded.errors import EngineError
from warehouse.embedded.lanes import ROWS, SHORT, WORK, lane_of
from warehouse.embedded.sessions import SESSIONS_AT_MOST
from warehouse.embedded.uploads import Room, Scratch, Statement
from warehouse.settings import WarehouseSettings

SLOTS = 4
BODY_BYTES = 8 << 20
SLOW = "select count(sleepEachRow(1)) from numbers(600) settings max_block_size = 1"
Fold = Callable[[bytes], bytes]
FOLDS: dict[str, Fold] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "lz4": lz4.frame.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedProcess]:
    """A server with few slots and a small bound of bodies."""
    server = EmbeddedProcess(
        tmp_path_factory.mktemp("attacked"),
        WAREHOUSE_MAX_QUERIES=str(SLOTS),
        WAREHOUSE_MAX_BODY_BYTES=str(BODY_BYTES),
    )
    table = "create table default.rows (a UInt64) engine = MergeTree order by a"
    assert ask(server.settings, table).status == 200
    yield server
    assert server.stop() == 0


def resident_bytes(server: EmbeddedProcess) -> int:
    lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


@pytest.mark.parametrize("encoding", sorted(FOLDS))
def test_what_a_slice_of_a_body_unfolds_to_is_bounded(encoding: str) -> None:
    folded = FOLDS[encoding](bytes(64 << 20))
    decoder = decoder_of(encoding)
    sizes = [len(plain) for plain in decoder.decode(folded)]
    decoder.finish()
    assert sum(sizes) == 64 << 20
    assert max(sizes) <= 20 << 20


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_was_encoded_is_decoded_whatever_the_pieces(encoding: str) -> None:
    plain = b"".join(b"%d\n" % number for number in range(100_000))
    encoder = encoder_of(encoding)
    folded = encoder.encode(plain) + encoder.finish()
    decoder = decoder_of(encoding)
    pieces = [folded[start : start + 777] for start in range(0, len(folded), 777)]
    assert b"".join(part for piece in pieces for part in decoder.decode(piece)) == plain
    decoder.finish()


@pytest.mark.parametrize("encoding", ["", *sorted(FOLDS)])
def test_a_body_beyond_its_bound_is_refused_and_the_bound_named(
    attacked: EmbeddedProcess, encoding: str
) -> None:
    rows = b"insert into default.rows format TSV\n" + b"0\n" * BODY_BYTES
    headers = {"Content-Encoding": encoding} if encoding else {}
    body = FOLDS[encoding](rows) if encoding else rows
    try:
        answer = ask(attacked.settings, body, headers=headers)
    except OSError:  # the server hung up on a body that it would not read to its end
        assert not encoding
    else:
        assert answer.status == 413
        assert f"more than {BODY_BYTES} bytes" in answer.data.decode()
        assert b"WAREHOUSE_MAX_BODY_BYTES" in answer.data
    assert ask(attacked.settings, "select count() from default.rows").data == b"0\n"


def test_a_window_larger_than_every_decoder_has_is_refused(attacked: EmbeddedProcess) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    folder = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    body = folder.compress(b"select 1") + folder.flush()
    answer = ask(attacked.settings, body, headers={"Content-Encoding": "zstd"})
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (400, "354")


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("select 1", SHORT),
        ("kill query where query_id = 'a'", SHORT),
        ("set max_threads = 1", SHORT),
        ("select 1 /* from */", SHORT),
        ("select version(), currentDatabase()", SHORT),
        ("kill query where query_id in ('a', 'b') and lower(query) like '%x%'", SHORT),
        ("select sleep(3)", WORK),
        ("select `sleep`(3)", WORK),
        ("select {f:Identifier}(3)", WORK),
        ("select 1 in marts.orders", WORK),
        ("select in('a', marts.orders)", WORK),
        ("select 1 order by 1 with fill to 1000000000", WORK),
        ("kill query where sleep(3)", WORK),
        ("select (select count() from system.one)", WORK),
        ("kill query where 1 sync", WORK),
        ("with 1 as a select a", WORK),
        ("insert into a select 1", WORK),
        ("create table a (b Int8) engine = Memory", WORK),
        ("select " + "1 + " * 1000 + "1", WORK),
        ("", WORK),
    ],
)
def test_what_is_over_in_a_moment_has_a_lane_of_its_own(sql: str, kind: str) -> None:
    assert lane_of(Statement(sql)) == kind


def test_rows_have_a_lane_of_their_own(tmp_path: Path) -> None:
    with (tmp_path / "rows").open("w+b") as rows:
        assert lane_of(Statement("insert into a", None, rows)) == ROWS


def test_slow_queries_and_bombs_bar_nobody(attacked: EmbeddedProcess) -> None:
    settings = attacked.settings
    bomb = gzip.compress(b"insert into default.rows format TSV\n" + b"0\n" * (2 * BODY_BYTES))
    before = resident_bytes(attacked)
    with ThreadPoolExecutor(4 * SLOTS) as threads:
        slow = [threads.submit(ask, settings, SLOW) for _ in range(2 * SLOTS)]
        bombs = [
            threads.submit(ask, settings, bomb, headers={"Content-Encoding": "gzip"})
            for _ in range(SLOTS)
        ]
        stored = 0
        while not all(one.done() for one in bombs):
            assert ask(settings, "select 1").data == b"1\n"
            assert ask(settings, f"insert into default.rows values ({stored})").status == 200
            stored += 1
        assert {one.result().status for one in bombs} == {413}
        assert not any(one.done() for one in slow)
        while not all(one.done() for one in slow):
            killed = ask(settings, "kill query where query ilike 'select count(sleepEachRow%'")
            assert killed.status == 200
        assert {one.result().status for one in slow} <= {200, 400, 500}
    assert ask(settings, "select count() from default.rows").data == f"{stored}\n".encode()
    assert ask(settings, "truncate table default.rows").status == 200
    assert attacked.process.poll() is None
    assert resident_bytes(attacked) - before < 512 << 20


def test_clients_that_are_slow_to_send_hold_no_slot(attacked: EmbeddedProcess) -> None:
    settings = attacked.settings
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nselect "
    slow = []
    try:
        for _ in range(8 * SLOTS):
            connection = socket.create_connection((settings.host, settings.port), timeout=30)
            connection.sendall(head)
            slow.append(connection)
        answers: list[int] = []
        asking = threading.Thread(
            target=lambda: answers.append(ask(settings, "select count() from default.rows").status)
        )
        asking.start()
        asking.join(30)
        assert answers == [200]
    finally:
        for connection in slow:
            connection.close()


def test_what_should_be_over_in_a_moment_has_a_bound_of_time(attacked: EmbeddedProcess) -> None:
    asked = "select getSetting('max_execution_time')"
    assert ask(attacked.settings, asked, max_execution_time="3600").data == b"10\n"


def test_slow_queries_without_a_table_bar_nobody(attacked: EmbeddedProcess) -> None:
    settings, killing = attacked.settings, "kill query where query ilike 'select sleep%'"
    with ThreadPoolExecutor(SLOTS) as threads:
        slow = [threads.submit(ask, settings, "select sleep(3), sleep(2.9)") for _ in range(SLOTS)]
        while len(ask(settings, f"{killing} test").data.splitlines()) < SLOTS:
            assert not any(query.done() for query in slow)
        assert ask(settings, "select 1").data == b"1\n"
        assert not any(query.done() for query in slow)
        assert ask(settings, killing).status == 200


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        pytest.param({f"param_{number}": b"1" for number in range(1001)}, "36", id="many fields"),
        pytest.param(
            {f"t{number}": ("t", b"1") for number in range(17)}, "36", id="many files, each open"
        ),
        pytest.param(
            {f"param_p{number}": b"x" * (1 << 20) for number in range(17)}, "223", id="much text"
        ),
    ],
)
def test_what_a_form_holds_in_memory_is_bounded(
    warehouse_server: WarehouseSettings, fields: dict[str, bytes | tuple[str, bytes]], code: str
) -> None:
    body, kind = urllib3.encode_multipart_formdata({"query": b"select 1", **fields})
    with urllib3.PoolManager() as pool:
        answer = pool.request(
            "POST", warehouse_server.url, body=body, headers={"Content-Type": kind}, retries=False
        )
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (400, code)


def test_sessions_of_a_user_are_bounded(attacked: EmbeddedProcess) -> None:
    answers = [
        ask(attacked.settings, "select 1", session_id=f"s{number}", session_timeout="60")
        for number in range(SESSIONS_AT_MOST + 1)
    ]
    assert {answer.status for answer in answers[:-1]} == {200}
    assert answers[-1].status == 503
    assert b"Too many sessions: 256" in answers[-1].data
    assert ask(attacked.settings, "select 1", session_id="s0", session_timeout="0").status == 200


def test_bodies_of_all_requests_share_their_room(tmp_path: Path) -> None:
    room = Room(request_bytes=10, all_bytes=15, reading_at_most=2)
    with ExitStack() as files, ExitStack() as others:
        Scratch(tmp_path, files, room).counted(b"x" * 10)
        with pytest.raises(EngineError, match="10 bytes are under way, of 15") as refused:
            Scratch(tmp_path, others, room).counted(b"x" * 6)
        assert refused.value.status == 503
    assert room.held_bytes == 0


def test_a_reader_who_is_slow_to_send_bars_no_owner() -> None:
    room = Room(request_bytes=10, all_bytes=15, reading_at_most=1)
    with room.reading(), pytest.raises(EngineError, match="1 are being read"), room.reading():
        pass
    with room.reading():
        assert room.reading_count == 1
