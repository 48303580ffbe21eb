from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from orchestration.detection import detect
from orchestration.feed import KafkaFeed
from orchestration.triggers.message import read_message
from streams.producer import BrokerRefusedError, read_topic
from streams.settings import StreamSettings
from tests.unit.trigger_builders import DAY, MONDAY, cart, definition, shop
from tests.warehouse.detection_world import ShopWorld
from warehouse.client import Warehouse
from warehouse.settings import WarehouseSettings

TUESDAY = MONDAY + DAY
CARTS = 400


@pytest.fixture
def world(warehouse: Warehouse) -> ShopWorld:
    """A shop in which so many people left a cart."""
    world = ShopWorld(warehouse)
    names = [f"{number:04}" for number in range(CARTS)]
    world.carts(
        [
            cart(person=f"v:{name}", visitor_id=name, session_id=name, event_id=name)
            for name in names
        ]
    )
    return world


@contextmanager
def detector(
    warehouse: WarehouseSettings, stream: StreamSettings, moment: str
) -> Iterator[subprocess.Popen[str]]:
    """A detector in a process of its own."""
    told = (warehouse.url, stream.kafka_brokers, stream.triggers_topic, TUESDAY.isoformat(), moment)
    command = [sys.executable, "-m", "tests.crash.detector_process", *told]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def letters(stream: StreamSettings) -> Counter[str]:
    """How often each visitor stands in the feed, for readers of committed records."""
    return Counter(
        read_message(record.value or b"").visitorid
        for record in read_topic(stream, stream.triggers_topic, read_committed=True)
    )


COUNTS = """
select
    (select count() from triggers.firings),
    (select uniqExact(firing_id) from triggers.firings),
    (select uniqExact(firing_id) from triggers.publications)
"""


def everybody_once(world: ShopWorld, stream: StreamSettings) -> None:
    assert letters(stream) == {f"{number:04}": 1 for number in range(CARTS)}
    assert world.warehouse.rows(COUNTS) == [(CARTS, CARTS, CARTS)]


@pytest.mark.parametrize("moment", ["unpublished", "unmarked"])
def test_a_detector_that_died_in_between_is_finished_by_the_next_and_nobody_gets_two_letters(
    world, warehouse_server, stream_settings, moment
) -> None:
    with detector(warehouse_server, stream_settings, moment) as process:
        assert process.wait(60) == 9
    left = 20
    with KafkaFeed(stream_settings) as feed:
        report = detect(world.warehouse, feed, [definition()], shop(TUESDAY))
    assert report.tallies[0].recovered == left
    assert report.published == CARTS - 2 * left + (left if moment == "unpublished" else 0)
    everybody_once(world, stream_settings)


def test_kill_9_at_random_moments_loses_and_doubles_no_letter(
    world, warehouse_server, stream_settings
) -> None:
    chance = random.Random(3)
    for _ in range(4):
        with detector(warehouse_server, stream_settings, "never") as process:
            assert process.stdout is not None
            for _ in range(chance.randint(1, 10)):
                process.stdout.readline()
            with suppress(subprocess.TimeoutExpired):
                process.wait(chance.uniform(0, 0.03))
    with detector(warehouse_server, stream_settings, "never") as process:
        assert process.wait(60) == 0
    everybody_once(world, stream_settings)


def test_a_detector_that_was_taken_over_publishes_nothing_and_its_successor_all(
    world, stream_settings
) -> None:
    with KafkaFeed(stream_settings) as older, KafkaFeed(stream_settings) as newer:
        with pytest.raises(BrokerRefusedError, match=r"took over|ProducerFenced"):
            detect(world.warehouse, older, [definition()], shop(TUESDAY))
        assert letters(stream_settings) == {}
        detect(world.warehouse, newer, [definition()], shop(TUESDAY))
    everybody_once(world, stream_settings)
