"""A build replaces exactly its days: emptied ones too, hundreds of them, and no others."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import pytest

from orchestration.days import Stretch
from streams.events import OrderData, OrderPlaced, Product
from tests.builders import activity
from tests.warehouse.marts_world import (
    EVERY_DAY,
    SESSIONS_ONLY,
    UP_TO_SESSIONS,
    MartsWorld,
    Message,
    build_dirty_days,
)
from tests.warehouse.random_shop import messages

# dbt's logger forgets to close the file it wrote
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)
WEEK = Stretch(MONDAY, MONDAY + 6 * DAY)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 20, tzinfo=UTC)  # noon in Los Angeles


def only(day: date) -> Stretch:
    return Stretch(day, day)


def views(days: Iterable[date]) -> list[Message]:
    return [Message(activity(id=f"seen {day}", time=noon(day)), 0) for day in days]


def order(day: date, sku: str = "mug") -> Message:
    told = OrderData(order_id="o1", revenue_minor=900, products=[Product(sku=sku)])
    return Message(activity(OrderPlaced, id=f"ordered {day}", time=noon(day), data=told), 0)


def session_days(shop: MartsWorld) -> list[date]:
    return [day for (day,) in shop.warehouse.rows("select began_on from marts.sessions order by 1")]


def parts(shop: MartsWorld) -> set[tuple[str, str]]:
    """Name and day of each part of the models that have days."""
    return set(
        shop.warehouse.rows(
            "select table || name, partition from system.parts where active and rows > 0"
            " and partition != 'tuple()' and database in ('staging', 'intermediate', 'marts')"
        )
    )


def test_a_day_that_lost_its_last_event_is_emptied(shop: MartsWorld) -> None:
    tuesday = MONDAY + DAY
    shop.arrive(views(WEEK.days()))
    shop.build(WEEK, options=UP_TO_SESSIONS)
    shop.warehouse.execute(f"delete from analytics.events where occurred_on = '{tuesday}'")
    shop.build(only(tuesday), options=SESSIONS_ONLY)
    assert session_days(shop) == [day for day in WEEK.days() if day != tuesday]
    assert shop.warehouse.scalar("select count() from staging.stg_events") == 6


def test_a_build_leaves_all_other_days_as_they_were(shop: MartsWorld) -> None:
    thursday = MONDAY + 3 * DAY
    shop.arrive(views(WEEK.days()))
    shop.build(WEEK)
    before = parts(shop)
    shop.build(only(thursday))
    changed = {day for _, day in before ^ parts(shop)}
    neighbours_are_staged = {str(thursday - DAY), str(thursday + DAY)}
    assert changed == {str(thursday)} | neighbours_are_staged


def test_four_hundred_days_are_built_at_once(shop: MartsWorld) -> None:
    days = list(Stretch(date(2025, 1, 1), date(2025, 1, 1) + 399 * DAY).days())
    shop.arrive(views(days))
    shop.build(Stretch(days[0], days[-1]), options=UP_TO_SESSIONS)
    assert session_days(shop) == days


@pytest.mark.long
def test_slices_of_a_build_come_to_the_same_as_one_piece(shop: MartsWorld) -> None:
    shop.arrive(messages(6, people=20))
    days = shop.shop_days()
    shop.build(Stretch(days[1], days[2]), [days[0], *days[3:]], slice_events=40)
    by_slices = shop.digests()
    shop.rebuild()
    assert shop.digests() == by_slices


def test_an_earlier_copy_of_an_order_takes_it_to_another_day(shop: MartsWorld) -> None:
    tuesday, friday = MONDAY + DAY, MONDAY + 4 * DAY
    shop.arrive([order(friday)])
    build_dirty_days(shop, ("--select", "+order_lines", "+orders"))
    shop.arrive([order(tuesday, sku="pen")])
    build_dirty_days(shop, ("--select", "+order_lines", "+orders"))
    orders = shop.warehouse.rows("select ordered_on, copy_count, line_count from marts.orders")
    assert orders == [(tuesday, 2, 2)]
    lines = shop.warehouse.rows("select ordered_on, sku from marts.order_lines order by sku")
    assert lines == [(tuesday, "mug"), (tuesday, "pen")]


@pytest.mark.long
def test_a_copy_that_the_broker_took_first_takes_the_event_to_its_own_day(
    shop: MartsWorld,
) -> None:
    weeks_later = MONDAY + 20 * DAY
    shop.arrive([Message(activity(id="e1", time=noon(MONDAY)), second=7)])
    build_dirty_days(shop, SESSIONS_ONLY)
    shop.arrive([Message(activity(id="e1", time=noon(weeks_later)), second=6)])
    build_dirty_days(shop, SESSIONS_ONLY)
    assert session_days(shop) == [weeks_later]


def test_a_failed_test_stops_the_build_and_is_named(shop: MartsWorld) -> None:
    shop.arrive([order(MONDAY)])
    shop.build(only(MONDAY), options=("--select", "+orders"))
    shop.warehouse.execute(
        "insert into intermediate.int_orders_merged"
        " select * replace (ordered_on + 1 as ordered_on) from intermediate.int_orders_merged"
    )
    told = shop.attempt(only(MONDAY), options=("--select", "orders"))
    assert "an_order_is_one_row_on_one_day" in told.errors


def test_a_build_of_some_days_refuses_a_table_of_other_columns_and_one_of_all_replaces_it(
    shop: MartsWorld,
) -> None:
    shop.arrive(views(WEEK.days()))
    shop.build(WEEK, options=UP_TO_SESSIONS)
    before = shop.digests(["marts.sessions"])
    shop.warehouse.execute("alter table marts.sessions add column mood String")
    told = shop.attempt(only(MONDAY), options=(*SESSIONS_ONLY, "--resource-type", "model"))
    assert "leaves out 6 of its days, from 2026-03-03 to 2026-03-08" in told.errors
    assert not shop.warehouse.rows("select name from system.tables where name like '%_new'")
    shop.build(WEEK, options=SESSIONS_ONLY, slice_events=2)
    assert shop.digests(["marts.sessions"]) == before


@pytest.mark.long
def test_tables_of_an_earlier_version_are_replaced_by_a_build_of_every_day(
    shop: MartsWorld,
) -> None:
    shop.arrive(messages(6, people=20))
    shop.build(EVERY_DAY)
    before = shop.digests()
    for table, partition_by in (("orders", "ordered_on"), ("sessions", "tuple()")):
        shop.warehouse.execute(
            f"create or replace table marts.{table} engine = MergeTree order by tuple()"
            f" partition by {partition_by} as select *, 1 as was_there from marts.{table}"
        )
    days = shop.shop_days()
    shop.build(Stretch(days[0], days[-1]))
    assert shop.digests() == before
