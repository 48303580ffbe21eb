"""Orders in several currencies: converted by the rate of their day, also when it comes late."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from orchestration.currency_rates import Loaded, Rate, load
from orchestration.days import dirty_days, record_build, unseen_days
from streams.events import Event, OrderData, OrderPlaced, Product
from tests.builders import activity
from tests.warehouse.marts_world import EVERY_DAY, MartsWorld, Message, build_dirty_days

# dbt's logger forgets to close the file it wrote
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")

LONG_AGO = date(2026, 2, 1)
FRIDAY, SATURDAY, MONDAY = date(2026, 3, 6), date(2026, 3, 7), date(2026, 3, 9)


def order(number: str, day: date, currency: str, cents: int) -> Event:
    placed: Event = activity(
        OrderPlaced,
        id=number,
        time=datetime(day.year, day.month, day.day, 20, tzinfo=UTC),
        data=OrderData(
            order_id=number,
            revenue_minor=cents,
            currency=currency,
            products=[Product(sku="mug", quantity=1, revenue_minor=cents)],
        ),
    )
    return placed


def dollars(rate_on: date, rate: str, source: str = "ECB") -> Rate:
    return Rate(rate_on, "USD", "EUR", Decimal(rate), source)


def told(shop: MartsWorld) -> dict[str, tuple[Any, ...]]:
    columns = "order_id, is_rate_known, told_revenue_minor, revenue_minor, lines_minor, rate_source"
    rows = shop.warehouse.rows(f"select {columns} from marts.orders")
    return {row[0]: tuple(row[1:]) for row in rows}


def test_a_rate_that_comes_late_marks_just_its_days_and_the_next_build_converts(
    shop: MartsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_CURRENCY", "EUR")
    shop.dbt.parse()
    orders = [
        order("in euros", FRIDAY, "EUR", 1_000),
        order("in dollars", FRIDAY, "USD", 1_001),
        order("on Saturday", SATURDAY, "USD", 2_000),
    ]
    shop.arrive([Message(one, second) for second, one in enumerate(orders)])
    counted = dirty_days(shop.warehouse)
    said = shop.attempt(EVERY_DAY)
    assert not said.failure, said.errors
    warned = [one.info.msg for one in said.events if one.info.level == "warn"]
    assert any("every_order_has_a_rate" in message for message in warned)
    assert told(shop) == {
        "in euros": (True, 1_000, 1_000, 1_000, ""),
        "in dollars": (False, 1_001, 0, 0, ""),
        "on Saturday": (False, 2_000, 0, 0, ""),
    }

    assert load(shop.warehouse, [dollars(FRIDAY, "0.5")]) == Loaded(1, 0, 0)
    record_build(shop.warehouse, counted.counts, "that build, which had read no rate")
    assert set(unseen_days(shop.warehouse)) == {FRIDAY, SATURDAY}
    build_dirty_days(shop)
    assert told(shop) == {
        "in euros": (True, 1_000, 1_000, 1_000, ""),
        "in dollars": (True, 1_001, 501, 501, "ECB"),
        "on Saturday": (True, 2_000, 1_000, 1_000, "ECB"),
    }
    assert unseen_days(shop.warehouse) == {}

    of_no_order = [dollars(FRIDAY, "0.5"), dollars(MONDAY, "0.6"), dollars(LONG_AGO, "0.4")]
    assert load(shop.warehouse, of_no_order) == Loaded(2, 0, 1)
    assert unseen_days(shop.warehouse) == {}
    assert load(shop.warehouse, [dollars(SATURDAY, "0.7", "corrected")]) == Loaded(1, 0, 0)
    assert set(unseen_days(shop.warehouse)) == {SATURDAY}
    assert load(shop.warehouse, [dollars(SATURDAY, "0.71", "corrected")]) == Loaded(0, 1, 0)
