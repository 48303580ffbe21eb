"""What is in a cart: the rule of letters about what is left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest

from orchestration.triggers.contents import ADDED, REMOVED, CartEvent, Line, contents_at
from orchestration.triggers.decide import Addressee, Answer, Cart, People, decide, refusal
from tests.unit.trigger_builders import (
    DAY,
    MICROSECOND,
    MONDAY,
    WHAT_IS_LEFT,
    cart,
    definition,
    shop,
    wall,
)

TUESDAY = MONDAY + DAY
MINUTE = timedelta(minutes=1)
ASKING = definition(WHAT_IS_LEFT)


def event(kind: str, minutes: float, *lines: Line | str, **other: object) -> CartEvent:
    """Something that happened so many minutes after Monday's noon."""
    products = tuple(Line(one) if isinstance(one, str) else one for one in lines)
    valid = {"event_id": f"{kind} {minutes}", "origin": "live", "currency": "EUR"} | other
    return CartEvent(kind=kind, occurred_at=MONDAY + minutes * MINUTE, lines=products, **valid)  # type: ignore[arg-type]


def added(minutes: float, *lines: Line | str, **other: object) -> CartEvent:
    return event(ADDED, minutes, *lines, **other)


def removed(minutes: float, *lines: Line | str) -> CartEvent:
    return event(REMOVED, minutes, *lines)


def ordered(minutes: float, *lines: Line | str, kind: str = "order.placed") -> CartEvent:
    return event(kind, minutes, *lines)


def pieces(sku: str, quantity: str | int, **other: object) -> Line:
    return Line(sku, quantity=Decimal(quantity), **other)  # type: ignore[arg-type]


def left(*events: CartEvent, minutes: float = 0) -> dict[str, float]:
    """Pieces by SKU in the cart whose last addition came so many minutes after Monday's noon."""
    at = MONDAY + minutes * MINUTE
    return {one.sku: one.quantity for one in contents_at(at, at + DAY, events).items}


@pytest.mark.parametrize(
    ("events", "pieces_left"),
    [
        pytest.param([added(0, "MUG")], {"MUG": 1}, id="added, no quantity told"),
        pytest.param([added(0, pieces("MUG", 3))], {"MUG": 3}, id="added three"),
        pytest.param([added(0, "MUG"), removed(5, "MUG")], {}, id="taken out"),
        pytest.param([removed(-5, "MUG"), added(0, "MUG")], {"MUG": 1}, id="out, then in"),
        pytest.param(
            [added(0, pieces("MUG", 3)), removed(5, pieces("MUG", 2))], {"MUG": 1}, id="in part"
        ),
        pytest.param(
            [added(0, pieces("MUG", 3)), removed(5, pieces("MUG", -2))], {"MUG": 1}, id="any sign"
        ),
        pytest.param(
            [added(0, pieces("MUG", 3)), removed(5, "MUG")], {}, id="out, no quantity told"
        ),
        pytest.param(
            [added(0, pieces("OIL", "0.75")), removed(5, pieces("OIL", "0.5"))],
            {"OIL": 0.25},
            id="fractions",
        ),
        pytest.param(
            [
                added(0, pieces("OIL", "0.3")),
                *[removed(n, pieces("OIL", "0.1")) for n in (1, 2, 3)],
            ],
            {},
            id="fractions are exact",
        ),
        pytest.param(
            [added(-9, "MUG"), removed(-5, pieces("MUG", 9)), added(0, "MUG")],
            {"MUG": 1},
            id="more out than was in, then anew",
        ),
        pytest.param([added(0, "MUG", "CAP"), removed(5, "MUG")], {"CAP": 1}, id="one of two"),
        pytest.param(
            [added(0, "MUG"), removed(300, "MUG"), added(400, "CAP")], {}, id="only a later thing"
        ),
        pytest.param(
            [added(0, "MUG"), added(400, "CAP")], {"MUG": 1, "CAP": 1}, id="a later thing too"
        ),
        pytest.param(
            [added(0, "MUG"), added(400, "MUG"), removed(401, pieces("MUG", 1))],
            {"MUG": 1},
            id="of two pieces of two visits one",
        ),
        pytest.param([added(0, "MUG"), removed(24 * 60, "MUG")], {}, id="out when it is due"),
        pytest.param(
            [added(0, "MUG"), removed(24 * 60 + 1, "MUG")], {"MUG": 1}, id="out after it was due"
        ),
        pytest.param(
            [added(-25 * 60, "CAP"), added(0, "MUG")], {"MUG": 1}, id="older than a day before"
        ),
        pytest.param([added(0, "MUG"), removed(5)], {}, id="out, no product told"),
    ],
)
def test_what_is_left_is_what_was_put_in_less_what_was_taken_out(
    events: Sequence[CartEvent], pieces_left: dict[str, float]
) -> None:
    assert left(*events) == pieces_left
    assert left(*reversed(events)) == pieces_left


@pytest.mark.parametrize(
    ("events", "pieces_left"),
    [
        pytest.param([ordered(-10, "MUG"), added(0, "MUG")], {}, id="buy now, ten minutes before"),
        pytest.param(
            [ordered(-10 - 1e-6, "MUG"), added(0, "MUG")], {"MUG": 1}, id="longer ago than that"
        ),
        pytest.param([ordered(-11, "MUG"), added(0, "MUG")], {"MUG": 1}, id="eleven minutes"),
        pytest.param([ordered(-5, "MUG"), added(0, "MUG", "CAP")], {"CAP": 1}, id="one of two"),
        pytest.param([ordered(-5, "CAP"), added(0, "MUG")], {"MUG": 1}, id="something else"),
        pytest.param([ordered(-5), added(0, "MUG")], {}, id="no product told"),
        pytest.param([added(0, "MUG"), ordered(5, "MUG")], {}, id="after it"),
        pytest.param([added(0, "MUG"), ordered(5, "MUG", kind="order.paid")], {}, id="paid"),
        pytest.param([added(0, "MUG", "CAP"), ordered(5, "MUG")], {}, id="an order closes a cart"),
        pytest.param(
            [added(-60, "CAP"), ordered(-30, "CAP"), added(0, "MUG")], {"MUG": 1}, id="a new cart"
        ),
        pytest.param(
            [added(-60, "MUG"), ordered(-30, "MUG"), added(0, "MUG"), removed(1, pieces("MUG", 1))],
            {},
            id="what was bought is not there to be taken out",
        ),
    ],
)
def test_what_was_bought_is_not_in_the_cart(
    events: Sequence[CartEvent], pieces_left: dict[str, float]
) -> None:
    assert left(*events) == pieces_left


def test_items_tell_name_price_and_page_that_were_told_last_and_what_all_are_worth() -> None:
    found = contents_at(
        MONDAY,
        TUESDAY,
        [
            added(-2, pieces("MUG", 2, name="Mug", price_minor=900, url="https://shop/mug")),
            added(-1, pieces("OIL", "0.25", price_minor=1999)),
            added(0, pieces("MUG", 1, price_minor=1000)),
        ],
    )
    mug, oil = found.items
    assert (mug.sku, mug.name, mug.quantity, mug.price_minor, mug.url) == (
        "MUG", "Mug", 3, 1000, "https://shop/mug",
    )  # fmt: skip
    assert (oil.quantity, oil.price_minor, oil.url) == (0.25, 1999, "")
    assert (found.total_minor, found.currency) == (3500, "EUR")


def test_a_total_is_told_only_when_all_prices_are_and_in_one_currency() -> None:
    mug = pieces("MUG", 1, price_minor=900)
    unpriced = contents_at(MONDAY, TUESDAY, [added(0, mug, "CAP")])
    assert (unpriced.total_minor, unpriced.items[1].price_minor) == (None, None)
    cap = added(0, pieces("CAP", 1, price_minor=5), currency="USD")
    assert contents_at(MONDAY, TUESDAY, [added(-1, mug), cap]).total_minor is None


def people(*events: CartEvent, answers: Sequence[Answer] = (), **addressee: object) -> People:
    known = Addressee(**addressee)  # type: ignore[arg-type]
    return People({"v:ann": answers}, {"v:ann": events}, {"v:ann": known})


def refused(of: Cart, known: People, text: str = WHAT_IS_LEFT) -> str | None:
    return refusal(definition(text), of, known, wall(TUESDAY))


def test_an_emptied_cart_is_refused_only_where_the_definition_asks() -> None:
    emptied = people(added(0, "MUG", event_id="e1"), removed(5, "MUG"))
    assert refused(cart(), emptied) == "emptied"
    asks_not = WHAT_IS_LEFT.replace("only_what_is_left: true", "only_what_is_left: false")
    assert refused(cart(), emptied, asks_not) is None


def test_an_imported_removal_empties_no_cart_on_the_walls_clock() -> None:
    known = people(added(0, "MUG"), event(REMOVED, 5, "MUG", origin="import"))
    assert refusal(ASKING, cart(), known, wall(TUESDAY)) is None
    assert refusal(ASKING, cart(), known, shop(TUESDAY)) == "emptied"


def test_who_unsubscribed_gets_no_letter_nor_does_one_at_a_shared_visitor() -> None:
    full = added(0, "MUG")
    assert refused(cart(), people(full, is_unsubscribed=True)) == "unsubscribed"
    shared = People({}, {"v:ann": [full]}, {"c:1": Addressee(is_unsubscribed=True)})
    assert refused(cart(also_of=("c:1",)), shared) == "unsubscribed"
    assert refused(cart(), shared) is None


def test_facts_hold_what_is_left_and_who_it_was_when_the_letter_was_due() -> None:
    known = people(
        added(0, pieces("MUG", 2, name="A mug", price_minor=500), "CAP", event_id="e1"),
        removed(5, "CAP"),
        identifiers=[
            ("c:8", MONDAY),
            ("c:7", MONDAY - DAY),
            ("e:old", MONDAY - DAY),
            ("e:new", MONDAY),
            ("e:later", TUESDAY + MICROSECOND),
        ],
    )
    facts = [
        decide(ASKING, [cart()], known, (), wall(TUESDAY + late)).firings[0].facts
        for late in (0 * DAY, DAY)
    ]
    assert facts[0] == facts[1]
    assert (facts[0].skus, facts[0].names) == (["MUG"], ["A mug"])
    assert (facts[0].customer_id, facts[0].email_sha256) == ("7", "new")
    assert (facts[0].total_minor, facts[0].currency) == (1000, "EUR")


def test_the_names_that_a_cart_itself_bears_go_first() -> None:
    known = people(
        added(0, "MUG", event_id="e1", email_sha256="own"), identifiers=[("e:x", MONDAY)]
    )
    (firing,) = decide(ASKING, [cart(customer_id="3")], known, (), wall(TUESDAY)).firings
    assert (firing.facts.customer_id, firing.facts.email_sha256) == ("3", "own")


def test_a_definition_that_does_not_ask_writes_about_what_was_put_in() -> None:
    own = added(0, pieces("MUG", 2, price_minor=500), event_id="e1")
    known = people(own, removed(5, "MUG"))
    (firing,) = decide(definition(), [cart()], known, (), wall(TUESDAY)).firings
    assert (firing.facts.skus, firing.facts.total_minor) == (["MUG"], 1000)
