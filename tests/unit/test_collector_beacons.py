"""Beacons: what a page may say, and what the collector adds."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from streams.collector.beacons import (
    KINDS_OF_PAGES,
    Beacon,
    Losses,
    Visit,
    beacon_of,
    completed,
)
from streams.decode import Decoded, decode
from streams.events import KINDS, CartItemAdded, PageViewed
from tests.builders import NOON

VISIT = Visit(
    visitor="0" * 32,
    source="/shop/web",
    user_agent="Mozilla/5.0",
    address="192.0.2.7",
    language="de-AT",
    received_at=NOON,
)


def message(**attributes: Any) -> bytes:
    given = {"id": "0123456789abcdef0123456789abcdef", "type": "page.viewed", "age": 0, "data": {}}
    return json.dumps({**given, **attributes}).encode()


def event_of(payload: bytes, visit: Visit = VISIT) -> Any:
    beacon = beacon_of(payload)
    assert isinstance(beacon, Beacon), beacon
    decoded = decode(completed(beacon, visit))
    assert isinstance(decoded, Decoded), decoded
    return decoded.event


def test_a_page_view_is_completed_to_an_event_of_the_contract() -> None:
    page = {"url": "https://shop.example/", "title": "Shop", "referrer": "https://s.example/"}
    event = event_of(message(data={"page": page, "context": {"stock": 3}}))
    assert isinstance(event, PageViewed)
    assert (event.id, event.source, event.time) == (
        "web:0123456789abcdef0123456789abcdef",
        "/shop/web",
        NOON,
    )
    assert event.visitorid == "0" * 32
    assert event.data.page
    assert (event.data.page.url, event.data.page.title) == ("https://shop.example/", "Shop")
    assert event.data.client
    assert (event.data.client.user_agent, event.data.client.address) == ("Mozilla/5.0", "192.0.2.7")
    assert event.data.client.language == "de-AT"
    assert bytes(event.data.context) == b'{"stock": 3}'  # type: ignore[arg-type]  # it is set


@pytest.mark.parametrize(
    ("age_milliseconds", "seconds_before"),
    [
        pytest.param(0, 0, id="now"),
        pytest.param(1500, 1.5, id="a moment ago"),
        pytest.param(3.6e6, 3600, id="kept for an hour"),
        pytest.param(1e15, 24 * 3600, id="no more than a day is believed"),
    ],
)
def test_an_event_happened_its_age_before_it_was_received(
    age_milliseconds: float, seconds_before: float
) -> None:
    event = event_of(message(age=age_milliseconds))
    assert event.time == NOON - timedelta(seconds=seconds_before)


@pytest.mark.parametrize(
    ("wrong_by_seconds", "age_seconds", "is_believed"),
    [
        pytest.param(0, 0, True, id="right"),
        pytest.param(3, 0, True, id="a little fast, or the request was"),
        pytest.param(-9, 3600, True, id="a little slow, an hour later"),
        pytest.param(11, 0, False, id="too fast"),
        pytest.param(-3600, 60, False, id="an hour slow"),
        pytest.param(0, 25 * 3600, False, id="right, but older than a day"),
    ],
)
def test_the_time_is_the_browsers_when_its_clock_is_right(
    wrong_by_seconds: int, age_seconds: int, is_believed: bool
) -> None:
    received_at = NOON + timedelta(seconds=age_seconds)
    browsers = NOON + timedelta(seconds=wrong_by_seconds, milliseconds=7)
    payload = message(at=browsers.timestamp() * 1000, age=age_seconds * 1000)
    event = event_of(payload, replace(VISIT, received_at=received_at))
    by_age = received_at - timedelta(seconds=min(age_seconds, 24 * 3600))
    assert event.time == (browsers if is_believed else by_age)


def test_a_page_cannot_name_persons_nor_its_own_address_nor_its_time() -> None:
    forged = {
        "client": {"address": "203.0.113.1"},
        "identifiers": {"email_sha256": "ab" * 32},
    }
    event = event_of(
        message(data=forged, customerid="7", visitorid="x", time="1999-01-01T00:00:00Z", source="y")
    )
    assert event.data.client.address == "192.0.2.7"
    assert event.data.identifiers is None
    assert (event.customerid, event.visitorid, event.source) == ("", "0" * 32, "/shop/web")
    assert event.time == NOON


def test_what_is_not_known_of_a_client_is_left_out() -> None:
    event = event_of(message(), replace(VISIT, user_agent="", language=""))
    assert json.loads(completed(Beacon(id="0" * 32, type="page.viewed"), VISIT))["data"]["client"]
    assert event.data.client.user_agent == ""


def test_a_page_tells_what_was_put_into_the_cart() -> None:
    products = [{"sku": "MUG-BLUE", "price_minor": 1290, "quantity": 1}]
    event = event_of(message(type="cart.item_added", data={"products": products}))
    assert isinstance(event, CartItemAdded)
    assert event.data.products[0].sku == "MUG-BLUE"


@pytest.mark.parametrize("kind", sorted(set(KINDS) - KINDS_OF_PAGES))
def test_what_only_the_shop_knows_is_no_beacon(kind: str) -> None:
    (reason,) = beacon_of(message(type=kind))  # type: ignore[misc]  # reasons
    assert "not for beacons" in reason


def test_every_kind_of_pages_is_one_of_the_contract() -> None:
    assert set(KINDS) > KINDS_OF_PAGES


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        pytest.param(b"7", "an object was expected", id="no object"),
        pytest.param(b"{", "not JSON", id="cut short"),
        pytest.param(b'{"id": "\xff"}', "matching regex", id="an id that is no text"),
        pytest.param(b'{"type": "page.viewed"}', "got `null` - at `$.id`", id="no id"),
        pytest.param(message(id="order:1042:placed"), "matching regex", id="an id of a server"),
        pytest.param(message(id="0" * 31), "matching regex", id="an id that others may have"),
        pytest.param(message(type=7), "Expected `str`", id="a kind that is a number"),
        pytest.param(
            message()[:-2] + b'"a":' + b"[" * 9000,
            "not JSON",
            id="too deep",
        ),
    ],
)
def test_a_beacon_that_cannot_be_read_says_why(payload: bytes, reason: str) -> None:
    reasons = beacon_of(payload)
    assert isinstance(reasons, tuple)
    assert reason in reasons[0]


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(message(age=-1), id="from the future"),
        pytest.param(message(age="1"), id="an age in words"),
        pytest.param(message(data=[]), id="data is a list"),
        pytest.param(message(data={"page": {"title": "Mug \ud83d"}}), id="half an emoji"),
        pytest.param(
            message(data={"page": {"title": "Caf?"}}).replace(b"?", b"\xe9"), id="Latin-1"
        ),
    ],
)
def test_a_bad_detail_costs_the_detail_and_not_the_beacon(payload: bytes) -> None:
    event = event_of(payload)
    assert isinstance(event, PageViewed)
    assert event.id == "web:0123456789abcdef0123456789abcdef"


def test_a_page_may_tell_what_it_lost() -> None:
    told = beacon_of(b'{"lost": {"old": 3, "full": 1, "words": "many"}}')
    assert told == Losses(lost={"old": 3, "full": 1})
