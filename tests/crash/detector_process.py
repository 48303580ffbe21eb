"""A detector to be killed: `python -m tests.crash.detector_process URL BROKERS TOPIC NOW MOMENT`.

It detects on the shop's clock in small batches, prints a line before and after each publication,
and dies as by kill -9 at a moment: `unpublished` or `unmarked` in its second batch, or `never`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import datetime

from orchestration import detection
from orchestration.feed import KafkaFeed, Place
from orchestration.triggers.decide import Clock
from streams.settings import StreamSettings
from tests.unit.trigger_builders import definition
from warehouse.client import Warehouse
from warehouse.settings import WarehouseSettings

BATCH_CARTS = 20


class MortalFeed(KafkaFeed):
    """A feed whose process ends around its second publication."""

    def __init__(self, settings: StreamSettings, moment: str) -> None:
        super().__init__(settings)
        self._moment = moment
        self._publication_count = 0

    def publish(self, messages: Sequence[tuple[bytes, bytes]]) -> list[Place]:
        self._publication_count += 1
        self._pass("unpublished")
        places = super().publish(messages)
        self._pass("unmarked")
        return places

    def _pass(self, moment: str) -> None:
        print(moment, flush=True)
        if self._publication_count == 2 and moment == self._moment:
            os._exit(9)


def main(url: str, brokers: str, topic: str, now: str, moment: str) -> None:
    detection.BATCH_CARTS = BATCH_CARTS
    settings = StreamSettings(kafka_brokers=brokers, triggers_topic=topic)
    clock = Clock(datetime.fromisoformat(now), "shop")
    with (
        Warehouse.connect(WarehouseSettings(url=url), "tests") as warehouse,
        MortalFeed(settings, moment) as feed,
    ):
        detection.detect(warehouse, feed, [definition()], clock)


if __name__ == "__main__":
    main(*sys.argv[1:])
