"""Detection: from marts and ledger to letters in the feed, each exactly once.

A run takes the feed over, finishes what a crashed one left, and goes through the candidates batch
by batch: judge again, record, publish, mark. Persons are looked up again for each batch, for a
build may exchange them at any time. A crash at any instant leaves at most firings in the
ledger of which nobody knows whether they are out; the next run reads the feed's tail and knows, for
all triggers, before it publishes anything. What is not out is judged again, and withdrawn when it
is not due any more.

The ledger itself cannot be fenced. So a detector that was frozen between its last look at the
ledger and its insert may record a firing a second time; it cannot publish it any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from orchestration.addressees import people
from orchestration.candidates import candidates, is_built
from orchestration.catalogue import Catalogue, catalogue
from orchestration.clocks import shop_clock, wall_clock
from orchestration.feed import Feed, KafkaFeed
from orchestration.firing_ledger import fired, record, unpublished
from orchestration.firing_publication import BATCH_CARTS, Recovery, publish, recover
from orchestration.same_person import of_today, version
from orchestration.triggers.decide import Cart, Clock, Decisions, decide
from orchestration.triggers.firing import Mode
from orchestration.triggers.model import Definition
from streams.settings import StreamSettings
from warehouse.client import Warehouse
from warehouse.settings import WarehouseSettings


class DetectionRefusedError(Exception):
    """Detection must not run like this: show it to a person."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of one trigger's candidates in a run, and of what an earlier run had left:
    `recovered` firings, of which some may be `withdrawn`, counted by reason.
    """

    trigger: str
    candidates: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    fired: int = 0
    published: int = 0
    recovered: int = 0
    withdrawn: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """A run: its clock (None when the shop has no time yet), a tally per trigger, what held it.

    `rejected` are the definitions that could not be used, by name of file, with every reason.
    """

    clock: Clock | None
    tallies: tuple[Tally, ...] = ()
    note: str = ""
    rejected: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def fired(self) -> int:
        """Letters decided in this run."""
        return sum(tally.fired for tally in self.tallies)

    @property
    def published(self) -> int:
        """Letters that this run put into the feed, those of a crashed run included."""
        return sum(tally.published for tally in self.tallies)


def tick(
    streams: StreamSettings,
    warehouses: WarehouseSettings,
    mode: Mode,
    *,
    is_dry_run: bool = False,
    definitions: Path | None = None,
) -> Report:
    """Detect once, by the definitions in force; the broker is asked only when something is due.

    A definition that cannot be used stops nobody else's letters; the report names it.

    Args:
        streams: the feed's broker and topic, and the shop's time zone.
        warehouses: the warehouse.
        mode: `wall` writes to people; `shop` plays history and needs a feed on this machine.
        is_dry_run: only tell what would be fired.
        definitions: folder of the definitions, the shipped ones without it.

    Raises:
        DetectionRefusedError: the shop's clock was asked for and the feed or the ledger is on
            another machine.
        CatalogueError: the folder of definitions cannot be read.
        WarehouseError, BrokerError: they did not answer; the next tick goes on where this ended.
    """
    if mode == "shop":
        _refuse_other_machines(streams, warehouses)
    in_force = catalogue(definitions)
    with Warehouse.connect(warehouses, "detection") as warehouse:
        report = _tick(warehouse, streams, in_force, mode, is_dry_run=is_dry_run)
    return replace(report, rejected=in_force.rejected)


def _tick(
    warehouse: Warehouse,
    streams: StreamSettings,
    in_force: Catalogue,
    mode: Mode,
    *,
    is_dry_run: bool,
) -> Report:
    definitions = in_force.definitions
    clock = wall_clock() if mode == "wall" else shop_clock(warehouse, streams)
    if clock is None:
        return Report(None, note="no event is stored yet")
    if not is_built(warehouse):
        return Report(clock, note="the marts are not built yet")
    if is_dry_run:
        return preview(warehouse, definitions, clock)
    if not is_anything_due(warehouse, definitions, clock):
        return Report(clock, tuple(Tally(one.trigger) for one in definitions))
    with KafkaFeed(streams) as feed:
        return detect(warehouse, feed, definitions, clock)


def _refuse_other_machines(streams: StreamSettings, warehouses: WarehouseSettings) -> None:
    """Letters of the past must reach nobody, and must not stand in a ledger that real ones ask."""
    if not streams.is_broker_on_loopback:
        raise DetectionRefusedError(
            "the shop's clock plays history, and its letters must reach nobody: it needs a feed "
            f"on this machine, and the broker is {streams.kafka_brokers}"
        )
    if not warehouses.is_on_loopback:
        raise DetectionRefusedError(
            "the shop's clock plays history, and whom it writes to gets no real letter again: it "
            f"needs a firing ledger on this machine, and the warehouse is {warehouses.host}"
        )


def is_anything_due(warehouse: Warehouse, definitions: Sequence[Definition], clock: Clock) -> bool:
    """Whether a run would write or publish anything: who unsubscribed stays a candidate for long,
    and the broker need not know.
    """
    names = {one.trigger for one in definitions}
    return any(firing.trigger in names for firing in unpublished(warehouse, clock.mode)) or any(
        decisions.firings for one in definitions for decisions in _decided(warehouse, one, clock)
    )


def detect(
    warehouse: Warehouse, feed: Feed, definitions: Sequence[Definition], clock: Clock
) -> Report:
    """Finish what an earlier run left, then fire what is due.

    Args:
        warehouse: facts and ledger.
        feed: already taken over, so that nobody else publishes to it meanwhile.
        definitions: the triggers in force.
        clock: the instant of the run.

    Raises:
        FencedError: another detector took over; the letters it does not know of are its own now.
    """
    recovered = recover(warehouse, feed, definitions, clock)
    return Report(
        clock,
        tuple(
            _run(warehouse, feed, one, clock, recovered.get(one.trigger, Recovery()))
            for one in definitions
        ),
    )


def preview(warehouse: Warehouse, definitions: Sequence[Definition], clock: Clock) -> Report:
    """What `detect` would fire; nothing is recorded or published."""
    return Report(
        clock,
        tuple(_tally(one, _decided(warehouse, one, clock)) for one in definitions),
    )


def batches(carts: Sequence[Cart]) -> Iterator[list[Cart]]:
    """Carts in batches that never part the carts of one person, which stand together."""
    batch: list[Cart] = []
    for cart in carts:
        if len(batch) >= BATCH_CARTS and cart.person != batch[-1].person:
            yield batch
            batch = []
        batch.append(cart)
    if batch:
        yield batch


def _run(
    warehouse: Warehouse, feed: Feed, definition: Definition, clock: Clock, recovery: Recovery
) -> Tally:
    tally = _tally(definition, _fired(warehouse, feed, definition, clock))
    return replace(
        tally,
        published=tally.fired + recovery.published,
        recovered=recovery.count,
        withdrawn=dict(recovery.withdrawn),
    )


def _fired(
    warehouse: Warehouse, feed: Feed, definition: Definition, clock: Clock
) -> Iterator[Decisions]:
    """Decisions about every candidate, each batch in the ledger and in the feed when it comes."""
    for decisions in _decided(warehouse, definition, clock):
        record(warehouse, decisions.firings)
        publish(warehouse, feed, decisions.firings)
        yield decisions


def _decided(warehouse: Warehouse, definition: Definition, clock: Clock) -> Iterator[Decisions]:
    """Decisions about every candidate, on facts read right before each batch."""
    for batch in batches(candidates(warehouse, definition, clock)):
        yield _judged(warehouse, definition, batch, clock)


def _judged(
    warehouse: Warehouse, definition: Definition, batch: Sequence[Cart], clock: Clock
) -> Decisions:
    """Decisions about a batch, on answers and letters of the persons that its carts have now.

    A build may find out meanwhile who is who: then persons of two resolutions would be compared.
    """
    while True:
        persons = version(warehouse)
        carts = of_today(warehouse, batch)
        known_people = people(warehouse, definition, carts, clock)
        known = fired(warehouse, definition.trigger, {cart.person for cart in carts})
        if version(warehouse) == persons:
            return decide(definition, carts, known_people, known, clock)


def _tally(definition: Definition, made: Iterable[Decisions]) -> Tally:
    fired_count = 0
    refused: Counter[str] = Counter()
    for decisions in made:
        fired_count += len(decisions.firings)
        refused.update(reason for _, reason in decisions.refusals)
    return Tally(definition.trigger, fired_count + refused.total(), dict(refused), fired_count)
