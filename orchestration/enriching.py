"""Stored events brought under today's rules: what there is to do, and doing it.

The rules stand in the settings, the work in `streams.anew`; this adds who may do it at once, and
what a person wants to know before and after.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from time import monotonic, sleep

from streams import anew, versions
from streams.anew import Enriched, Slice
from streams.enrich.enrichment import Enrichment, Tables, differing
from warehouse.client import Warehouse, WarehouseBusyError

PATIENCE_SECONDS = 600.0  # from the first failure on; too little memory is waited for, too
PAUSE_SECONDS = 1.0


class EnrichingError(Exception):
    """Events cannot be enriched anew now; the message says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many events other rules enriched, and what differs from the newest of those rules."""

    outdated: int
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Events enriched anew under a number, the shop days whose rows changed, and events left as
    they were because today's contract refuses them.
    """

    version: int
    events: int
    days: frozenset[date]
    refused: int


def plan(warehouse: Warehouse, tables: Tables) -> Plan:
    """What `enrich` would do under these tables."""
    version, digest, _ = versions.newest(warehouse)
    is_known = digest == versions.digest_of(tables.parts())
    others = {
        one: count
        for one, count in anew.versions(warehouse).items()
        if not is_known or one != version
    }
    if not others:
        return Plan(0, ())
    before = versions.parts_of(warehouse, max(others))
    return Plan(sum(others.values()), tuple(differing(before, tables.parts())))


@dataclass(frozen=True, slots=True)
class Watcher:
    """Whom to tell how many more events are done, and what is waited for."""

    advance: Callable[[int], None]
    wait: Callable[[str], None]


def enrich(warehouse: Warehouse, tables: Tables, home: Path, watcher: Watcher) -> Outcome:
    """Enrich what other rules enriched; may be stopped at any time and begun again.

    A warehouse that goes away is waited for: a slice that was cut off is done again.

    Args:
        warehouse: where events are.
        tables: the rules.
        home: this machine's local home: two at once there would enrich a slice twice.
        watcher: told what happens.

    Raises:
        EnrichingError: another process does it already.
        WarehouseBusyError: nothing could be done for ten minutes.
        WarehouseRefusedError: a message is missing in the event store.
    """
    events = refused = 0
    days: frozenset[date] = frozenset()
    with _alone(home):
        by = Enrichment(tables, versions.registered(warehouse, tables.parts()))
        for part, done in _patiently(warehouse, by, watcher.wait):
            events, refused, days = events + done.events, refused + done.refused, days | done.days
            watcher.advance(part.event_count)
    return Outcome(by.version, events, days, refused)


def _patiently(
    warehouse: Warehouse, by: Enrichment, wait: Callable[[str], None]
) -> Iterator[tuple[Slice, Enriched]]:
    """Slice by slice what is outdated, and what became of it; each reason to wait is told once."""
    reached: dict[tuple[str, int], int] = {}
    failing_since, told = None, ""
    while True:
        try:
            for part in anew.slices(warehouse, by.version, reached):
                done = anew.enrich_anew(warehouse, part, by)
                reached[part.topic, part.partition] = part.high
                failing_since, told = None, ""
                yield part, done
            return
        except WarehouseBusyError as error:
            failing_since = failing_since or monotonic()
            if monotonic() - failing_since >= PATIENCE_SECONDS:
                raise
            if str(error) != told:
                told = str(error)
                wait(f"waiting for the warehouse: {told}")
            sleep(PAUSE_SECONDS)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    home.mkdir(parents=True, exist_ok=True)
    with (home / "enrich.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EnrichingError("events are being enriched anew already; wait for it") from None
        yield
