"""A shop killed while it publishes: every event whose call returned reaches the topic, in order."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streams.decode import Rejected, decode
from streams.local_kafka import LocalKafka
from streams.producer import ensure_topics, read_topic
from streams.publisher import Publisher
from streams.settings import StreamSettings
from tests.crash.shop_process import VISITORS, event
from tests.fixtures_kafka import settings_on
from tests.processes import environment, eventually
from warehouse.settings import WarehouseSettings


class Shop:
    """The place of a shop: its spool, and what it told."""

    def __init__(self, settings: StreamSettings, folder: Path) -> None:
        self.settings = settings
        self.spool = folder / "spool"
        self._told = folder / "told"

    def told(self) -> list[int]:
        """The numbers of the events whose call of `publish` returned."""
        lines = self._told.read_bytes().split(b"\n") if self._told.exists() else [b""]
        return [int(line) for line in lines[:-1]]

    @contextmanager
    def killed_after(self, events: int) -> Iterator[None]:
        """A process of the shop that is killed in the middle when it told so many more events."""
        first = max(self.told(), default=-1) + 1
        command = [sys.executable, "-m", "tests.crash.shop_process"]
        command += [str(self.spool), str(self._told), str(first)]
        told = environment(self.settings, WarehouseSettings())
        with subprocess.Popen(command, env=told) as process:
            try:
                yield
                wanted = len(self.told()) + events
                eventually(lambda: len(self.told()) >= wanted or process.poll() is not None)
                assert process.poll() is None
            finally:
                process.kill()

    def send_the_rest(self) -> None:
        """What the shop's next process does with what the killed one left."""
        publisher = Publisher(self.settings, self.spool)
        assert publisher.close(60) == 0


def assert_all_arrived_in_order(shop: Shop) -> None:
    """Every event told is in the topic; of each visitor the first copies are in order."""
    topic = read_topic(shop.settings, shop.settings.events_topic)
    events = [decode(record.value) for record in topic]
    arrived = [one.event.visitsequence for one in events if not isinstance(one, Rejected)]
    assert len(arrived) == len(events)
    assert set(shop.told()) - set(arrived) == set()
    for visitor in range(VISITORS):
        own = dict.fromkeys(one for one in arrived if one % VISITORS == visitor)
        assert list(own) == sorted(own)


def test_every_event_handed_over_arrives_although_the_shop_is_killed_again_and_again(
    stream_settings: StreamSettings, tmp_path: Path
) -> None:
    shop = Shop(stream_settings, tmp_path)
    dice = random.Random(2016)
    for _ in range(3):
        with shop.killed_after(dice.randrange(200, 1_500)):
            pass
    shop.send_the_rest()
    assert_all_arrived_in_order(shop)


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_every_event_handed_over_arrives_although_the_broker_was_down_when_the_shop_died(
    stoppable_kafka: LocalKafka, tmp_path: Path
) -> None:
    shop = Shop(settings_on(stoppable_kafka.brokers, tmp_path), tmp_path)
    ensure_topics(shop.settings)
    with shop.killed_after(500):
        eventually(lambda: len(shop.told()) > 1_000)
        stoppable_kafka.stop()  # in the middle
    with shop.killed_after(500):
        pass  # began without a broker
    living = Publisher(shop.settings, tmp_path / "living")
    living.publish(event(0))

    stoppable_kafka.start()
    eventually(lambda: living.counts().sent == 1)  # of its own accord
    shop.send_the_rest()
    assert living.close() == 0
    assert_all_arrived_in_order(shop)
