"""From events that a shop's server tells to letters, by the marts and the shipped trigger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from orchestration.catalogue import catalogue
from orchestration.days import Stretch
from orchestration.detection import detect
from orchestration.triggers.message import TriggerFired, read_message
from streams import events as contract
from streams.events import CartData, Event, Identifiers, OrderData, Page, Product, SubscriptionData
from tests.builders import event
from tests.unit.trigger_builders import wall
from tests.warehouse.detection_world import ListFeed
from tests.warehouse.marts_world import MartsWorld, Message

# dbt's logger forgets to close the file it wrote
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")

EVENING = datetime(2026, 11, 26, 20, tzinfo=UTC)
NOW = EVENING + timedelta(hours=30)
MUG = Product(sku="MUG", name="Mug", price_minor=1000, quantity=1)
CAP = Product(sku="CAP", name="Cap", price_minor=700, quantity=2, url="https://shop.example/cap")
NUMBERS = count()


def told(kind: Any, person: str, minutes: float, data: Any, **names: str) -> Event:
    """An event of a server, so many minutes after the evening began."""
    return event(
        kind,
        id=f"{person}-{next(NUMBERS)}",
        time=EVENING + timedelta(minutes=minutes),
        data=data,
        **{"visitorid": person, "customerid": person.upper()} | names,
    )


def added(person: str, minutes: float, *products: Product, **names: str) -> Event:
    return told(contract.CartItemAdded, person, minutes, CartData(products=list(products)), **names)


def removed(person: str, minutes: float, *products: Product, **names: str) -> Event:
    data = CartData(products=list(products))
    return told(contract.CartItemRemoved, person, minutes, data, **names)


def ordered(person: str, minutes: float, *products: Product) -> Event:
    data = OrderData(order_id=f"{person}-1", products=list(products))
    return told(contract.OrderPlaced, person, minutes, data)


def subscribed(person: str, minutes: float, name: str, is_subscribed: bool) -> Event:
    data = SubscriptionData(name=name, is_subscribed=is_subscribed)
    return told(contract.SubscriptionChanged, person, minutes, data, visitorid="")


def happened() -> Iterator[Event]:
    """An evening; who ends on `yes` is due a letter."""
    yield added("left-yes", 0, MUG)
    yield from (added("emptied", 0, MUG), removed("emptied", 5, MUG))
    yield from (added("desk", 0, MUG), removed("desk", 600, MUG, visitorid=""))
    yield from (added("anew-yes", 0, MUG), removed("anew-yes", 5, MUG), added("anew-yes", 9, MUG))
    yield from (added("part-yes", 0, MUG, CAP), removed("part-yes", 5, MUG))
    yield from (ordered("buy-now", -5, MUG), added("buy-now", 0, MUG))
    yield from (ordered("before-yes", -11, MUG), added("before-yes", 0, MUG))
    yield from (added("bought", 0, MUG), ordered("bought", 30, MUG))
    yield from (added("silent", 0, MUG), subscribed("silent", -600, "News", False))
    yield from (added("again-yes", 0, MUG), subscribed("again-yes", -600, "News", False))
    yield subscribed("again-yes", -500, "news", True)
    page = CartData(products=[MUG], page=Page(url="https://shop.example/product/mug"))
    yield told(contract.CartItemAdded, "page-yes", 0, page)
    guest = CartData(products=[MUG], identifiers=Identifiers(email_sha256="ab" * 32))
    yield told(contract.CartItemAdded, "guest", 0, guest, visitorid="", customerid="")


@pytest.fixture
def letters(shop: MartsWorld) -> dict[str, TriggerFired]:
    """The letters that the evening leads to, by Kafka key."""
    shop.arrive(Message(one, second) for second, one in enumerate(happened()))
    days = Stretch(date(2026, 11, 25), date(2026, 11, 28))
    shop.build(days, options=("--select", "+cart_additions"))
    feed = ListFeed()
    detect(shop.warehouse, feed, catalogue().definitions, wall(NOW))
    return {key.decode(): read_message(value) for key, value in feed.messages}


def test_letters_go_to_whoever_left_something_and_wants_them_about_what_is_left(letters) -> None:
    assert set(letters) == {
        *("left-yes", "anew-yes", "part-yes", "before-yes", "again-yes", "page-yes"),
        f"e:{'ab' * 32}",
    }
    part = letters["part-yes"].data.facts
    assert (part.skus, part.total_minor, part.customer_id) == (["CAP"], 1400, "PART-YES")
    assert part.items[0].url == "https://shop.example/cap"
    assert letters["anew-yes"].data.facts.items[0].quantity == 1
    assert letters["page-yes"].data.facts.items[0].url == "https://shop.example/product/mug"
    assert letters[f"e:{'ab' * 32}"].data.facts.email_sha256 == "ab" * 32
