"""The reference that marts are held against, on cases small enough to see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from streams import events as contract
from streams.events import CartData, Data, Event, OrderData, Page, Product
from tests import oracle

MORNING = datetime(2026, 3, 1, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
PAGE = Page(url="https://shop.example/")
MICROSECOND = timedelta(microseconds=1)


def attributes(at: datetime, **changes: str) -> dict[str, object]:
    name = f"{at.isoformat()} {len(changes)}"
    return {"specversion": "1.0", "id": name, "source": "/", "time": at, "visitorid": "7"} | changes


def seen(at: datetime, **changes: str) -> Event:
    return contract.PageViewed(**attributes(at, **changes), data=Data(page=PAGE))


def added(at: datetime, **changes: str) -> Event:
    cart = CartData(page=PAGE, products=[Product(sku="MUG")])
    return contract.CartItemAdded(**attributes(at, **changes), data=cart)


def ordered(at: datetime, revenue_minor: int | None = None, *skus: str) -> Event:
    lines = [Product(sku=sku) for sku in skus]
    order = OrderData(order_id="T1", revenue_minor=revenue_minor, products=lines)
    return contract.OrderPlaced(**attributes(at), data=order)


@pytest.mark.parametrize(
    ("pause", "count"),
    [
        pytest.param(30 * MINUTE, 1, id="the gap exactly"),
        pytest.param(30 * MINUTE + MICROSECOND, 2, id="a microsecond more"),
    ],
)
def test_a_session_ends_after_the_gap_and_not_before(pause: timedelta, count: int) -> None:
    assert len(oracle.sessions([seen(MORNING), seen(MORNING + pause)])) == count


def test_a_session_crosses_one_midnight_and_is_cut_at_the_next() -> None:
    noon = MORNING.replace(hour=12)
    endless = [seen(noon + number * 20 * MINUTE) for number in range(3 * 72)]
    began = [session.began_at for session in oracle.sessions(endless)]
    assert began == [noon, MORNING.replace(hour=0) + 2 * DAY, MORNING.replace(hour=0) + 3 * DAY]


def test_midnight_is_the_shops() -> None:
    noon = MORNING.replace(hour=12)
    endless = [seen(noon + number * 20 * MINUTE) for number in range(2 * 72)]
    _, second = oracle.sessions(endless, ZoneInfo("America/Los_Angeles"))
    assert second.began_at == MORNING.replace(hour=8) + 2 * DAY


def test_an_order_is_merged_from_its_copies() -> None:
    copies = [ordered(MORNING, None, "MUG"), ordered(MORNING + MINUTE, 500, "CAP", "MUG")]
    order = oracle.orders(copies)["T1"]
    assert (order.placed_at, order.revenue_minor, order.skus) == (MORNING, 500, {"MUG", "CAP"})


def test_of_two_bodies_under_one_id_the_first_to_arrive_counts() -> None:
    first, second = seen(MORNING, id="same", channel="Email"), seen(MORNING, id="same")
    assert oracle.distinct([first, second]) == [first]


@pytest.mark.parametrize(
    ("events", "due_at"),
    [
        pytest.param([added(MORNING)], MORNING + DAY, id="left alone"),
        pytest.param(
            [added(MORNING), added(MORNING + MINUTE)],
            MORNING + MINUTE + DAY,
            id="the last addition",
        ),
        pytest.param([added(MORNING), ordered(MORNING + DAY)], None, id="ordered when due"),
        pytest.param(
            [added(MORNING), ordered(MORNING + DAY + MICROSECOND)],
            MORNING + DAY,
            id="ordered later",
        ),
        pytest.param(
            [ordered(MORNING), added(MORNING + MINUTE)], MORNING + MINUTE + DAY, id="before"
        ),
    ],
)
def test_an_abandoned_cart_waits_a_day_for_an_order(
    events: list[Event], due_at: datetime | None
) -> None:
    found = oracle.abandoned_carts(events, MORNING + 2 * DAY)
    assert found == ({"v:7": due_at} if due_at else {})


def test_nothing_is_due_before_its_time() -> None:
    assert oracle.abandoned_carts([added(MORNING)], MORNING + DAY - MICROSECOND) == {}
