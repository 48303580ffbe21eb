"""A month of a shop, played from the topic to the trigger feed, each part timed.

With a real month at hand (a folder with hits.parquet and sessions.parquet) that one is played, else
a generated shop. The parts are the commands that an operator would type; the demo adds the waiting.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.local_env import remember, remembered
from streams.settings import StreamSettings
from warehouse.client import Warehouse
from warehouse.settings import WarehouseSettings

Say = Callable[[str], None]
COMMAND = str(Path(sys.executable).with_name("active-analytics"))


class DemoError(Exception):
    """The demo cannot go on; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Play:
    """What is played: the command that publishes it and the settings that belong to its shop."""

    title: str
    publish: tuple[str, ...]
    settings: Mapping[str, str]


@dataclass(slots=True)
class Timings:
    """How long each part took, in the order they were done."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def of(self, part: str) -> Iterator[None]:
        """Time one part."""
        began = time.monotonic()
        yield
        self.seconds[part] = time.monotonic() - began


def play_of(folder: Path | None) -> Play:
    """The real month in a folder, or the generated shop when there is none.

    Raises:
        DemoError: the folder lacks a file.
    """
    if folder is None:
        return Play(
            "a generated shop: 31 days from a seed, with late, doubled and broken messages",
            ("import", "simulated"),
            {"SHOP_TIME_ZONE": "UTC", "SHOP_HOSTS": "shop.example"},
        )
    missing = [
        name for name in ("hits.parquet", "sessions.parquet") if not (folder / name).exists()
    ]
    if missing:
        raise DemoError(f"{folder} holds no {' and no '.join(missing)}; name another folder: DATA=")
    return Play(
        f"the month of the merchandise store in {folder}",
        ("import", "ga-hits", str(folder)),
        {
            "SHOP_TIME_ZONE": "America/Los_Angeles",
            "SHOP_HOSTS": "googlemerchandisestore.com",
        },
    )


def settle(play: Play, home: Path) -> None:
    """Make the play's settings those of this machine's installation.

    Raises:
        DemoError: another shop was played here before; their days would not be of one zone.
    """
    kept = remembered(home)
    if kept and kept != dict(play.settings):
        raise DemoError(
            f"{home} holds another shop ({kept}); stop it and delete its data first: make clean"
        )
    os.environ.update(play.settings)


def refuse_other_machines() -> None:
    """A played shop must not reach a topic or a warehouse that others use.

    Raises:
        DemoError: the broker or the warehouse of the settings is not on this machine.
    """
    streams, warehouse = StreamSettings.from_env(), WarehouseSettings.from_env()
    if not (streams.is_broker_on_loopback and warehouse.is_on_loopback):
        raise DemoError(
            "the demo publishes a played shop's events, which are kept for ever, so it plays on "
            f"this machine only; the broker is {streams.kafka_brokers}, the warehouse "
            f"{warehouse.host}. Unset KAFKA_BROKERS and WAREHOUSE_URL"
        )


def start(play: Play, home: Path) -> None:
    """Start what stores the shop, with the shop's own settings, and remember them.

    Raises:
        DemoError: a service does not start, or what is stored came from elsewhere.
    """
    if remembered(home):
        run("up", "--only", "kafka,warehouse,worker")
        return
    run("down", "--only", "worker,dagster")  # they may run with another shop's time zone
    run("up", "--only", "kafka,warehouse")
    with connected() as warehouse:
        if warehouse.scalar("select count() from event_store.ranges"):
            raise DemoError(
                f"{home} holds events that no demo played; delete them first: make clean"
            )
    remember(home, play.settings)
    run("up", "--only", "worker")


def run(*arguments: str) -> None:
    """Run one of our commands, its output and its progress bar on our terminal.

    Raises:
        DemoError: it ended with another code than 0.
    """
    code = subprocess.run([COMMAND, *arguments], check=False).returncode
    if code:
        raise DemoError(f"`active-analytics {' '.join(arguments)}` ended with code {code}")


def await_stored(warehouse: Warehouse, published: int, seen: Callable[[int], None]) -> None:
    """Wait until the ledger counts every message of the topic.

    Args:
        warehouse: where the ledger is.
        published: how many messages the topic holds.
        seen: told the count so far, for a progress bar.

    Raises:
        DemoError: the ledger has not moved for two minutes.
    """
    stored, moved_at = -1, time.monotonic()
    while stored < published:
        now = int(
            warehouse.scalar(
                "select sum(to_offset - from_offset + 1) from event_store.stored_ranges"
            )
        )
        if now > stored:
            stored, moved_at = now, time.monotonic()
            seen(stored)
        elif time.monotonic() - moved_at > 120:
            raise DemoError(
                f"{stored:,} of {published:,} messages are stored and nothing moves; "
                "see .local/run/worker.log and `active-analytics status`"
            )
        time.sleep(0.2)  # between two questions


def connected() -> Warehouse:
    """The warehouse of the settings."""
    return Warehouse.connect(WarehouseSettings.from_env(), "demo")
