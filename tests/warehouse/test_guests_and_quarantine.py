"""Guests, people who name nobody, and what so many bear that it names nobody either."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orchestration.left_out import left_out
from orchestration.reporting import summary
from orchestration.waiting import Waiting
from streams.events import (
    Client,
    CustomerLoggedIn,
    Data,
    Event,
    Identifiers,
    OrderData,
    OrderPlaced,
)
from tests.builders import event
from tests.warehouse.marts_world import MartsWorld, Message, build_dirty_days

# dbt's logger forgets to close the file it wrote
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")

NOON = datetime(2026, 3, 2, 20, tzinfo=UTC)  # in Los Angeles
NIL = "00000000-0000-0000-0000-000000000000"


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def order(number: int, minutes: int = 0, **told: Any) -> Event:
    """An order over 10.00 of whoever the identifiers name."""
    hashes = {name: told.pop(name) for name in ("email_sha256", "phone_sha256") if name in told}
    data = OrderData(order_id=f"o{number}", revenue_minor=1000, identifiers=Identifiers(**hashes))
    at = NOON + timedelta(minutes=minutes)
    given = {"id": f"order {number}", "time": at, "visitorid": "", "data": data}
    return event(OrderPlaced, **{**given, **told})


def arrive(shop: MartsWorld, events: Iterable[Event]) -> None:
    shop.arrive([Message(one, 0) for one in events])


def customers(shop: MartsWorld) -> dict[str, tuple[str, int]]:
    rows = shop.warehouse.rows("select person, person_class, order_count from marts.customers")
    return {person: (kind, count) for person, kind, count in rows}


def test_guests_are_known_by_their_e_mail_and_nobody_is_no_person(shop: MartsWorld) -> None:
    mail = {"email_sha256": hashed("guest@mail.example")}
    arrive(shop, [order(1, **mail), order(2, 60 * 24, **mail)])
    arrive(shop, [order(3, visitorid=NIL, customerid="guest", email_sha256=hashed(""))])
    arrive(shop, [order(4, visitorid="null", phone_sha256=hashed("undefined").upper())])
    arrive(shop, [event(id=f"page {one}", time=NOON, visitorid=one) for one in ("null", NIL, "0")])
    build_dirty_days(shop)
    known = f"e:{mail['email_sha256']}"
    anonymous = {"o:o3": ("anonymous order", 1), "o:o4": ("anonymous order", 1)}
    assert customers(shop) == {known: ("known visitor", 2), **anonymous}
    nobodys = "select count() from intermediate.int_events_sessionized where person = ''"
    assert shop.warehouse.scalar(f"{nobodys} and outside_reason != 'nobody'") == 0
    told = shop.warehouse.rows(
        "select kind, field, event_count from marts.event_warnings"
        " where code = 'names_nobody' and field in ('visitorid', 'customerid') order by all"
    )
    assert told == [
        ("order.placed", "customerid", 1),
        ("order.placed", "visitorid", 2),
        ("page.viewed", "visitorid", 3),
    ]
    told = Identifiers(**mail)
    arrive(shop, [event(id="later", time=NOON + timedelta(days=3), data=Data(identifiers=told))])
    login = {"customerid": "7", "time": NOON + timedelta(days=4), "visitorid": "v1"}
    arrive(shop, [event(CustomerLoggedIn, id="login", **login)])
    build_dirty_days(shop)
    assert customers(shop) == {"c:7": ("customer", 2), **anonymous}


def test_what_too_many_bear_is_quarantined_before_it_merges_them(shop: MartsWorld) -> None:
    own, centre = hashed("orders@shop.example"), hashed("+49 30 1")
    crowd = range(11)
    mails = [hashed(f"{one}@mail.example") for one in crowd]
    arrive(shop, [order(one, one, visitorid=f"a{one}", email_sha256=own) for one in crowd])
    arrive(
        shop,
        [
            order(100 + one, one, email_sha256=mails[one], phone_sha256=centre)
            for one in reversed(crowd)
        ],
    )
    arrive(
        shop,
        [order(200 + one, 60 * one, visitorid="till", customerid=f"k{one}") for one in crowd],
    )
    devices = [order(300 + one, one, visitorid=f"d{one}", customerid="home") for one in range(10)]
    arrive(shop, devices)
    build_dirty_days(shop)
    found = customers(shop)
    assert {person for person in found if person[0] == "v"} == {f"v:a{one}" for one in crowd}
    assert {person for person in found if person[0] in "ep"} == {f"e:{one}" for one in mails}
    assert {person for person in found if person[0] == "c"} == {
        *(f"c:k{one}" for one in crowd),
        "c:home",
    }
    assert found["c:home"] == ("customer", 10)
    reasons = {f"e:{own}": "v", f"p:{centre}": "e", "v:till": "c"}
    listed = "select identifier, decision_reason from marts.unmerged_identifiers where reason = "
    assert dict(shop.warehouse.rows(f"{listed}'quarantined'")) == {
        one: f"met 11 others ({kind}:) first on 2026-03-02" for one, kind in reasons.items()
    }
    after = shop.digests()
    shop.rebuild()
    assert shop.digests() == after
    shop.decide("joined", "v:till")
    shop.decide("apart", f"e:{own}")
    build_dirty_days(shop)
    released = customers(shop)
    assert released["c:k0"] == ("customer", 11)
    assert {one for one in found if one not in released} == {f"c:k{one}" for one in crowd[1:]}
    assert dict(shop.warehouse.rows(f"{listed}'quarantined'")).keys() == {f"p:{centre}"}
    assert dict(shop.warehouse.rows(f"{listed}'set apart'")).keys() == {f"e:{own}"}


def test_a_short_user_agent_is_counted_and_a_bot_is_left_out_and_told(shop: MartsWorld) -> None:
    agents = ["-", "app", "MyShop/1.0", "curl/8.14.1", "Googlebot/2.1"]
    events = [
        event(
            id=f"page {one}",
            time=NOON,
            visitorid=f"v{one}",
            data=Data(client=Client(user_agent=one)),
        )
        for one in agents
    ]
    arrive(shop, [*events, order(1, visitorid="vcurl")])
    build_dirty_days(shop)
    seen = shop.warehouse.rows("select distinct visitor_id from staging.stg_events order by all")
    assert {visitor for (visitor,) in seen} == {"v-", "vapp", "vMyShop/1.0", "vcurl"}
    missing = left_out(shop.warehouse)
    assert (missing.bot_events, missing.bot_orders) == (2, 0)
    assert "left out: 2 events of bots" in missing.sentence()
    found = summary(
        shop.warehouse, "EUR", waiting=Waiting({}, [], [], [], []), outdated_events=0
    ).as_json()
    assert (found["bot_events"], found["quarantined_identifiers"]) == (2, 0)
    assert {one["reason"] for one in found["bot_reasons"]} >= {"library: curl"}
