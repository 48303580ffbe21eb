"""The oracle of a shop whose orders are told by a server, on examples worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from streams import events as contract
from streams.events import (
    Client,
    CustomerData,
    Data,
    Event,
    Identifiers,
    OrderData,
    Page,
    Product,
)
from tests.server_shop_oracle import NIL_UUID, Order, Reckoning, line_revenue, reckoned

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ZONE = ZoneInfo("America/Los_Angeles")
SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
GAP = timedelta(minutes=30)
MUGS = Product(sku="mug", price_minor=1_000, quantity=3)  # 30.00
PEN = Product(sku="pen", price_minor=500, quantity=1)  # 5.00
EMAIL = "ab" * 32
NUMBERS = count()  # of event ids


def channel_of(event: Event) -> str:
    """What the event declares; undeclared pages are Direct."""
    return event.channel or ("Direct" if event.data.page else "Unassigned")


def marts(*events: Event) -> Reckoning:
    return reckoned(events, ZONE, channel_of)


def viewed(after: timedelta = timedelta(0), visitor: str = "v1", **attributes: Any) -> Any:
    """A page view, so long after noon."""
    url = attributes.pop("url", "https://shop.example/")
    identifiers = attributes.pop("identifiers", None)
    data = Data(page=Page(url=url), identifiers=identifiers)
    return made(contract.PageViewed, after, data, visitorid=visitor, **attributes)


def placed(after: timedelta = timedelta(0), **attributes: Any) -> Any:
    """What a server says of order o1: 35.00 for three mugs and a pen."""
    return about_order(contract.OrderPlaced, after, **attributes)


def about_order(
    kind: type[contract.Envelope],
    after: timedelta,
    *,
    revenue: int | None = 3_500,
    products: tuple[Product, ...] = (MUGS, PEN),
    return_id: str = "",
    page: Page | None = None,
    identifiers: Identifiers | None = None,
    order_id: str = "o1",
    **attributes: Any,
) -> Any:
    data = OrderData(
        order_id=order_id,
        revenue_minor=revenue,
        products=list(products),
        return_id=return_id,
        page=page,
        identifiers=identifiers,
    )
    return made(kind, after, data, **attributes)


def returned(after: timedelta, revenue: int | None = None, *products: Product, **more: Any) -> Any:
    return about_order(contract.OrderReturned, after, revenue=revenue, products=products, **more)


def changed(after: timedelta, revenue: int | None = None, *products: Product) -> Any:
    return about_order(contract.OrderChanged, after, revenue=revenue, products=products)


def made(kind: Any, after: timedelta, data: Data, **attributes: Any) -> Any:
    given = {"id": f"e{next(NUMBERS)}", "specversion": "1.0", "source": "/shop.example"}
    return kind(**{**given, "time": NOON + after, "data": data, **attributes})


def amounts(order: Order) -> tuple[int, int, int, int]:
    """Gross, cancelled, returned and net."""
    return order.gross_minor, order.cancelled_minor, order.returned_minor, order.net_minor


# Visits


def test_a_silence_of_exactly_the_gap_is_one_visit_and_a_microsecond_more_is_two() -> None:
    together = marts(viewed(), viewed(GAP)).visits
    assert [(one.event_count, one.began_at, one.last_at) for one in together] == [
        (2, NOON, NOON + GAP)
    ]
    apart = marts(viewed(), viewed(GAP + MICROSECOND)).visits
    assert [one.event_count for one in apart] == [1, 1]


def test_what_a_server_says_opens_no_visit_and_prolongs_none() -> None:
    shipped = about_order(contract.OrderShipped, GAP, customerid="C1")
    bought = placed(20 * MINUTE, visitorid="v1")
    visits = marts(viewed(), bought, shipped, viewed(GAP + MICROSECOND)).visits
    assert sorted((one.began_at, one.last_at, one.event_count) for one in visits) == [
        (NOON, NOON, 1),
        (NOON + GAP + MICROSECOND, NOON + GAP + MICROSECOND, 1),
    ]


def test_a_paid_order_is_no_activity_though_a_page_says_it() -> None:
    paid = about_order(contract.OrderPaid, MINUTE, visitorid="v1", page=Page(url="https://s/"))
    assert [one.event_count for one in marts(viewed(), paid).visits] == [1]


def test_a_program_without_pages_makes_a_visit_of_its_customer() -> None:
    data = contract.CartData(products=[MUGS], client=Client(user_agent="Shop/3.1"))
    added = made(contract.CartItemAdded, MINUTE, data, customerid="C1")
    (visit,) = marts(added).visits
    assert (visit.person, visit.channel) == ("c:C1", "Unassigned")


def test_the_first_event_with_a_page_gives_the_channel_of_its_visit() -> None:
    data = contract.CartData(products=[MUGS], client=Client(user_agent="Shop/3.1"))
    added = made(contract.CartItemAdded, timedelta(0), data, visitorid="v1")
    (visit,) = marts(added, viewed(2 * SECOND, channel="Email"), viewed(MINUTE)).visits
    assert (visit.began_at, visit.channel) == (NOON, "Email")


def test_two_devices_of_a_customer_keep_their_visits_apart() -> None:
    visits = marts(
        viewed(visitor="v1", customerid="C1"), viewed(MINUTE, visitor="v2", customerid="C1")
    ).visits
    assert [(one.person, one.event_count) for one in visits] == [("c:C1", 1), ("c:C1", 1)]


# Persons


def test_a_login_names_the_visits_before_it_too() -> None:
    login = made(
        contract.CustomerLoggedIn,
        DAY,
        CustomerData(email_sha256=EMAIL.upper()),
        visitorid="v1",
        customerid="C1",
    )
    order = placed(2 * DAY, identifiers=Identifiers(email_sha256=EMAIL))
    shop = marts(viewed(), login, order)
    assert {visit.person for visit in shop.visits} == {"c:C1"}
    assert shop.orders["o1"].person == "c:C1"


@pytest.mark.parametrize("nobody", ["null", "Guest", NIL_UUID, "0", " undefined "])
def test_ids_that_name_nobody_bring_nobody_together(nobody: str) -> None:
    shop = marts(
        viewed(visitor="v1", customerid=nobody), viewed(HOUR, visitor="v2", customerid=nobody)
    )
    assert {visit.person for visit in shop.visits} == {"v:v1", "v:v2"}


def test_of_two_accounts_the_earlier_names_the_person() -> None:
    shop = marts(viewed(customerid="B"), viewed(HOUR, customerid="A"))
    assert {visit.person for visit in shop.visits} == {"c:B"}


def test_an_order_of_nobody_is_money_of_its_own_person() -> None:
    shop = marts(placed(), placed(customerid="guest", order_id="o2"))
    assert shop.net_of_persons() == {"o:o1": 3_500, "o:o2": 3_500}
    assert shop.orders["o1"].channel == "Unassigned"


# Channels of orders


@pytest.mark.parametrize(
    ("after", "channel", "is_in_visit"),
    [
        (timedelta(0), "Email", True),
        (10 * MINUTE + GAP, "Email", True),  # the visit's last page was at 12:10
        (10 * MINUTE + GAP + MICROSECOND, "Email", False),  # its last touch all the same
        (30 * DAY, "Email", False),
        (30 * DAY + MICROSECOND, "Unassigned", False),
        (-SECOND, "Unassigned", False),  # before there was any visit
    ],
)
def test_an_order_is_of_the_open_visit_or_else_of_the_last_touch(
    after: timedelta, channel: str, is_in_visit: bool
) -> None:
    order = marts(
        viewed(channel="Email", customerid="C1"),
        viewed(10 * MINUTE),
        placed(after, customerid="C1"),
    ).orders["o1"]
    assert (order.channel, order.visit is not None) == (channel, is_in_visit)


def test_of_two_open_visits_the_one_that_began_last_has_the_order() -> None:
    order = marts(
        viewed(visitor="v1", customerid="C1", channel="Email"),
        viewed(5 * MINUTE, visitor="v2", customerid="C1", channel="Social"),
        viewed(6 * MINUTE, visitor="v1"),
        placed(7 * MINUTE, customerid="C1"),
    ).orders["o1"]
    assert order.channel == "Social"


@pytest.mark.parametrize(
    ("after", "channel"),
    [
        (5 * HOUR, "Email"),  # the visit that it names, not the last touch
        (DAY, "Email"),  # begun on the shop day before
        (2 * DAY, "Social"),  # too long ago: outside, and so of the last touch
    ],
)
def test_a_late_order_joins_the_visit_that_it_names(after: timedelta, channel: str) -> None:
    order = marts(
        viewed(visitid="w1", channel="Email"),
        viewed(2 * HOUR, visitid="w2", channel="Social"),
        placed(after, visitorid="v1", visitid="w1"),
    ).orders["o1"]
    assert order.channel == channel


def test_a_campaign_that_changes_within_a_visit_is_a_touch_of_its_own() -> None:
    news = "https://shop.example/?utm_source=news&utm_medium=email&utm_campaign=march"
    first = viewed(channel="Social", customerid="C1")
    second = viewed(5 * MINUTE, channel="Email", url=news)
    again = viewed(6 * MINUTE, channel="Other", url=news)  # the same campaign: no touch
    shop = marts(first, second, again, placed(DAY, customerid="C1"))
    assert [visit.channel for visit in shop.visits] == ["Social"]
    assert shop.orders["o1"].channel == "Email"


def test_the_earliest_copy_says_who_ordered_and_in_which_visit() -> None:
    thanks = placed(10 * MINUTE, page=Page(url="https://s/thanks"), visitorid="v1")
    billing = placed(5 * HOUR, customerid="C2", revenue=4_000)
    order = marts(viewed(channel="Email"), thanks, billing).orders["o1"]
    assert (order.person, order.ordered_at) == ("v:v1", NOON + 10 * MINUTE)
    assert (order.channel, order.gross_minor) == ("Email", 4_000)


# Money


@pytest.mark.parametrize(
    ("line", "revenue"),
    [
        (Product(sku="a", price_minor=1_000, quantity=3), 3_000),
        (Product(sku="a", price_minor=1_000), 1_000),
        (Product(sku="a", price_minor=333, quantity=0.5), 167),  # 166.5
        (Product(sku="a", price_minor=333, quantity=-0.5), -167),
        (Product(sku="a", price_minor=1_250, quantity=1.5, discount_minor=75), 1_800),
        (Product(sku="a", price_minor=1_000, quantity=3, revenue_minor=0), 0),
    ],
    ids=["price x quantity", "no quantity", "half up", "half down", "discount", "free"],
)
def test_a_line_that_tells_no_revenue_is_price_by_quantity_less_discount(
    line: Product, revenue: int
) -> None:
    assert line_revenue(line) == revenue


def test_copies_give_the_largest_revenue_and_the_union_of_lines() -> None:
    order = marts(
        placed(revenue=None, products=(MUGS,)), placed(HOUR, revenue=3_500, products=(PEN,))
    ).orders["o1"]
    assert order.gross_minor == 3_500
    assert {sku: line.revenue_minor for sku, line in order.lines.items()} == {
        "mug": 3_000,
        "pen": 500,
    }


@pytest.mark.parametrize(
    ("changes", "gross", "lines"),
    [
        ([changed(HOUR, 3_000)], 3_000, {"mug": 3, "pen": 1}),
        ([changed(HOUR, None, PEN)], 500, {"pen": 1}),
        ([changed(HOUR, 700, PEN)], 700, {"pen": 1}),
        ([changed(HOUR, None, PEN), changed(2 * HOUR, 9_900)], 9_900, {"pen": 1}),
        ([changed(2 * HOUR, None, PEN), changed(HOUR, 9_900)], 500, {"pen": 1}),
        ([changed(HOUR, 700, PEN), placed(2 * HOUR)], 700, {"pen": 1}),
        ([changed(HOUR)], 3_500, {"mug": 3, "pen": 1}),
    ],
    ids=["amount", "lines", "both", "amount after lines", "lines after amount", "copy", "nothing"],
)
def test_the_newest_change_that_says_a_thing_counts(
    changes: list[Event], gross: int, lines: dict[str, int]
) -> None:
    order = marts(placed(), *changes).orders["o1"]
    assert order.gross_minor == gross
    assert {sku: line.quantity for sku, line in order.lines.items()} == {
        sku: Fraction(pieces) for sku, pieces in lines.items()
    }


def test_an_order_that_only_changed_is_an_order_and_one_that_was_only_paid_is_none() -> None:
    change = about_order(contract.OrderChanged, HOUR, revenue=800, products=(), customerid="C1")
    paid = about_order(contract.OrderPaid, HOUR, order_id="o2", customerid="C1")
    orders = marts(change, paid).orders
    assert {number: (one.person, amounts(one)) for number, one in orders.items()} == {
        "o1": ("c:C1", (800, 0, 0, 800))
    }


@pytest.mark.parametrize(
    ("returns", "amount"),
    [
        ([returned(DAY)], 3_500),
        ([returned(DAY, 1_000)], 1_000),
        ([returned(DAY, -1_000)], 1_000),
        ([returned(DAY, None, PEN)], 500),
        ([returned(DAY, None, Product(sku="mug", price_minor=1_000, quantity=-2))], 2_000),
        ([returned(DAY, None, Product(sku="mug", quantity=2))], 2_000),
        ([returned(DAY, None, Product(sku="mug"))], 1_000),
        ([returned(DAY, 1_000), returned(DAY, 1_000)], 1_000),
        ([returned(DAY, 1_000), returned(DAY + SECOND, 1_000)], 2_000),
        ([returned(DAY, 500, PEN), returned(DAY, 500)], 1_000),
        ([returned(DAY, 900, return_id="r"), returned(2 * DAY, 900, return_id="r")], 900),
        ([returned(DAY, 900, return_id="r"), returned(DAY, 900)], 900),
        ([returned(DAY, 900, return_id="r"), returned(DAY, 900, return_id="s")], 1_800),
        ([returned(DAY, 3_000), returned(2 * DAY, 1_000)], 3_500),
    ],
    ids=[
        "neither amount nor products",
        "amount",
        "negative amount",
        "products",
        "negative quantity",
        "unknown price",
        "unknown price and quantity",
        "twice in one instant",
        "two instants",
        "other products",
        "one return id",
        "one of them with its id",
        "two return ids",
        "more than was paid",
    ],
)
def test_returns_count_once_and_never_more_than_was_paid(returns: list[Event], amount: int) -> None:
    order = marts(placed(), *returns).orders["o1"]
    assert amounts(order) == (3_500, 0, amount, 3_500 - amount)


def test_a_third_of_a_line_is_rounded_at_the_end() -> None:
    line = Product(sku="mug", quantity=3, revenue_minor=1_000)
    order = placed(revenue=1_000, products=(line,))
    two = returned(DAY, None, Product(sku="mug", quantity=2))
    three = returned(DAY, None, Product(sku="mug", quantity=3))
    assert marts(order, two).orders["o1"].returned_minor == 667
    assert marts(order, three).orders["o1"].returned_minor == 1_000


def test_what_remains_after_returns_is_cancelled() -> None:
    cancelled = about_order(contract.OrderCancelled, DAY, revenue=None, products=())
    assert amounts(marts(placed(), cancelled).orders["o1"]) == (3_500, 3_500, 0, 0)
    both = marts(placed(), returned(HOUR, 500), cancelled).orders["o1"]
    assert amounts(both) == (3_500, 3_000, 500, 0)


def test_an_event_that_comes_twice_under_its_id_counts_once() -> None:
    again = viewed(HOUR)
    assert [one.event_count for one in marts(viewed(HOUR + MINUTE), again, again).visits] == [2]
