"""How the collector keeps to HTTP/1.1 on one connection, whoever speaks there."""

from __future__ import annotations

import random
import socket
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from streams.collector.requests import Request
from streams.collector.settings import CollectorSettings
from streams.events import encode
from tests.builders import event
from tests.collectors import Place, collector_in_process
from tests.processes import eventually

SETTINGS = CollectorSettings(collector_port=0, collector_idle_seconds=2, collector_body_seconds=1)
GOOD = encode(event())
IN_CHUNKS = b"5\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (GOOD[:5], len(GOOD) - 5, GOOD[5:])
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAE\r\n"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with collector_in_process(tmp_path / "spool", SETTINGS) as place:
        yield place


@contextmanager
def client_of(place: Place) -> Iterator[socket.socket]:
    parts = urlsplit(place.url)
    with socket.create_connection((parts.hostname, parts.port)) as client:
        client.settimeout(10)
        yield client


def post(*headers: bytes, body: bytes = GOOD, chunked: bool = False) -> bytes:
    length = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(body)
    given = [b"Host: localhost", b"Content-Type: application/json", length, *headers]
    return b"POST /v1/events HTTP/1.1\r\n" + b"\r\n".join([*given, b"", body])


def answers(client: socket.socket, count: int) -> bytes:
    """What was received when so many answers have begun and the last has come."""
    received = b""
    while received.count(b"HTTP/1.1 ") < count or received.endswith(b"\r\n"):
        piece = client.recv(65536)
        assert piece, received
        received += piece
    return received


def ask_for_ever(client: socket.socket, request: bytes) -> None:
    while True:
        client.sendall(request)


def all_of(client: socket.socket) -> bytes:
    """Everything until the collector closes."""
    received = b""
    while piece := client.recv(65536):
        received += piece
    return received


def test_requests_sent_at_once_are_answered_in_their_order(place: Place) -> None:
    with client_of(place) as client:
        client.sendall(
            post() + b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n" + post(body=b"[]")
        )
        told = answers(client, 3)
    assert [int(one[:3]) for one in told.split(b"HTTP/1.1 ")[1:]] == [202, 404, 202]
    assert b'{"accepted":1}' in told.split(b"HTTP/1.1 ")[1]
    assert place.messages() == [GOOD]


def test_requests_sent_ahead_are_read_as_fast_as_they_are_answered(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """60,000 bytes of requests come at once, and one is being answered: few others exist."""
    alive: weakref.WeakSet[HeldRequest] = weakref.WeakSet()
    most = 0

    class HeldRequest(Request):
        __slots__ = ("__weakref__",)

        def __init__(self, *given: Any) -> None:
            nonlocal most
            super().__init__(*given)
            alive.add(self)
            most = max(most, len(alive))

    monkeypatch.setattr("streams.collector.connections.Request", HeldRequest)
    request = b"GET /nowhere HTTP/1.1\r\n\r\n"
    count = 60_000 // len(request)
    with client_of(place) as client:
        client.sendall(request * count + HEALTH)
        told = answers(client, count + 1)
    assert told.count(b"HTTP/1.1 404 ") == count
    assert b"HTTP/1.1 200 " in told
    assert most < 200


@pytest.mark.parametrize("seed", range(10))
def test_however_requests_are_cut_each_is_answered_in_its_turn(place: Place, seed: int) -> None:
    chance = random.Random(seed)
    asked = [
        (HEALTH, 200),
        (post(), 202),
        (post(body=IN_CHUNKS, chunked=True), 202),
        (post(body=b"[%s]" % (b" " * 30_000)), 202),
        (post(body=b"{}"), 400),
    ]
    chosen = chance.choices(asked, k=60)
    sent = b"".join(request for request, _ in chosen)
    with client_of(place) as client:
        while sent:
            size = chance.choice([1, 100, 4096, 5000, 70_000])
            client.sendall(sent[:size])
            sent = sent[size:]
        client.shutdown(socket.SHUT_WR)
        told = all_of(client)
    assert [int(one[:3]) for one in told.split(b"HTTP/1.1 ")[1:]] == [code for _, code in chosen]


def test_who_sends_ahead_and_says_no_more_is_answered_to_the_end(place: Place) -> None:
    with client_of(place) as client:
        client.sendall(post() * 100)
        client.shutdown(socket.SHUT_WR)
        assert all_of(client).count(b"HTTP/1.1 202 ") == 100
    assert place.messages() == [GOOD] * 100


def test_a_request_may_come_byte_by_byte(place: Place) -> None:
    with client_of(place) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in post():
            client.sendall(bytes([byte]))
        assert answers(client, 1).startswith(b"HTTP/1.1 202 ")
    assert place.messages() == [GOOD]


def test_what_was_asked_before_bad_http_is_answered_first(place: Place) -> None:
    with client_of(place) as client:
        client.sendall(post() + b"GARBAGE\r\n\r\n" + HEALTH)
        told = all_of(client)
    assert [int(one[:3]) for one in told.split(b"HTTP/1.1 ")[1:]] == [202, 400]
    assert b"Connection: close" in told


def test_a_body_that_breaks_the_rules_is_a_bad_request(place: Place) -> None:
    with client_of(place) as client:
        client.sendall(post(body=b"5\r\n{\r\nnonsense", chunked=True))
        told = all_of(client)
    assert told.startswith(b"HTTP/1.1 400 ")
    assert b"does not keep to HTTP" in told
    assert place.messages() == []


@pytest.mark.parametrize(
    "lengths",
    [
        pytest.param(b"Content-Length: 5\r\nTransfer-Encoding: chunked", id="two kinds"),
        pytest.param(b"Content-Length: 5\r\nContent-Length: 6", id="two lengths"),
        pytest.param(b"Transfer-Encoding: gzip", id="none that can be told"),
    ],
)
def test_a_body_of_doubtful_length_is_never_guessed_at(place: Place, lengths: bytes) -> None:
    with client_of(place) as client:
        client.sendall(
            b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\n" + lengths + b"\r\n\r\n" + HEALTH
        )
        told = all_of(client)
    assert told.count(b"HTTP/1.1 ") == 1
    assert told.startswith(b"HTTP/1.1 4")


def test_trailers_behind_a_body_are_no_headers_of_the_next_request(place: Place) -> None:
    body = b"%x\r\n%s\r\n0\r\nOrigin: https://evil.example\r\n\r\n" % (len(GOOD), GOOD)
    with client_of(place) as client:
        client.sendall(post(body=body, chunked=True) + post())
        told = answers(client, 2)
    assert told.count(b"HTTP/1.1 202 ") == 2  # an origin would be refused here


def test_an_offer_to_speak_http_2_is_declined_and_the_request_answered(place: Place) -> None:
    request = post(OFFER[:-2])
    with client_of(place) as client:
        client.sendall(request * 2 + HEALTH)
        told = answers(client, 3)
        client.sendall(request[:-20])
        time.sleep(0.1)
        client.sendall(request[-20:])
        assert answers(client, 1).startswith(b"HTTP/1.1 202 ")
    assert [int(one[:3]) for one in told.split(b"HTTP/1.1 ")[1:]] == [202, 202, 200]
    assert place.messages() == [GOOD] * 3


def test_nobody_is_connected_elsewhere(place: Place) -> None:
    with client_of(place) as client:
        client.sendall(b"CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example\r\n\r\n")
        assert all_of(client).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "request_bytes",
    [
        pytest.param(b"GET /healthz HTTP/1.0\r\n\r\n", id="HTTP/1.0"),
        pytest.param(b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", id="asked for"),
    ],
)
def test_the_connection_is_closed_for_who_wants_it_so(place: Place, request_bytes: bytes) -> None:
    with client_of(place) as client:
        client.sendall(request_bytes)
        told = all_of(client)
    assert told.startswith(b"HTTP/1.1 200 ")
    assert b"Connection: close\r\n" in told
    assert told.endswith(b"ok\n")


def test_who_says_no_more_hears_the_answer_nevertheless(place: Place) -> None:
    with client_of(place) as client:
        client.sendall(post())
        client.shutdown(socket.SHUT_WR)
        assert all_of(client).startswith(b"HTTP/1.1 202 ")


def test_who_is_refused_by_the_head_can_read_why_while_the_body_is_coming(place: Place) -> None:
    with client_of(place) as client:
        client.sendall(post(b"Origin: https://evil.example", body=b" " * 1_000_000)[:500_000])
        told = all_of(client)
        assert told.startswith(b"HTTP/1.1 403 ")
        assert b"Connection: close\r\n" in told


def test_an_answer_to_head_has_no_body(place: Place) -> None:
    with client_of(place) as client:
        client.sendall(b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        told = all_of(client)
    assert told.startswith(b"HTTP/1.1 200 ")
    assert told.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"GET / HTTP/1.1\r\nA: " + b"a" * 100_000, id="of a header"),
        pytest.param(post(body=b"1;" + b"a" * 200_000, chunked=True), id="of a chunk's head"),
        pytest.param(b"\r\n" * 50_000, id="of empty lines"),
    ],
)
def test_no_end_is_waited_for_that_does_not_come(place: Place, sent: bytes) -> None:
    with client_of(place) as client:
        client.sendall(sent)
        began = time.monotonic()
        assert all_of(client).startswith(b"HTTP/1.1 400 ")
        assert time.monotonic() - began < SETTINGS.collector_idle_seconds


def test_who_asks_and_asks_and_reads_no_answer_is_left(tmp_path: Path) -> None:
    settings = replace(SETTINGS, collector_idle_seconds=1)
    with collector_in_process(tmp_path / "spool", settings) as place, client_of(place) as client:
        with pytest.raises((ConnectionError, TimeoutError)):
            ask_for_ever(client, b"GET /v1/page.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100)
        assert place.post("/v1/events", GOOD).status == 202


def test_a_header_that_comes_twice_is_read_as_a_list(tmp_path: Path) -> None:
    settings = replace(SETTINGS, collector_token="a-token-of-the-shop")
    with collector_in_process(tmp_path / "spool", settings) as place, client_of(place) as client:
        wrong, right = b"Authorization: Bearer no", b"Authorization: Bearer a-token-of-the-shop"
        client.sendall(post(wrong, right) + post(right))
        told = answers(client, 2)
    assert [int(one[:3]) for one in told.split(b"HTTP/1.1 ")[1:]] == [401, 202]


def test_a_client_that_goes_in_the_middle_of_its_body_leaves_nothing_behind(place: Place) -> None:
    for _ in range(20):
        with client_of(place) as client:
            client.sendall(post()[:-10])
    assert place.post("/v1/events", GOOD).status == 202
    assert place.messages() == [GOOD]


def test_slow_and_quick_clients_do_not_wait_for_each_other(place: Place) -> None:
    with client_of(place) as slow:
        slow.sendall(post()[:-10])
        told: list[int] = []
        quick = [
            threading.Thread(target=lambda: told.append(place.post("/v1/events", GOOD).status))
            for _ in range(20)
        ]
        for one in quick:
            one.start()
        eventually(lambda: told == [202] * 20)
        slow.sendall(post()[-10:])
        assert answers(slow, 1).startswith(b"HTTP/1.1 202 ")
