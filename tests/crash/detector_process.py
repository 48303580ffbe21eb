"""A detector of three triggers that dies as by kill -9 at a named point of its work.

It is forked from a server that has everything imported, so that hundreds of deaths cost minutes.
The points are those of the ledger's tables and of the feed's transaction.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from orchestration import detection
from orchestration.feed import KafkaFeed
from orchestration.triggers.decide import Clock
from streams.producer import FencedError
from streams.settings import StreamSettings
from tests.unit.trigger_builders import ABANDONED_CART, definition
from warehouse.client import Warehouse
from warehouse.settings import WarehouseSettings

TRIGGERS = tuple(
    definition(ABANDONED_CART.replace("abandoned_cart", name))
    for name in ("abandoned_cart", "left_behind", "last_call")
)
BATCH_CARTS = 3

# In the order of the work; `marking` leaves half of a batch's marks, the others nothing half done.
POINTS = ("decided", "recorded", "sent", "committing", "committed", "marking", "marked")
FENCED = 3

_POINTS_OF_TABLE = {
    "triggers.firings": ("decided", "", "recorded"),
    "triggers.publications": ("committed", "marking", "marked"),
    "triggers.withdrawals": ("judged", "withdrawing", "withdrawn"),
}
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__])


@dataclass(slots=True)
class Death:
    """Dies when a point is passed for the last of so many times."""

    point: str
    passages: int = 1
    observer: Connection | None = None

    def is_near(self, point: str) -> bool:
        """Count a passage of a point, and tell the observer of it."""
        if self.observer:
            self.observer.send(point)
        if point == self.point:
            self.passages -= 1
        return point == self.point and self.passages == 0

    def pass_by(self, point: str) -> None:
        """Pass a point, or die there."""
        if self.is_near(point):
            die()


def die() -> None:
    """End as by kill -9."""
    os.kill(os.getpid(), signal.SIGKILL)
    threading.Event().wait()


class MortalWarehouse(Warehouse):
    """A warehouse whose user may die before, amid and after what it writes into the ledger."""

    death: Death

    def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], **settings: object
    ) -> None:
        if not rows:
            return
        before, amid, after = _POINTS_OF_TABLE[table]
        self.death.pass_by(before)
        if self.death.is_near(amid):
            super().insert(table, columns, rows[: len(rows) // 2], **settings)
            die()
        super().insert(table, columns, rows, **settings)
        self.death.pass_by(after)


class MortalFeed(KafkaFeed):
    """A feed whose user may die amid a transaction."""

    def __init__(self, settings: StreamSettings, death: Death) -> None:
        super().__init__(settings)
        producer: Any = self._producer._producer
        commit = producer.commit_transaction

        def commit_transaction() -> None:
            producer.flush()
            death.pass_by("sent")
            if death.is_near("committing"):
                threading.Thread(target=commit, daemon=True).start()
                die()
            commit()

        producer.commit_transaction = commit_transaction


def start_detector(
    warehouse: WarehouseSettings, stream: StreamSettings, clock: Clock, death: Death
) -> BaseProcess:
    """A detector in a process of its own: it ends with -9, with 0 when it has nothing more to do,
    and with `FENCED` when another one took over.
    """
    process = _FORKS.Process(target=_detect, args=(warehouse, stream, clock, death), daemon=True)
    process.start()
    return process


def _detect(
    warehouse: WarehouseSettings, stream: StreamSettings, clock: Clock, death: Death
) -> None:
    detection.BATCH_CARTS = BATCH_CARTS
    with suppress(FencedError), MortalWarehouse.connect(warehouse, "tests") as ledger:
        assert isinstance(ledger, MortalWarehouse)
        ledger.death = death
        with MortalFeed(stream, death) as feed:
            detection.detect(ledger, feed, TRIGGERS, clock)
        return
    os._exit(FENCED)
