"""The real files as events: they alone give the figures that were worked out independently."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import pytest
from kafka.partitioner.default import murmur2

from streams.decode import Rejected, decode
from streams.events import Event, encode, key_of, kind_of
from streams.importers import ga_hits, online_retail
from tests import oracle
from tests.august import AUGUST, ONLINE_RETAIL, needs

pytestmark = [pytest.mark.august, pytest.mark.long]  # test_august.py walks the whole way


@pytest.fixture(scope="module")
def august() -> list[Event]:
    return list(ga_hits.events(AUGUST))


@needs(AUGUST)
def test_august_has_one_event_per_hit_in_time_order(august: list[Event]) -> None:
    assert len(august) == len({event.id for event in august}) == 459_705
    instants = [event.time for event in august]
    assert instants == sorted(instants)
    assert Counter(map(kind_of, august)) == {
        "page.viewed": 294_301,
        "product.clicked": 64_590,
        "product.viewed": 53_621,
        "cart.item_added": 15_859,
        "site.interacted": 14_501,
        "checkout.step_reached": 12_400,
        "order.placed": 2_522,
        "cart.item_removed": 1_911,
    }


@needs(AUGUST)
def test_the_stream_can_read_august(august: list[Event]) -> None:
    read_back = [decode(encode(event)) for event in august[::7]]
    assert not [one for one in read_back if isinstance(one, Rejected)]
    assert [one.event for one in read_back if not isinstance(one, Rejected)] == august[::7]


@needs(AUGUST)
def test_august_has_its_sessions(august: list[Event]) -> None:
    assert len(oracle.sessions(august)) == 73_753


@needs(AUGUST)
def test_august_has_its_orders(august: list[Event]) -> None:
    orders = oracle.orders(august)
    assert len(orders) == 1_145
    assert sum(order.revenue_minor for order in orders.values()) == 16_476_033
    assert sum(len(order.skus) for order in orders.values()) == 4_119
    assert sum(not order.is_revenue_known for order in orders.values()) == 26
    assert len(oracle.pairs(orders)) == 220


@needs(AUGUST)
def test_august_has_its_letters_by_the_files_end_and_by_the_slowest_partition(
    august: list[Event],
) -> None:
    last = august[-1].time
    due = oracle.abandoned_carts(august, last)
    assert len(due) == 3_378
    slowest = oracle.shop_clock(august, partition_of)
    assert slowest < last
    assert sum(at <= slowest for at in due.values()) == 3_378


@needs(ONLINE_RETAIL)
def test_the_online_retail_year_accounts_for_every_row_and_every_penny() -> None:
    file = ONLINE_RETAIL / "online_retail.parquet"
    history = online_retail.history(file)
    assert dict(history.rows) == {
        "rows": 541_909,
        "in events": 540_570,
        "bookkeeping: neither an order nor a cancellation": 3,
        "stock correction: less than nothing ordered": 1_336,
    }
    events = list(history.events())
    assert Counter(map(kind_of, events)) == {
        "order.placed": 20_725,
        "customer.registered": 4_372,
        "order.returned": 3_699,
        "order.cancelled": 137,
    }
    assert len(events) == history.count
    assert sum(len(getattr(event.data, "products", ())) for event in events) == 540_570
    assert sum(map(signed_minor, events)) == 974_774_793 + 1_106_206  # the bad debt is no event
    assert events[0].time == datetime.fromisoformat("2010-12-01T08:25:59Z")


def partition_of(event: Event) -> int:
    """Kafka's default partitioner on four partitions."""
    return int(murmur2(key_of(event)) & 0x7FFFFFFF) % 4


def signed_minor(event: Event) -> int:
    revenue = getattr(event.data, "revenue_minor", None) or 0
    return int(revenue) if kind_of(event) == "order.placed" else -int(revenue)
