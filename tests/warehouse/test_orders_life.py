"""Orders have a life: they are told twice, changed, cancelled and given back, and money is net."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from streams.events import (
    Event,
    OrderCancelled,
    OrderChanged,
    OrderData,
    OrderPlaced,
    OrderReturned,
    Product,
)
from tests.builders import event
from tests.warehouse.marts_world import EVERY_DAY, MartsWorld, Message

# dbt's logger forgets to close the file it wrote
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")

TEN = datetime(2026, 11, 18, 18, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def mug(quantity: float = 1, revenue: int | None = None, price: int = 1_250) -> Product:
    return Product(sku="MUG", quantity=quantity, price_minor=price, revenue_minor=revenue)


def pen(quantity: float = 1, price: int = 2_500) -> Product:
    return Product(sku="PEN", quantity=quantity, price_minor=price)


def unpriced(sku: str, quantity: float = 1) -> Product:
    return Product(sku=sku, quantity=quantity)


class Shop:
    """Tells orders, each event under an id of its own, by a visitor named as the order."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def tell(
        self,
        kind: Any,
        order_id: str,
        *products: Product,
        at: datetime = TEN,
        revenue: int | None = None,
        **envelope: Any,
    ) -> None:
        data = envelope.pop("data", {})
        self.events.append(
            event(
                kind,
                id=f"L{len(self.events)}",
                time=at,
                data=OrderData(
                    order_id=order_id, revenue_minor=revenue, products=list(products), **data
                ),
                **{"visitorid": order_id, **envelope},
            )
        )

    def messages(self) -> Iterator[Message]:
        return (Message(one, second) for second, one in enumerate(self.events))


def changed_orders(shop: Shop) -> None:
    shop.tell(OrderPlaced, "OU-1", mug(2), pen(), revenue=5_000)
    shop.tell(OrderChanged, "OU-1", mug(2), at=TEN + 5 * MINUTE, revenue=2_500)

    shop.tell(OrderPlaced, "EDI-1", mug(2, 2_500), pen(), revenue=5_000)
    shop.tell(OrderPlaced, "EDI-1", mug(2, 2_500), at=TEN + 5 * MINUTE, revenue=2_500)

    shop.tell(OrderChanged, "stamped earlier than its copy", mug(), revenue=1_250)
    shop.tell(OrderPlaced, "stamped earlier than its copy", mug(3), at=TEN + DAY, revenue=3_750)

    shop.tell(OrderPlaced, "lines only", mug(2), pen(), revenue=5_000)
    shop.tell(OrderChanged, "lines only", mug(0.5), pen(-1), pen(2), at=TEN + DAY)

    shop.tell(OrderPlaced, "money only", mug(2), pen(), revenue=5_000)
    shop.tell(OrderChanged, "money only", at=TEN + DAY, revenue=4_000)
    shop.tell(OrderChanged, "money only", at=TEN + 2 * DAY, data={"reason": "other address"})

    shop.tell(OrderChanged, "never placed", pen(), at=TEN + DAY, revenue=2_400)
    shop.tell(OrderChanged, "never placed", pen(2), at=TEN + 2 * DAY, revenue=4_900)


def returned_orders(shop: Shop) -> None:
    shop.tell(OrderPlaced, "RET-1", mug(2, 5_000, 2_500), revenue=5_000)
    for _ in range(2):
        shop.tell(OrderReturned, "RET-1", mug(1, 2_500, 2_500), at=TEN + DAY, revenue=2_500)

    shop.tell(OrderPlaced, "RF-1", mug(2, None, 2_500), revenue=5_000)
    shop.tell(OrderReturned, "RF-1", at=TEN + DAY)

    shop.tell(OrderPlaced, "RP-1", mug(2), pen(), revenue=5_000)
    shop.tell(OrderReturned, "RP-1", mug(1), at=TEN + DAY)

    shop.tell(OrderPlaced, "without prices", mug(3, 1_000), pen(), revenue=3_500)
    shop.tell(OrderReturned, "without prices", unpriced("MUG", -2), at=TEN + DAY)

    shop.tell(OrderPlaced, "with other signs", mug(2), revenue=2_500)
    shop.tell(OrderReturned, "with other signs", mug(-0.5), at=TEN + DAY, revenue=-625)
    shop.tell(OrderReturned, "with other signs", mug(0.5), at=TEN + DAY, revenue=625)

    shop.tell(OrderPlaced, "two of one kind", mug(2), revenue=2_500)
    for return_id in ("R1", "R2", "R1"):
        shop.tell(
            OrderReturned,
            "two of one kind",
            mug(),
            at=TEN + DAY,
            revenue=1_000,
            data={"return_id": return_id},
        )

    shop.tell(OrderPlaced, "too much", mug(2), revenue=2_500)
    shop.tell(OrderReturned, "too much", at=TEN + DAY, revenue=2_600)

    shop.tell(OrderPlaced, "cancelled", mug(2), revenue=2_500)
    shop.tell(OrderReturned, "cancelled", at=TEN + DAY, revenue=1_000)
    shop.tell(OrderCancelled, "cancelled", at=TEN + 2 * DAY)

    shop.tell(OrderReturned, "nobody placed", at=TEN + DAY, revenue=1_000)


def colliding_orders(shop: Shop) -> None:
    shop.tell(OrderPlaced, "1001", mug(), source="/shop.de", visitorid="two1", revenue=5_000)
    shop.tell(OrderPlaced, "1001", pen(), source="/shop.fr", visitorid="two2", revenue=7_000)
    shop.tell(OrderReturned, "1001", source="/shop.de/billing", visitorid="two1", at=TEN + DAY)


GROSS_CANCELLED_RETURNED_NET_EXCESS = {
    "OU-1": (2_500, 0, 0, 2_500, 0),
    "EDI-1": (5_000, 0, 0, 5_000, 0),
    "stamped earlier than its copy": (1_250, 0, 0, 1_250, 0),
    "lines only": (3_125, 0, 0, 3_125, 0),
    "money only": (4_000, 0, 0, 4_000, 0),
    "never placed": (4_900, 0, 0, 4_900, 0),
    "RET-1": (5_000, 0, 2_500, 2_500, 0),
    "RF-1": (5_000, 0, 5_000, 0, 0),
    "RP-1": (5_000, 0, 1_250, 3_750, 0),
    "without prices": (3_500, 0, 667, 2_833, 0),
    "with other signs": (2_500, 0, 625, 1_875, 0),
    "two of one kind": (2_500, 0, 2_000, 500, 0),
    "too much": (2_500, 0, 2_500, 0, 100),
    "cancelled": (2_500, 1_500, 1_000, 0, 0),
    "1001": (7_000, 0, 7_000, 0, 0),
}
LINES = {
    "RF-1": {("MUG", Decimal(2), 5_000)},
    "OU-1": {("MUG", Decimal(2), 2_500)},
    "EDI-1": {("MUG", Decimal(2), 2_500), ("PEN", Decimal(1), 2_500)},
    "stamped earlier than its copy": {("MUG", Decimal(1), 1_250)},
    "lines only": {("MUG", Decimal("0.5"), 625), ("PEN", Decimal(1), 2_500)},
    "money only": {("MUG", Decimal(2), 2_500), ("PEN", Decimal(1), 2_500)},
    "never placed": {("PEN", Decimal(2), 5_000)},
}


def test_orders_are_changed_returned_and_cancelled_and_what_is_left_is_net(
    shop: MartsWorld,
) -> None:
    told = Shop()
    changed_orders(told)
    returned_orders(told)
    colliding_orders(told)
    shop.arrive(told.messages())
    said = shop.attempt(EVERY_DAY)
    assert not said.failure, said.errors
    warned = [one.info.msg for one in said.events if one.info.level == "warn"]
    assert any("no_order_gives_back_more_than_it_was_worth" in message for message in warned)

    money = shop.warehouse.rows(
        "select order_id, gross_revenue_minor, cancelled_revenue_minor, returned_revenue_minor,"
        " net_revenue_minor, returned_excess_minor from marts.orders"
    )
    assert {row[0]: tuple(row[1:]) for row in money} == GROSS_CANCELLED_RETURNED_NET_EXCESS
    assert lines_built(shop, LINES) == LINES
    net = sum(row[3] for row in GROSS_CANCELLED_RETURNED_NET_EXCESS.values())
    assert net == shop.warehouse.scalar("select sum(net_revenue_minor) from marts.customers")
    shares = "select sum(last_touch_net_revenue_minor) from marts.channel_attribution"
    assert net == pytest.approx(shop.warehouse.scalar(shares))
    conflicts = shop.warehouse.rows(
        "select order_number, contradictions, copy_count, at_stake_minor"
        " from marts.order_conflicts order by order_number"
    )
    assert [(number, sorted(in_what), *rest) for number, in_what, *rest in conflicts] == [
        ("1001", ["lines", "person", "source"], 2, 5_000)
    ]


def test_numbers_that_belong_to_shops_are_two_orders(
    shop: MartsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDER_NUMBERS", "per_source")
    shop.dbt.parse()
    told = Shop()
    colliding_orders(told)
    shop.arrive(told.messages())
    said = shop.attempt(EVERY_DAY)
    assert not said.failure, said.errors
    columns = "order_id, order_number, source, person, gross_revenue_minor, net_revenue_minor"
    assert set(shop.warehouse.rows(f"select {columns} from marts.orders")) == {
        ("/shop.de#1001", "1001", "/shop.de", "v:two1", 5_000, 0),
        ("/shop.fr#1001", "1001", "/shop.fr", "v:two2", 7_000, 7_000),
    }
    assert shop.warehouse.scalar("select count() from marts.order_conflicts") == 0


def lines_built(
    shop: MartsWorld, orders: dict[str, Any]
) -> dict[str, set[tuple[str, Decimal, int]]]:
    built: dict[str, set[tuple[str, Decimal, int]]] = {one: set() for one in orders}
    rows = shop.warehouse.rows(
        "select order_id, sku, quantity, revenue_minor from marts.order_lines"
    )
    for order_id, sku, quantity, revenue in rows:
        if order_id in built:
            built[order_id].add((sku, quantity, revenue))
    return built
