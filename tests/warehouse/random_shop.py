"""Random events that look for trouble: pauses of exactly the gap, midnights, copies, late orders.

Some events name a customer, some only him, and some are told by a server: without page or client.
The days hold a night on which clocks are turned back, and some people who never sleep.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random

from streams import events as contract
from streams.events import CartData, Data, Event, OrderData, Page, Product
from tests.warehouse.marts_world import ZONE, Message

FIRST_DAY = date(2016, 11, 4)  # Los Angeles turns its clocks back on the 6th
DAY_COUNT = 4
GAP = timedelta(minutes=30)
MICROSECOND = timedelta(microseconds=1)
CHANNELS = ("Direct", "Email", "Social", "Referral")
SKUS = ("hat", "mug", "pen", "tee")
PAUSES = (
    timedelta(0),
    timedelta(seconds=40),
    timedelta(minutes=17),
    GAP,
    GAP + MICROSECOND,
    timedelta(hours=5),
)


def messages(seed: int, people: int = 30) -> list[Message]:
    """What the broker took, in that order, some of it twice and with another body."""
    rng = Random(seed)
    lives = [_life(rng, f"p{number}") for number in range(people)]
    events = [event for life in lives for event in life]
    told = [*events, *(_copy(rng, event) for event in rng.choices(events, k=len(events) // 5))]
    rng.shuffle(told)
    return [Message(event, second) for second, event in enumerate(told)]


def _life(rng: Random, visitor: str) -> list[Event]:
    if rng.random() < 0.1:
        return _sleepless(rng, visitor)
    times = []
    for _ in range(rng.randrange(1, 6)):
        at = _near_midnight(rng) if rng.random() < 0.5 else _any_time(rng)
        for _ in range(rng.randrange(1, 9)):
            times.append(at)
            at += rng.choice(PAUSES)
    return [_event(rng, visitor, number, at) for number, at in enumerate(times)]


def _sleepless(rng: Random, visitor: str) -> list[Event]:
    """Two days or so without a pause longer than the gap."""
    at = _any_time(rng) - timedelta(hours=12)
    times = [at + number * timedelta(minutes=25) for number in range(rng.randrange(90, 140))]
    return [_event(rng, visitor, number, at) for number, at in enumerate(times)]


def _any_time(rng: Random) -> datetime:
    begin = datetime(2016, 11, 5, 6, tzinfo=ZONE).astimezone(UTC)
    return begin + timedelta(seconds=rng.randrange(2 * 86_400))


def _near_midnight(rng: Random) -> datetime:
    day = FIRST_DAY + timedelta(days=rng.randrange(1, DAY_COUNT))
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)
    return midnight + rng.choice((-1, 0, 1)) * rng.choice(PAUSES[:-1])


def _event(rng: Random, visitor: str, number: int, at: datetime) -> Event:
    kind = rng.choices(
        (contract.PageViewed, contract.CartItemAdded, contract.OrderPlaced, contract.OrderPaid),
        (6, 3, 2, 1),
    )[0]
    return kind(
        specversion="1.0",
        id=f"{visitor}-{number}",
        source="/shop",
        time=at,
        visitorid=visitor if rng.random() < 0.9 else "",
        customerid=f"c{visitor}" if number % 7 == 3 or rng.random() < 0.1 else "",
        visitid=rng.choice(("", "", "w1", "w2")),
        visitsequence=rng.randrange(3),
        channel=rng.choice((*CHANNELS, "")),
        data=_data(rng, kind),
    )


def _data(rng: Random, kind: type[contract.Envelope]) -> Data:
    campaign = rng.choice(("", "", "?utm_source=news&utm_medium=email", "?gclid=7"))
    page = Page(url=f"https://shop.example/{rng.randrange(9)}{campaign}")
    if kind is contract.PageViewed:
        return Data(page=page)
    products = [_product(rng, sku) for sku in rng.sample(SKUS, rng.randrange(1, 4))]
    if kind is contract.CartItemAdded:
        return CartData(page=rng.choice((page, page, None)), products=products)
    return OrderData(
        page=rng.choice((page, None)),
        order_id=f"o{rng.randrange(25)}",
        revenue_minor=rng.choice((None, rng.randrange(9_000))),
        tax_minor=rng.randrange(100),
        products=products,
    )


def _product(rng: Random, sku: str) -> Product:
    name = rng.choice((sku, sku.upper()))
    return Product(sku=sku, name=name, quantity=rng.randrange(4), revenue_minor=rng.randrange(900))


def _copy(rng: Random, event: Event) -> Event:
    """The same again, or another body under the same id, perhaps days away."""
    if rng.random() < 0.3:
        return event
    moved = event.time + rng.choice((-1, 0, 1, 2)) * timedelta(days=1)
    visitor, _, number = event.id.rpartition("-")
    return _event(rng, visitor, int(number), moved)
