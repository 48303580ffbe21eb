"""Runs of detection by a definition that asks what is left, and whether the letter is wanted."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from orchestration.detection import is_anything_due
from orchestration.triggers.contents import ADDED, REMOVED, CartEvent, Line
from orchestration.triggers.message import read_message
from tests.unit.trigger_builders import DAY, MONDAY, WHAT_IS_LEFT, cart, definition, wall
from tests.warehouse.detection_world import TUESDAY, ListFeed, Names, ShopWorld, run

ASKING = definition(WHAT_IS_LEFT)
MINUTE = timedelta(minutes=1)
ANN = Names("ann")
MUG = Line("MUG", "A mug", Decimal(2), 500, "https://shop/mug")


def put_in(world: ShopWorld, names: Names = ANN, **told) -> None:
    """A mug goes into the cart at Monday's noon."""
    one = cart(
        person=names.raw_person,
        visitor_id=names.visitor_id,
        customer_id=names.customer_id,
        **told,
    )
    world.carts([one])
    happened = CartEvent(one.event_id, ADDED, one.added_at, "live", [MUG])
    world.happen([(names, happened)])


def take_out(world: ShopWorld, names: Names, *, is_staged: bool = True) -> None:
    gone = CartEvent("gone", REMOVED, MONDAY + 5 * MINUTE, "live", [Line("MUG")])
    world.happen([(names, gone)], is_staged=is_staged)


def asked(world: ShopWorld, feed: ListFeed):
    return run(world, feed, wall(TUESDAY), ASKING).tallies[0]


def test_a_letter_tells_what_is_left_with_prices_pages_and_total(world, feed) -> None:
    put_in(world, Names("ann", "7"))
    assert asked(world, feed).fired == 1
    facts = read_message(feed.messages[0][1]).data.facts
    (item,) = facts.items
    assert (item.sku, item.quantity, item.price_minor, item.url) == (
        *("MUG", 2, 500, "https://shop/mug"),
    )
    assert (facts.total_minor, facts.customer_id) == (1000, "7")


@pytest.mark.parametrize("is_staged", [True, False], ids=["built", "not built yet"])
def test_an_emptied_cart_gets_no_letter(world, feed, is_staged) -> None:
    put_in(world)
    take_out(world, Names("ann"), is_staged=is_staged)
    tally = asked(world, feed)
    assert (tally.fired, tally.refused) == (0, {} if is_staged else {"emptied": 1})


def test_a_cart_emptied_under_another_name_of_the_person_gets_no_letter(world, feed) -> None:
    world.resolve({"c:1": "c:1", "v:ann": "c:1"})
    put_in(world)
    take_out(world, Names("", "1"), is_staged=False)
    assert asked(world, feed).refused == {"emptied": 1}


def test_a_cart_of_nobody_gets_no_letter(world, feed) -> None:
    for number, key in enumerate(("", "o:17")):
        put_in(world, Names(), event_id=f"n{number}", visitor_key=key)
    assert run(world, feed, wall(TUESDAY)).tallies[0].candidates == 0


def test_a_guest_who_is_known_by_e_mail_alone_gets_one_letter_under_that_name(world, feed) -> None:
    for number in range(2):
        world.cart(person="", visitor_id="", visitor_key="e:ab", event_id=f"g{number}")
    assert run(world, feed, wall(TUESDAY)).fired == 1
    ((key, value),) = feed.messages
    assert (key, read_message(value).data.facts.email_sha256) == (b"e:ab", "ab")
    assert world.ledger() == [("e:ab", TUESDAY.replace(tzinfo=None))]
    assert run(world, feed, wall(TUESDAY)).tallies[0].candidates == 0


# Consent, asked of the events as they arrive.


@pytest.mark.parametrize(
    ("words", "subscription", "is_fired"),
    [
        pytest.param(["news: off"], "any", False, id="off"),
        pytest.param(["news: off", "News : on"], "any", True, id="off and on again"),
        pytest.param(["news: off", "sms: on"], "any", False, id="another one on"),
        pytest.param(["news: on"], "any", True, id="never off"),
        pytest.param(["sms: off"], "[news]", True, id="off from what does not concern it"),
        pytest.param(["sms: off", "news: off"], "[News]", False, id="off from what does"),
        pytest.param([": off"], "[news]", False, id="off from everything"),
        pytest.param(["a: off: on"], "any", True, id="a colon in a name"),
    ],
)
def test_who_unsubscribed_gets_no_letter(world, feed, words, subscription, is_fired) -> None:
    world.resolve({"c:1": "c:1", "v:ann": "c:1", "e:ab": "c:1"})
    put_in(world)
    for number, word in enumerate(words):
        world.subscribe(MONDAY + number * MINUTE, word, email_sha256="ab")
    trigger = definition(f"{WHAT_IS_LEFT}subscription: {subscription}\n")
    tally = run(world, feed, wall(TUESDAY), trigger).tallies[0]
    assert tally.fired == is_fired
    assert tally.refused == ({} if is_fired else {"unsubscribed": 1})


def test_consent_is_asked_until_now_and_who_is_refused_wakes_no_broker(world, feed) -> None:
    put_in(world)
    world.subscribe(TUESDAY + DAY, "news: off", visitor_id="ann")
    assert is_anything_due(world.warehouse, [ASKING], wall(TUESDAY))
    assert not is_anything_due(world.warehouse, [ASKING], wall(TUESDAY + DAY))
