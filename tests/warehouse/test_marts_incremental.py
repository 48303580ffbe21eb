"""A build of some days and a build of all must agree, whatever came when and in which order."""

from __future__ import annotations

from datetime import UTC, date, datetime
from random import Random

import pytest

from orchestration.days import Stretch
from tests import oracle
from tests.warehouse.marts_world import ZONE, MartsWorld, build_dirty_days
from tests.warehouse.random_shop import messages


def day_of(at: datetime) -> date:
    return at.astimezone(ZONE).date()


# dbt's logger forgets to close the file it wrote
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


@pytest.mark.long
def test_days_built_in_any_order_and_company_equal_one_build_of_all(shop: MartsWorld) -> None:
    shop.arrive(messages(1, people=60))
    days = shop.shop_days()
    Random(1).shuffle(days)
    while days:
        day, *company = (days.pop() for _ in range(min(len(days), 1 + len(days) % 3)))
        shop.build(Stretch(day, day), company)
    in_pieces = shop.digests()
    shop.rebuild()
    assert shop.digests() == in_pieces


def test_dirty_days_built_as_events_arrive_equal_a_rebuild_and_the_oracle(
    shop: MartsWorld,
) -> None:
    arriving = messages(2, people=60)
    events = [message.event for message in arriving]
    Random(2).shuffle(arriving)
    for batch in range(2):  # a build costs seconds, whatever it builds
        shop.arrive(arriving[batch::2])
        build_dirty_days(shop)
    as_they_arrived = shop.digests()
    shop.rebuild()
    assert shop.digests() == as_they_arrived
    persons = oracle.persons(events)
    assert sessions_built(shop) == {
        (
            one.person,
            day_of(one.began_at),
            one.began_at,
            one.ended_at,
            len(one.events),
            len(one.server_events),
        )
        for one in oracle.sessions(events, ZONE, persons)
    }
    orders = oracle.orders(events, persons)
    assert orders_built(shop) == {
        (order_id, one.person, one.placed_at, one.revenue_minor, one.copies, len(one.skus))
        for order_id, one in orders.items()
    }
    assert pairs_built(shop) == oracle.pairs(orders, at_least=2)


def sessions_built(shop: MartsWorld) -> set[tuple[object, ...]]:
    columns = "person, began_on, started_at, ended_at, event_count, server_event_count"
    return in_utc(shop.warehouse.rows(f"select {columns} from marts.sessions"))


def orders_built(shop: MartsWorld) -> set[tuple[object, ...]]:
    columns = "order_id, person, ordered_at, revenue_minor, copy_count, line_count"
    return in_utc(shop.warehouse.rows(f"select {columns} from marts.orders"))


def pairs_built(shop: MartsWorld) -> dict[tuple[str, str], int]:
    rows = shop.warehouse.rows("select sku_a, sku_b, orders_together from marts.bought_together")
    return {(a, b): together for a, b, together in rows}


def in_utc(rows: list[tuple[object, ...]]) -> set[tuple[object, ...]]:
    """Rows whose instants say that they are UTC, as the driver leaves it out."""
    return {
        tuple(one.replace(tzinfo=UTC) if isinstance(one, datetime) else one for one in row)
        for row in rows
    }
