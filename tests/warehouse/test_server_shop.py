"""A shop told by its server: the marts are what an oracle reckons that knows only the rules."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from orchestration.days import Stretch
from streams.decode import Decoded, decode
from streams.events import Event, encode
from streams.records import Origin
from streams.rows import event_rows
from tests.builders import accepted, enrichment
from tests.server_shop import ZONE, as_it_arrives
from tests.server_shop_oracle import Reckoning, reckoned
from tests.warehouse.marts_world import MartsWorld, Message, build_dirty_days

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
PIECES = 3  # in which the first days are built

Rows = dict[Any, Any]  # of a mart: what is compared, by what names a row

# dbt's logger forgets to close the file it wrote
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_shop_told_by_its_server_is_as_the_oracle_reckons(shop: MartsWorld, seed: int) -> None:
    arriving = as_it_arrives(seed)
    rng = Random(seed)
    for batch in range(3):
        shop.arrive(as_stored(arriving[batch::3], first=batch * len(arriving)))
        if batch:
            build_dirty_days(shop)
        else:
            build_in_any_order(shop, rng)
    channels = channels_of(arriving)
    wanted = reckoned(arriving, ZONE, lambda event: channels[event.id])
    assert differences(shop, wanted) == {}
    as_they_arrived = shop.digests()
    shop.rebuild()
    assert shop.digests() == as_they_arrived


def build_in_any_order(shop: MartsWorld, rng: Random) -> None:
    """Build the days in some pieces, each of days that lie anywhere."""
    days = shop.shop_days()
    rng.shuffle(days)
    shop.resolve()
    for piece in range(PIECES):
        day, *others = days[piece::PIECES]
        shop.build(Stretch(day, day), others)


def as_stored(events: Iterable[Event], first: int = 0) -> list[Message]:
    """Events as the stream reads them from the topic."""
    messages = []
    for second, event in enumerate(events, first):
        decoded = decode(encode(event))
        assert isinstance(decoded, Decoded), decoded.errors
        messages.append(Message(decoded.event, second))
    return messages


def channels_of(events: Iterable[Event]) -> dict[str, str]:
    """The channel of each event by itself, by the event's id: enrichment's own word."""
    rows = event_rows(accepted(events), Origin("shop.events", 0, 1), enrichment(ZONE.key))
    return dict(zip(rows["event_id"].to_pylist(), rows["channel"].to_pylist(), strict=True))


def differences(shop: MartsWorld, wanted: Reckoning) -> dict[str, Rows]:
    """What differs between marts and oracle: by mart, by row, what was built and what is wanted."""
    compared: dict[str, tuple[Rows, Rows]] = {
        "orders": (orders_built(shop), orders_wanted(wanted)),
        "channels of orders": (channels_built(shop), channels_wanted(wanted)),
        "lines": (lines_built(shop), lines_wanted(wanted)),
        "sessions": (sessions_built(shop), sessions_wanted(wanted)),
        "customers": (customers_built(shop), wanted.net_of_persons()),
    }
    return {
        mart: {
            key: (built.get(key), reckoning.get(key))
            for key in sorted(built.keys() | reckoning.keys(), key=str)
            if built.get(key) != reckoning.get(key)
        }
        for mart, (built, reckoning) in compared.items()
        if built != reckoning
    }


def orders_built(shop: MartsWorld) -> Rows:
    rows = shop.warehouse.rows(
        "select order_id, person, ordered_at, ordered_on, gross_revenue_minor,"
        " cancelled_revenue_minor, returned_revenue_minor, net_revenue_minor from marts.orders"
    )
    return {number: (person, utc(at), *others) for number, person, at, *others in rows}


def orders_wanted(wanted: Reckoning) -> Rows:
    return {
        number: (
            one.person,
            one.ordered_at,
            one.ordered_at.astimezone(ZONE).date(),
            one.gross_minor,
            one.cancelled_minor,
            one.returned_minor,
            one.net_minor,
        )
        for number, one in wanted.orders.items()
    }


def channels_built(shop: MartsWorld) -> Rows:
    """Of each order its channel, and when the visit began that it belongs to."""
    rows = shop.warehouse.rows(
        "select orders.order_id, orders.channel, sessions.started_at from marts.orders as orders"
        " left join marts.sessions as sessions on orders.session_id = sessions.session_id"
    )
    return {number: (channel, utc(at)) for number, channel, at in rows}


def channels_wanted(wanted: Reckoning) -> Rows:
    return {
        number: (one.channel, one.visit.began_at if one.visit else NEVER)
        for number, one in wanted.orders.items()
    }


def lines_built(shop: MartsWorld) -> Rows:
    """Revenue and pieces by order and SKU; who tells no pieces means one."""
    rows = shop.warehouse.rows(
        "select order_id, sku, revenue_minor, toString(quantity) from marts.order_lines"
    )
    return {(order, sku): (revenue, Fraction(count) or 1) for order, sku, revenue, count in rows}


def lines_wanted(wanted: Reckoning) -> Rows:
    return {
        (number, sku): (line.revenue_minor, line.quantity or 1)
        for number, order in wanted.orders.items()
        for sku, line in order.lines.items()
    }


def sessions_built(shop: MartsWorld) -> Rows:
    rows = shop.warehouse.rows(
        "select person, started_at, ended_at, channel, event_count from marts.sessions"
    )
    return {(person, utc(begin)): (utc(end), *others) for person, begin, end, *others in rows}


def sessions_wanted(wanted: Reckoning) -> Rows:
    return {
        (one.person, one.began_at): (one.last_at, one.channel, one.event_count)
        for one in wanted.visits
    }


def customers_built(shop: MartsWorld) -> Rows:
    return dict(
        shop.warehouse.rows(
            "select person, net_revenue_minor from marts.customers where order_count > 0"
        )
    )


def utc(at: datetime) -> datetime:
    """An instant that says that it is UTC, as the driver leaves it out."""
    return at.replace(tzinfo=UTC)
