"""What the collector answers over HTTP, on a real port, with a real spool and no broker."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from streams.collector.settings import CollectorSettings
from streams.collector.visitors import visitor_of
from streams.decode import Decoded, decode
from streams.events import encode
from tests.builders import event
from tests.collectors import Place, collector_in_process
from tests.processes import eventually

SHOP = "https://www.shop.example"
TOKEN = "a-token-of-the-shop"
SETTINGS = CollectorSettings(
    collector_port=0,
    collector_origins=SHOP,
    collector_max_body_bytes=20_000,
    collector_max_beacon_bytes=2_000,
    collector_max_events=5,
    collector_body_seconds=1,
    collector_idle_seconds=1,
)
GOOD = encode(event())
IN_CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(GOOD), GOOD)
NO_KIND = {"specversion": "1.0"}
NO_KIND_REASONS = ["`type` is missing", "`id` is missing", "`time` is missing"]


def beacon(number: int = 1, **attributes: Any) -> dict[str, Any]:
    given = {"id": f"{number:032}", "type": "page.viewed", "age": 0, "data": {}}
    return {**given, **attributes}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A collector with small limits."""
    with collector_in_process(tmp_path / "spool", SETTINGS) as place:
        yield place


@pytest.fixture
def proxied(tmp_path: Path) -> Iterator[Place]:
    """A collector behind a proxy, without a token."""
    behind = replace(SETTINGS, collector_trusted_proxies="127.0.0.1")
    with collector_in_process(tmp_path / "spool", behind) as place:
        yield place


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Place]:
    """A collector with a token."""
    with collector_in_process(
        tmp_path / "spool", replace(SETTINGS, collector_token=TOKEN)
    ) as place:
        yield place


@pytest.mark.parametrize(
    ("media", "body", "count"),
    [
        pytest.param("application/cloudevents+json", GOOD, 1, id="one event"),
        pytest.param("application/json", GOOD, 1, id="one event, plainly"),
        pytest.param(
            "application/cloudevents-batch+json", b"[" + GOOD + b"," + GOOD + b"]", 2, id="a batch"
        ),
        pytest.param("application/x-ndjson", GOOD + b"\n" + GOOD + b"\n", 2, id="lines"),
        pytest.param("text/plain", b"[]", 0, id="an empty batch"),
    ],
)
def test_events_of_a_server_are_kept_as_they_stand(
    place: Place, media: str, body: bytes, count: int
) -> None:
    answer = place.post("/v1/events", body, media)
    assert (answer.status, answer.told) == (202, {"accepted": count})
    assert place.messages() == [GOOD] * count


def test_what_the_contract_does_not_know_yet_is_kept_too(place: Place) -> None:
    told = {**json.loads(GOOD), "futureattribute": "kept"}
    assert place.post("/v1/events", told).status == 202
    assert place.events() == [told]


def test_of_a_batch_the_good_are_kept_and_the_bad_are_named(place: Place) -> None:
    answer = place.post("/v1/events", [NO_KIND, json.loads(GOOD), 7])
    assert answer.status == 207
    assert answer.told == {
        "accepted": 1,
        "refused": [
            {"index": 0, "reasons": NO_KIND_REASONS},
            {"index": 2, "reasons": ["an object was expected, not a number"]},
        ],
    }
    assert place.events() == [json.loads(GOOD)]


def test_a_batch_of_which_nothing_is_kept_is_a_bad_request(place: Place) -> None:
    answer = place.post("/v1/events", [NO_KIND])
    assert (answer.status, answer.told["accepted"]) == (400, 0)


@pytest.mark.parametrize(
    ("body", "media", "status", "reason"),
    [
        pytest.param(GOOD, "image/png", 415, "is not taken", id="a picture"),
        pytest.param(b"", "application/json", 400, "empty", id="nothing"),
        pytest.param(b"[" * 9_000, "application/json", 400, "not JSON", id="deep arrays"),
        pytest.param(
            b'{"a":' * 3_000, "application/json", 400, "not JSON", id="deep objects, cut short"
        ),
        pytest.param(b'["\xff"]', "application/json", 400, "an object was", id="no event"),
        pytest.param(b'{"id":1e999}', "application/json", 400, "reasons", id="a huge number"),
        pytest.param(b"null", "application/json", 400, "an object was expected", id="null"),
        pytest.param(b"\x00\x01", "application/json", 400, "not JSON", id="binary"),
        pytest.param(b"[1,2,3,4,5,6]", "application/json", 413, "at most 5", id="too many events"),
        pytest.param(b" " * 20_001, "application/json", 413, "20,000 bytes", id="too long"),
    ],
)
def test_a_bad_request_is_answered_with_its_reason_and_harms_nobody(
    place: Place, body: bytes, media: str, status: int, reason: str
) -> None:
    answer = place.post("/v1/events", body, media)
    assert answer.status == status
    assert reason in answer.body.decode()
    assert b"Traceback" not in answer.body
    assert place.post("/v1/events", GOOD).status == 202


def test_a_body_in_chunks_is_cut_off_at_the_limit(place: Place) -> None:
    with socket.create_connection(_address(place)) as client:
        client.sendall(_head("/v1/beacon", "Transfer-Encoding: chunked"))
        for _ in range(5):
            client.sendall(b"200\r\n" + b" " * 512 + b"\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_does_not_come_is_not_waited_for(place: Place) -> None:
    with socket.create_connection(_address(place)) as client:
        client.sendall(_head("/v1/beacon", "Content-Length: 100") + b"{")
        began = time.monotonic()
        assert client.recv(4096).startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"POST /v1/beacon HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", id="half a head"),
    ],
)
def test_a_connection_that_does_not_speak_is_closed(place: Place, sent: bytes) -> None:
    with socket.create_connection(_address(place)) as client:
        client.settimeout(10)
        client.sendall(sent)
        assert client.recv(4096) == b""


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"GARBAGE\r\n\r\n", id="no HTTP"),
        pytest.param(b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\n\r\n", id="a long path"),
        pytest.param(b"GET / HTTP/1.1\r\nA: " + b"a" * 20_000 + b"\r\n\r\n", id="a long header"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 100 + b"\r\n", id="many headers"),
    ],
)
def test_a_bad_head_is_a_bad_request(place: Place, sent: bytes) -> None:
    with socket.create_connection(_address(place)) as client:
        client.settimeout(10)
        client.sendall(sent)
        answer = client.recv(65536)
        assert answer.startswith(b"HTTP/1.0 400 ") or answer.startswith(b"HTTP/1.1 400 ")
        assert b"Traceback" not in answer


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"GET / HTTP/1.1\r\nA: \x00\r\n\r\n", id="a NUL in a header"),
        pytest.param(b"GET / HTTP/1.1\r\nA: " + b"a" * 20_000 + b"\r\n\r\n", id="a long header"),
        pytest.param(b"GARBAGE\x1b[31m\r\n\r\n", id="no HTTP"),
    ],
)
def test_whoever_speaks_no_http_writes_one_short_line_into_a_log_that_asks_for_it(
    place: Place, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "active_analytics.collector")
    with socket.create_connection(_address(place)) as client:
        client.sendall(sent)
        client.recv(65536)
    lines = [one for one in caplog.records if one.name.startswith("active_analytics")]
    assert [one.levelname for one in lines] == ["DEBUG"]
    assert len(caplog.handler.format(lines[0])) < 200
    assert "Traceback" not in caplog.text


def test_a_bug_is_logged_with_its_traceback(
    place: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.collector.server.metrics", None)
    assert place.ask("GET", "/metrics").status == 500
    assert "Traceback" in caplog.text


@pytest.mark.parametrize(
    ("length", "body"),
    [
        pytest.param(b"Content-Length: %d" % len(GOOD), GOOD, id="of a known length"),
        pytest.param(b"Transfer-Encoding: chunked", IN_CHUNKS, id="in chunks"),
    ],
)
def test_a_client_that_asks_before_it_sends_its_body_is_told_to(
    place: Place, length: bytes, body: bytes
) -> None:
    head = b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection(_address(place)) as client:
        client.settimeout(10)
        client.sendall(head + b"Expect: 100-continue\r\n" + length + b"\r\n\r\n")
        assert client.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(body)
        assert client.recv(4096).startswith(b"HTTP/1.1 202 ")
    assert place.messages() == [GOOD]


def test_a_client_that_asks_to_send_too_long_a_body_is_told_not_to(place: Place) -> None:
    with socket.create_connection(_address(place)) as client:
        client.settimeout(10)
        client.sendall(_head("/v1/events", "Content-Length: 30000\r\nExpect: 100-continue"))
        assert client.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_who_comes_when_all_connections_are_taken_is_told_to_come_again(tmp_path: Path) -> None:
    patient = replace(SETTINGS, collector_idle_seconds=20)
    with collector_in_process(tmp_path / "spool", patient, at_most=1) as place:
        with socket.create_connection(_address(place)) as first:
            first.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert first.recv(4096).startswith(b"HTTP/1.1 200 ")
            with socket.create_connection(_address(place)) as second:
                assert second.recv(4096).startswith(b"HTTP/1.1 503 ")
                assert second.recv(4096) == b""
        eventually(lambda: place.ask("GET", "/healthz").status == 200)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("GET", "/", 404, id="no such place"),
        pytest.param("GET", "/v1/events", 405, id="another method"),
        pytest.param("OPTIONS", "/v1/events", 405, id="a browser asks for the servers' place"),
    ],
)
def test_other_places_and_methods_are_refused(
    place: Place, method: str, path: str, status: int
) -> None:
    assert place.ask(method, path).status == status


def test_a_full_spool_asks_to_come_again_and_keeps_what_it_took(tmp_path: Path) -> None:
    small = replace(SETTINGS, collector_spool_bytes=len(GOOD) * 2)
    with collector_in_process(tmp_path / "spool", small) as place:
        answer = place.post("/v1/events", [json.loads(GOOD)] * 3)
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert (answer.told["accepted"], len(place.messages())) == (1, 1)
        assert "send all of them again" in answer.told["error"]
        assert place.post("/v1/beacon", beacon()).status == 503
        assert place.ask("GET", "/healthz").status == 200


def test_beacons_that_fill_their_share_leave_the_shop_s_servers_room(tmp_path: Path) -> None:
    small = replace(SETTINGS, collector_spool_bytes=20_000, collector_beacon_spool_percent=50)
    with collector_in_process(tmp_path / "spool", small) as place:
        numbers = iter(range(1000))
        eventually(lambda: place.post("/v1/beacon", beacon(next(numbers))).status == 503)
        assert place.post("/v1/events", [json.loads(GOOD)] * 5).status == 202
        refused = place.post("/v1/beacon", beacon(next(numbers)))
        assert (refused.status, refused.headers["Retry-After"]) == (503, "10")
        assert place.events()[-5:] == [json.loads(GOOD)] * 5


def test_who_sends_more_than_his_rate_is_asked_to_come_later_and_no_one_else(
    tmp_path: Path,
) -> None:
    slow = replace(SETTINGS, collector_visitor_events_per_minute=3, collector_origins=SHOP)
    with collector_in_process(tmp_path / "spool", slow) as place:
        mine, other = f"aa_visitor={'ab' * 16}", f"aa_visitor={'cd' * 16}"
        batch = [beacon(number) for number in range(5)]
        assert place.post("/v1/beacon", batch, Cookie=mine).status == 202
        refused = place.post("/v1/beacon", beacon(9), Cookie=mine, Origin=SHOP)
        assert refused.status == 429
        assert 0 < int(refused.headers["Retry-After"]) <= 40
        assert refused.headers["Access-Control-Allow-Origin"] == SHOP  # the page may read it
        assert place.post("/v1/beacon", beacon(9), Cookie=other).status == 202
        assert len(place.messages()) == 6
        told = place.ask("GET", "/metrics").body.decode()
        assert 'collector_answers_total{endpoint="beacon",status="429"} 1' in told


def test_requests_that_come_at_once_share_one_rate(tmp_path: Path) -> None:
    """Their heads are looked at before any of them has brought an event."""
    slow = replace(SETTINGS, collector_address_events_per_minute=5, collector_body_seconds=20)
    with collector_in_process(tmp_path / "spool", slow) as place:
        body = json.dumps([beacon(number) for number in range(5)]).encode()
        clients = [socket.create_connection(_address(place)) for _ in range(10)]
        for client in clients:
            client.sendall(_head("/v1/beacon", f"Content-Length: {len(body)}") + body[:-1])
        assert place.ask("GET", "/healthz").status == 200
        for client in clients:
            client.sendall(body[-1:])
        told = [client.recv(4096)[9:12] for client in clients]
        for client in clients:
            client.close()
    assert (told.count(b"202"), told.count(b"429")) == (2, 8)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 429, id="an address"),
        pytest.param({"X_Forwarded_For": "203.0.113.5"}, 202, id="a proxy that nobody has named"),
    ],
)
def test_an_address_is_held_to_its_rate_unless_it_is_that_of_every_visitor(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    slow = replace(SETTINGS, collector_address_events_per_minute=1)
    with collector_in_process(tmp_path / "spool", slow) as place:
        batch = [beacon(number) for number in range(5)]
        assert place.post("/v1/beacon", batch, **headers).status == 202
        assert place.post("/v1/beacon", beacon(9), **headers).status == status


@pytest.mark.parametrize("signal", ["Sec_GPC", "DNT"])
def test_who_asks_not_to_be_followed_is_counted_without_a_name(place: Place, signal: str) -> None:
    answer = place.post("/v1/beacon", beacon(), **{signal: "1"})
    assert (answer.status, answer.told) == (202, {"accepted": 1})
    assert "Set-Cookie" not in answer.headers
    (kept,) = place.events()
    assert "visitorid" not in kept
    assert kept["data"]["client"]["address"] == "127.0.0.0"
    decoded = decode(place.messages()[0])
    assert isinstance(decoded, Decoded)
    assert decoded.event.visitorid == ""
    lines = place.ask("GET", "/metrics").body.decode().splitlines()
    assert {"collector_events_anonymous_total 1", "collector_events_warned_total 0"} <= set(lines)


def test_who_asks_not_to_be_followed_any_more_loses_his_cookie(place: Place) -> None:
    answer = place.post("/v1/beacon", beacon(), Cookie=f"aa_visitor={'ab' * 16}", Sec_GPC="1")
    assert answer.headers["Set-Cookie"].startswith("aa_visitor=; Path=/; Max-Age=0;")
    assert "visitorid" not in place.events()[0]


def test_signals_of_privacy_may_be_ignored_and_the_cookie_s_life_is_a_setting(
    tmp_path: Path,
) -> None:
    settings = replace(SETTINGS, collector_privacy_signals="ignore", collector_cookie_days=30)
    with collector_in_process(tmp_path / "spool", settings) as place:
        answer = place.post("/v1/beacon", beacon(), Sec_GPC="1", DNT="1")
        assert "Max-Age=2592000;" in answer.headers["Set-Cookie"]
        assert "visitorid" in place.events()[0]


def test_who_withdraws_his_consent_loses_his_cookie_and_no_event_is_made_of_it(
    place: Place,
) -> None:
    denial = beacon(type="consent.denied")
    answer = place.post("/v1/beacon", denial, Cookie=f"aa_visitor={'ab' * 16}", Origin=SHOP)
    assert (answer.status, answer.told) == (202, {"accepted": 1})
    assert answer.headers["Set-Cookie"].startswith("aa_visitor=; Path=/; Max-Age=0;")
    assert "Set-Cookie" not in place.post("/v1/beacon", denial).headers
    assert place.messages() == []
    assert "collector_consent_denied_total 2" in place.ask("GET", "/metrics").body.decode()


def test_with_a_token_only_its_bearer_sends_events_and_sees_counts(guarded: Place) -> None:
    assert guarded.post("/v1/events", GOOD).status == 401
    assert guarded.post("/v1/events", GOOD, Authorization="Bearer no").status == 401
    assert guarded.ask("GET", "/metrics").status == 401
    assert guarded.messages() == []
    assert guarded.post("/v1/events", GOOD, Authorization=f"Bearer {TOKEN}").status == 202
    assert guarded.post("/v1/beacon", beacon()).status == 202
    assert guarded.ask("GET", "/healthz").status == 200


@pytest.mark.parametrize(
    "mark",
    ["Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP"],
)
def test_without_a_token_nobody_sends_events_or_sees_counts_through_a_proxy(
    place: Place, mark: str
) -> None:
    marked = {mark: "203.0.113.5", "Content-Type": "application/json"}
    for answer in (
        place.ask("POST", "/v1/events", GOOD, marked),
        place.ask("GET", "/metrics", headers=marked),
    ):
        assert (answer.status, "set COLLECTOR_TOKEN" in answer.told["error"]) == (403, True)
    assert place.ask("POST", "/v1/beacon", json.dumps(beacon()).encode(), marked).status == 202
    assert place.post("/v1/events", GOOD).status == 202


@pytest.mark.parametrize("host", ["evil.example", "shop.example:8090", "127.0.0.1.evil.example"])
def test_without_a_token_it_answers_to_no_other_name_than_loopback_s(
    place: Place, host: str
) -> None:
    """A page whose name leads here is of our origin; an unmarked proxy hands on the shop's name."""
    named = {"Host": host, "Content-Type": "application/json"}
    assert place.ask("POST", "/v1/events", GOOD, named).status == 403
    assert place.ask("GET", "/metrics", headers=named).status == 403
    assert place.messages() == []
    assert place.ask("GET", "/metrics", headers={"Host": "[::1]:8090"}).status == 200


def test_without_a_token_a_collector_that_knows_of_a_proxy_takes_no_events(proxied: Place) -> None:
    assert proxied.post("/v1/events", GOOD).status == 403
    assert proxied.ask("GET", "/metrics").status == 403
    assert proxied.post("/v1/beacon", beacon()).status == 202
    assert proxied.ask("GET", "/healthz").status == 200


def test_a_token_is_enough_behind_a_proxy(guarded: Place) -> None:
    shown = {"Authorization": f"Bearer {TOKEN}", "X_Forwarded_For": "203.0.113.5"}
    assert guarded.post("/v1/events", GOOD, **shown).status == 202


@pytest.mark.parametrize("origin", [SHOP, "https://evil.example", "null"])
def test_no_page_of_a_browser_may_speak_as_a_server(place: Place, origin: str) -> None:
    assert place.post("/v1/events", GOOD, "text/plain", Origin=origin).status == 403
    assert place.messages() == []


def test_a_visitor_is_given_a_cookie_once_and_known_by_it(place: Place) -> None:
    first = place.post("/v1/beacon", beacon(1))
    given = first.headers["Set-Cookie"]
    visitor = visitor_of(given.split(";")[0])
    assert place.events()[0]["visitorid"] == visitor
    second = place.post("/v1/beacon", beacon(2), Cookie=f"a=b; aa_visitor={visitor}")
    assert visitor_of(second.headers["Set-Cookie"].split(";")[0]) == visitor
    assert [one["visitorid"] for one in place.events()] == [visitor, visitor]


@pytest.mark.parametrize(
    ("headers", "is_secure"),
    [
        pytest.param({}, False, id="plain"),
        pytest.param({"Origin": SHOP}, True, id="a page by https"),
        pytest.param({"X-Forwarded-Proto": "https"}, True, id="a trusted proxy says https"),
    ],
)
def test_the_cookie_is_for_https_only_when_the_shop_is(
    proxied: Place, headers: dict[str, str], is_secure: bool
) -> None:
    answer = proxied.post("/v1/beacon", beacon(), **headers)
    assert ("Secure" in answer.headers["Set-Cookie"].split("; ")) is is_secure


def test_a_beacon_is_completed_by_what_its_request_says(proxied: Place) -> None:
    answer = proxied.post(
        "/v1/beacon",
        [beacon(1, data={"page": {"url": f"{SHOP}/mugs"}}), beacon(2, age=60_000)],
        "text/plain;charset=UTF-8",
        Origin=SHOP,
        User_Agent="Mozilla/5.0 (\xe9)",
        Accept_Language="de-AT,de;q=0.9",
        X_Forwarded_For="6.6.6.6, 198.51.100.9",
    )
    assert (answer.status, answer.told) == (202, {"accepted": 2})
    first, second = proxied.events()
    assert first["data"]["page"] == {"url": f"{SHOP}/mugs"}
    assert first["data"]["client"] == {
        "user_agent": "Mozilla/5.0 (�)",
        "address": "198.51.100.9",
        "language": "de-AT",
    }
    assert first["source"] == "/shop/web"
    assert second["time"] < first["time"]


def test_what_a_browser_says_again_is_kept_once(place: Place) -> None:
    for _ in range(2):
        assert place.post("/v1/beacon", [beacon(1), beacon(2)]).told == {"accepted": 2}
    assert len(place.messages()) == 2


@pytest.mark.parametrize(
    "taken", ["order:1042:placed", "0" * 31, "web:" + "0" * 32, "0" * 32 + "\n"]
)
def test_a_page_cannot_choose_the_id_of_an_order(place: Place, taken: str) -> None:
    assert place.post("/v1/beacon", beacon(id=taken)).status == 400
    assert place.messages() == []


def test_an_order_whose_id_a_page_has_guessed_is_another_event(place: Place) -> None:
    guessed = "01890a5d-ac96-774b-bcce-b302099a8057"
    assert place.post("/v1/beacon", beacon(id=guessed)).status == 202
    assert place.post("/v1/events", encode(event(id=guessed))).status == 202
    assert [one["id"] for one in place.events()] == [f"web:{guessed}", guessed]


def test_a_beacon_said_again_to_a_collector_that_forgot_it_is_the_same_event(
    tmp_path: Path,
) -> None:
    happened_at = time.time() * 1000 - 3000
    told = []
    for spool in ("before", "after a restart"):
        with collector_in_process(tmp_path / spool, SETTINGS) as place:
            said = beacon(at=happened_at, age=time.time() * 1000 - happened_at)
            place.post("/v1/beacon", said, Cookie=f"aa_visitor={'ab' * 16}")
            told += place.messages()
    assert told[0] == told[1]


def test_a_beacon_that_was_refused_is_refused_again(place: Place) -> None:
    broken = beacon(type="cart.abandoned")
    for _ in range(2):
        answer = place.post("/v1/beacon", broken)
        assert answer.status == 400
        assert "not for beacons" in answer.told["refused"][0]["reasons"][0]


def test_a_bad_detail_is_warned_of_beside_the_202(place: Place) -> None:
    told = json.loads(GOOD)
    told["data"] = {"page": {"url": "https://shop.example/" + "x" * 9_000}, "revenue": 5}
    answer = place.post("/v1/events", [json.loads(GOOD), told | {"id": "e2", "visitorid": "null"}])
    assert answer.status == 202
    assert answer.told["accepted"] == 2
    (warned,) = answer.told["warnings"]
    assert warned["index"] == 1
    assert "data.page.url is too long, and is cut" in warned["warnings"]
    assert any("data.revenue is no field of the contract" in words for words in warned["warnings"])
    assert "visitorid names nobody, and is left empty" in warned["warnings"]


def test_half_an_emoji_costs_nobody_else_in_the_batch(place: Place) -> None:
    bodies = [beacon(id=f"{number:032}", data={"page": {"title": "Mug ?"}}) for number in (4, 5)]
    body = json.dumps(bodies).replace("?", "\\ud83d", 1).encode()
    answer = place.ask("POST", "/v1/beacon", body, {"Content-Type": "text/plain"})
    assert (answer.status, answer.told["accepted"]) == (202, 2)
    assert len(place.messages()) == 2


def test_what_pages_lost_is_counted(place: Place) -> None:
    place.post("/v1/beacon", [beacon(), {"lost": {"old": 3, "full": 1, "else": 9}}])
    lines = place.ask("GET", "/metrics").body.decode().splitlines()
    assert 'collector_page_events_lost_total{reason="old"} 3' in lines
    assert 'collector_page_events_lost_total{reason="full"} 1' in lines
    assert not any("else" in line for line in lines)


def test_a_page_cannot_say_that_an_order_was_paid(place: Place) -> None:
    answer = place.post("/v1/beacon", beacon(type="order.paid", data={"order_id": "1"}))
    assert answer.status == 400
    assert place.messages() == []


def test_pages_of_listed_origins_may_read_the_answer(place: Place) -> None:
    asked = {"Origin": SHOP, "Access-Control-Request-Method": "POST"}
    preflight = place.ask("OPTIONS", "/v1/beacon", headers=asked)
    answer = place.post("/v1/beacon", beacon(), Origin=SHOP)
    assert (preflight.status, answer.status) == (204, 202)
    for one in (preflight, answer):
        assert one.headers["Access-Control-Allow-Origin"] == SHOP
        assert one.headers["Access-Control-Allow-Credentials"] == "true"
        assert one.headers["Vary"] == "Origin"
    assert preflight.headers["Access-Control-Allow-Headers"] == "content-type"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{SHOP}.evil.example"])
def test_pages_of_other_origins_may_neither_send_nor_ask(place: Place, origin: str) -> None:
    answers = [
        place.ask("OPTIONS", "/v1/beacon", headers={"Origin": origin}),
        place.post("/v1/beacon", beacon(), Origin=origin),
    ]
    for answer in answers:
        assert answer.status == 403
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert place.messages() == []


def test_the_script_is_served_for_pages_of_any_origin(place: Place) -> None:
    answer = place.ask("GET", "/v1/page.js")
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert len(answer.body) <= 4_096


def test_counts_are_told_to_the_shops_monitoring(place: Place) -> None:
    place.post("/v1/events", [json.loads(GOOD), NO_KIND])
    place.post("/v1/beacon", beacon())
    lines = place.ask("GET", "/metrics").body.decode().splitlines()
    assert {
        "collector_events_kept_total 2",
        "collector_events_sent_total 0",
        "collector_events_unsent 2",
        'collector_events_refused_total{reason="contract"} 1',
        'collector_answers_total{endpoint="events",status="207"} 1',
        'collector_answers_total{endpoint="beacon",status="202"} 1',
    } <= set(lines)


def _head(path: str, length: str) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n{length}\r\n\r\n"
    )
    return head.encode()


def _address(place: Place) -> tuple[str, int]:
    parts = urlsplit(place.url)
    return str(parts.hostname), int(parts.port or 0)
