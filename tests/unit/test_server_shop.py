"""The generated shop holds what it is for, and the oracle does not care how it arrives."""

from __future__ import annotations

from collections import Counter
from random import Random

from streams.events import Event
from tests.server_shop import ZONE, as_it_arrives, events
from tests.server_shop_oracle import Reckoning, reckoned


def reckoning_of(happened: list[Event]) -> Reckoning:
    return reckoned(happened, ZONE, lambda event: event.channel or event.source)


def test_one_seed_is_one_shop() -> None:
    assert as_it_arrives(3, people=20) == as_it_arrives(3, people=20)
    assert as_it_arrives(3, people=20) != as_it_arrives(4, people=20)


def test_the_shop_has_every_way_to_order_and_all_that_becomes_of_orders() -> None:
    orders = reckoning_of(events(1)).orders
    stories = [number.split(".")[1:] for number in orders]
    assert len(orders) > 250
    assert {way for way, _ in stories} == {
        "page", "soon", "late", "both", "both-late", "page-after-server", "named",
        "named-too-late", "nobodys", "nobodys-page", "outside", "changes-only",
    }  # fmt: skip
    assert len({after for _, after in stories}) == 26
    assert Counter(one.visit is None for one in orders.values())[True] > 50
    assert {one.person[0] for one in orders.values()} == set("cpevo")


def test_money_is_kept_given_back_or_never_came() -> None:
    for order in reckoning_of(events(2)).orders.values():
        assert min(order.gross_minor, order.returned_minor, order.cancelled_minor) >= 0
        assert order.net_minor >= 0


def test_the_oracle_reckons_the_same_however_events_arrive() -> None:
    arriving = as_it_arrives(5, people=40)
    first = reckoning_of(arriving)
    Random(1).shuffle(arriving)
    again = reckoning_of(arriving)
    assert dict(first.orders) == dict(again.orders)
    assert {*map(str, first.visits)} == {*map(str, again.visits)}
