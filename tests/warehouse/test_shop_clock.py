"""The shop's clock, and ticks of detection by it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from orchestration.clocks import shop_clock
from orchestration.days import Counts, record_build
from orchestration.detection import DetectionRefusedError, tick
from orchestration.triggers.contents import ADDED, CartEvent, Line
from orchestration.triggers.message import read_message
from streams.producer import read_topic
from streams.settings import StreamSettings
from tests.unit.trigger_builders import MICROSECOND, MONDAY, shop
from tests.warehouse.detection_world import TUESDAY, Names, ShopWorld
from warehouse.settings import WarehouseSettings


def reach(world: ShopWorld, partition: int, occurred_max: datetime, **told: object) -> None:
    """Note a stored range in the ledger of the stream, by the partition's owner."""
    topic = told.get("topic", "shop.events")
    world.warehouse.insert("event_store.claims", ["topic", "partition"], [[topic, partition]])
    row = {
        "topic_id": "t",
        "topic": "shop.events",
        "partition": partition,
        "event_count": 1,
        "occurred_max": occurred_max,
    } | told
    world.warehouse.insert("event_store.ranges", list(row), [list(row.values())])


def test_the_shop_has_no_time_before_an_event_is_stored(world) -> None:
    assert shop_clock(world.warehouse, StreamSettings()) is None


def test_the_shops_clock_is_the_smallest_time_that_partitions_have_reached(world) -> None:
    reach(world, 0, TUESDAY)
    reach(world, 0, MONDAY)
    reach(world, 1, TUESDAY - MICROSECOND)
    reach(world, 2, datetime(1970, 1, 1, tzinfo=UTC), event_count=0)
    reach(world, 3, MONDAY, topic="shop.other")
    assert shop_clock(world.warehouse, StreamSettings()) == shop(TUESDAY - MICROSECOND)


def test_the_shops_clock_waits_for_the_marts_at_the_beginning_of_the_first_unbuilt_day(
    world,
) -> None:
    zone = StreamSettings(shop_time_zone="Europe/London")
    days = {date(2016, 8, 1): 5, date(2016, 8, 2): 7}
    reach(world, 0, datetime(2016, 8, 2, 20, tzinfo=UTC), arrivals=days)
    record_build(world.warehouse, {date(2016, 8, 1): Counts(5)}, "run")
    assert shop_clock(world.warehouse, zone) == shop(datetime(2016, 8, 1, 23, tzinfo=UTC))
    record_build(world.warehouse, {date(2016, 8, 2): Counts(7)}, "run")
    assert shop_clock(world.warehouse, zone) == shop(datetime(2016, 8, 2, 20, tzinfo=UTC))


# A tick, from settings.


def test_the_shops_clock_refuses_a_ledger_on_another_machine() -> None:
    elsewhere = WarehouseSettings(url="https://warehouse.example:8443")
    with pytest.raises(DetectionRefusedError, match=r"the warehouse is warehouse\.example"):
        tick(StreamSettings(), elsewhere, "shop")


def test_the_shops_clock_refuses_a_feed_on_another_machine(warehouse_server) -> None:
    elsewhere = StreamSettings(kafka_brokers="127.0.0.1:9092,kafka.example:9092")
    with pytest.raises(DetectionRefusedError, match=r"kafka\.example"):
        tick(elsewhere, warehouse_server, "shop")


def test_a_tick_before_anything_is_stored_or_built_says_so(warehouse, warehouse_server) -> None:
    nobody = StreamSettings(kafka_brokers="127.0.0.1:1")
    assert tick(nobody, warehouse_server, "shop").note == "no event is stored yet"
    assert tick(nobody, warehouse_server, "wall").note == "the marts are not built yet"


def test_a_tick_asks_no_broker_when_nothing_is_due(world, warehouse_server) -> None:
    report = tick(StreamSettings(kafka_brokers="127.0.0.1:1"), warehouse_server, "wall")
    assert (report.fired, report.note) == (0, "")


def test_a_tick_on_the_shops_clock_fires_into_the_topic(
    world, warehouse_server, stream_settings
) -> None:
    world.cart(origin="import")
    world.happen([(Names("ann"), CartEvent("e1", ADDED, MONDAY, "import", [Line("MUG")]))])
    reach(world, 0, TUESDAY, topic=stream_settings.events_topic)
    report = tick(stream_settings, warehouse_server, "shop")
    assert (report.fired, report.published) == (1, 1)
    (record,) = read_topic(stream_settings, stream_settings.triggers_topic)
    assert read_message(record.value).visitorid == "ann"
    assert tick(stream_settings, warehouse_server, "shop").fired == 0
