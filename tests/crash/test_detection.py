"""Detectors of three triggers that die at any point, run into each other, or are killed anyhow."""

from __future__ import annotations

import multiprocessing
import random
import signal
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from orchestration.detection import Report, detect
from orchestration.feed import KafkaFeed
from orchestration.feed_audit import audit_feed
from orchestration.triggers.decide import Clock
from orchestration.triggers.message import read_message
from streams.producer import BrokerRefusedError, read_topic
from streams.settings import StreamSettings
from tests.crash.detector_process import FENCED, POINTS, TRIGGERS, Death, start_detector
from tests.unit.trigger_builders import DAY, MONDAY, cart, definition, wall
from tests.warehouse.detection_world import ShopWorld
from warehouse.client import Warehouse
from warehouse.settings import WarehouseSettings

TUESDAY = MONDAY + DAY
SECOND = timedelta(seconds=1)
NAMES = [one.trigger for one in TRIGGERS]
CARTS_AT_ONCE = 6


def letters(stream: StreamSettings) -> Counter[tuple[str, str]]:
    """How often each letter stands in the feed, by trigger and visitor, for readers of committed
    records.
    """
    fired = (
        read_message(record.value or b"")
        for record in read_topic(stream, stream.triggers_topic, read_committed=True)
    )
    return Counter((one.data.trigger, one.visitorid) for one in fired)


@dataclass
class Shop:
    """A shop whose people leave carts, and whose detectors die."""

    world: ShopWorld
    warehouse: WarehouseSettings
    stream: StreamSettings
    visitors: list[str] = field(default_factory=list)
    buyers: set[str] = field(default_factory=set)
    now: datetime = TUESDAY

    def leave_carts(self, count: int = CARTS_AT_ONCE) -> list[str]:
        """Have so many more people leave a cart, about whom three letters each are due."""
        first = len(self.visitors)
        names = [f"{number:05}" for number in range(first, first + count)]
        self.visitors += names
        self.world.carts(
            [cart(person=f"v:{one}", visitor_id=one, session_id=one, event_id=one) for one in names]
        )
        return names

    def buy(self, visitor: str) -> None:
        """Have somebody order whose letters are due already: they may be out, or not any more."""
        self.buyers.add(visitor)
        self.world.order(self.now, visitor_id=visitor)

    def clock(self) -> Clock:
        """The wall's clock, a second later at each look."""
        self.now += SECOND
        return wall(self.now)

    def kill_detector(self, point: str, passages: int = 1) -> None:
        """Run a detector that dies when it passes a point for the last of so many times."""
        process = start_detector(self.warehouse, self.stream, self.clock(), Death(point, passages))
        process.join(60)
        assert process.exitcode == -signal.SIGKILL, f"at {point}: {process.exitcode}"

    def detect(self) -> Report:
        """Run a detector that lives."""
        with KafkaFeed(self.stream) as feed:
            return detect(self.world.warehouse, feed, TRIGGERS, self.clock())

    def everybody_has_each_letter_once(self) -> None:
        """And nobody twice; who ordered meanwhile has it once or not. The audit agrees."""
        found = letters(self.stream)
        assert set(found.values()) <= {1}
        due = {(name, one) for name in NAMES for one in self.visitors}
        needless = {(name, one) for name in NAMES for one in self.buyers}
        assert due - needless <= found.keys() <= due
        audit = audit_feed(self.world.warehouse, self.stream)
        assert (audit.is_ok, audit.letters, audit.unpublished) == (True, len(found), 0)


@pytest.fixture
def shop(
    warehouse: Warehouse, warehouse_server: WarehouseSettings, stream_settings: StreamSettings
) -> Shop:
    return Shop(ShopWorld(warehouse), warehouse_server, stream_settings)


@pytest.mark.parametrize("point", POINTS)
def test_a_detector_of_three_triggers_that_died_is_finished_by_the_next(shop, point) -> None:
    shop.leave_carts()
    shop.kill_detector(point, passages=3)  # two batches a trigger: in the second trigger's first
    shop.leave_carts(2)  # the first trigger has news before the second's is settled
    shop.detect()
    shop.everybody_has_each_letter_once()


@pytest.mark.parametrize("point", ["marking", "judged", "withdrawing", "withdrawn", "recorded"])
def test_a_detector_that_dies_while_it_recovers_is_finished_too(shop, point) -> None:
    first, *_ = shop.leave_carts()
    shop.kill_detector("committed" if point == "marking" else "recorded")
    if point != "marking":
        shop.buy(first)
    shop.kill_detector(point)
    shop.detect()
    shop.everybody_has_each_letter_once()


@pytest.mark.long
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.timeout(1800)
def test_fifty_deaths_at_a_point_lose_and_double_no_letter(shop, point) -> None:
    chance = random.Random(point)
    for _ in range(50):
        names = shop.leave_carts()
        shop.kill_detector(point, chance.randint(1, 6))  # in any batch of any trigger
        shop.buy(chance.choice(names))
    shop.detect()
    shop.everybody_has_each_letter_once()


def test_kill_9_at_random_moments_loses_and_doubles_no_letter(shop) -> None:
    chance = random.Random(3)
    shop.leave_carts(60)
    for _ in range(4):
        seen, told = multiprocessing.Pipe(duplex=False)
        with seen, told:
            process = start_detector(
                shop.warehouse, shop.stream, shop.clock(), Death("never", observer=told)
            )
            for _ in range(chance.randint(1, 40)):
                seen.recv()
            process.join(chance.uniform(0, 0.03))
            process.kill()
            process.join(60)
    shop.detect()
    shop.everybody_has_each_letter_once()


def test_two_detectors_at_once_leave_each_letter_once_and_a_sound_ledger(shop) -> None:
    shop.leave_carts(30)
    for _ in range(2):
        both = [
            start_detector(shop.warehouse, shop.stream, shop.clock(), Death("never"))
            for _ in range(2)
        ]
        for process in both:
            process.join(60)
        assert 0 in [process.exitcode for process in both]
        assert {process.exitcode for process in both} <= {0, FENCED}
        shop.leave_carts(6)
    shop.detect()
    shop.everybody_has_each_letter_once()


class FrozenWarehouse(Warehouse):
    """A warehouse whose user was frozen between its look at the ledger and its word there: when it
    wakes, another detector has done everything.
    """

    others: Iterator[Iterable[object]] = iter(())

    def insert(self, table, columns, rows, **settings) -> None:
        if table == "triggers.firings":
            next(self.others, None)
        super().insert(table, columns, rows, **settings)


def test_a_frozen_detector_doubles_rows_of_the_ledger_and_no_letter(shop) -> None:
    shop.leave_carts()
    frozen = FrozenWarehouse.connect(shop.warehouse, "tests")
    assert isinstance(frozen, FrozenWarehouse)
    with frozen, KafkaFeed(shop.stream) as older:
        frozen.others = (shop.detect().tallies for _ in range(1))
        with pytest.raises(BrokerRefusedError, match=r"took over|ProducerFenced"):
            detect(frozen, older, TRIGGERS, shop.clock())
    rows = shop.world.warehouse.rows("select count(), uniqExact(firing_id) from triggers.firings")
    assert rows == [(CARTS_AT_ONCE * 4, CARTS_AT_ONCE * 3)]
    shop.everybody_has_each_letter_once()
    assert shop.detect().published == 0
    shop.everybody_has_each_letter_once()


def test_a_detector_that_was_taken_over_publishes_nothing_and_its_successor_all(shop) -> None:
    shop.leave_carts()
    with KafkaFeed(shop.stream) as older, KafkaFeed(shop.stream) as newer:
        with pytest.raises(BrokerRefusedError, match=r"took over|ProducerFenced"):
            detect(shop.world.warehouse, older, [definition()], shop.clock())
        assert letters(shop.stream) == {}
        detect(shop.world.warehouse, newer, TRIGGERS, shop.clock())
    shop.everybody_has_each_letter_once()
