"""A month of the generated shop: messages in the order of arrival, and the truth behind them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from random import Random

from streams.events import Event, kind_of
from streams.simulator.chronicle import Chronicle, Person, Purchase
from streams.simulator.disorder import Delivery, delivered
from streams.simulator.life import Life, watch_prices
from streams.simulator.shop import Shop

FIRST_DAY = date(2026, 3, 1)

Message = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Expected:
    """What the messages amount to when nothing is lost and nothing is counted twice.

    Attributes:
        messages: all of them, copies and broken ones included.
        events: distinct events that can be read.
        duplicates: repeated messages under an id that came before.
        broken: messages that cannot be read.
        late: events that arrived at least 40 minutes after they happened.
        kinds: distinct events by kind.
        orders: distinct orders.
        orders_without_revenue: those of which no copy tells the revenue.
        order_lines: distinct products of each order, summed.
        revenue_minor: of all orders, each counted once.
    """

    messages: int
    events: int
    duplicates: int
    broken: int
    late: int
    kinds: Mapping[str, int]
    orders: int
    orders_without_revenue: int
    order_lines: int
    revenue_minor: int


@dataclass(frozen=True, slots=True)
class Simulation:
    """Messages (key, payload) in the order of their arrival, and what they amount to."""

    messages: Sequence[Message]
    expected: Expected

    @property
    def digest(self) -> str:
        """SHA-256 over the messages, in hex."""
        return hashlib.sha256(b"\n".join(chain.from_iterable(self.messages))).hexdigest()


def simulate(
    seed: int = 1, days: int = 31, visitors: int = 1_900, first_day: date = FIRST_DAY
) -> Simulation:
    """Make a month of a shop. The same arguments give the same bytes.

    Args:
        seed: another one is another month.
        days: length; days are UTC.
        visitors: how many people come; the default makes about 40,000 events.
        first_day: the day it begins.
    """
    rng = Random(seed)
    begins_at = datetime.combine(first_day, time(), UTC)
    chronicle = Chronicle(begins_at, begins_at + timedelta(days=days))
    shop = Shop.founded(rng)
    for number in range(1, visitors + 1):
        customer_id = f"c{number:05}" if rng.random() < 0.7 else ""
        Life(rng, shop, chronicle, Person(f"{number * 7919:010}", customer_id)).live()
    watch_prices(chronicle, begins_at + timedelta(days=9.5), begins_at + timedelta(days=12.75))
    delivery = delivered(rng, chronicle.events)
    messages = [(key, payload) for _, key, payload in sorted(delivery.arrivals)]
    return Simulation(messages, _expected(chronicle.events, chronicle.purchases, delivery))


def _expected(
    events: Sequence[Event], purchases: Sequence[Purchase], delivery: Delivery
) -> Expected:
    revenues = [purchase.revenue_minor for purchase in purchases]
    return Expected(
        messages=len(delivery.arrivals),
        events=len(events),
        duplicates=delivery.duplicates,
        broken=delivery.broken,
        late=delivery.late,
        kinds=dict(Counter(kind_of(event) for event in events)),  # `asdict` spoils a Counter
        orders=len(purchases),
        orders_without_revenue=revenues.count(None),
        order_lines=sum(len(purchase.skus) for purchase in purchases),
        revenue_minor=sum(revenue or 0 for revenue in revenues),
    )
