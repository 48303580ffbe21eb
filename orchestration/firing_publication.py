"""From the ledger of firings into the feed, and what a run that crashed in between has left.

The ledger and the feed have no transaction in common: a firing is recorded, published, and marked
as published. Whatever is recorded and not marked is looked up in the feed by the next run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from orchestration.addressees import people
from orchestration.candidates import recorded_carts
from orchestration.feed import Feed
from orchestration.firing_ledger import (
    fired,
    last_published,
    mark_published,
    unpublished,
    withdraw,
)
from orchestration.same_person import of_today, unresolved, version
from orchestration.triggers.decide import Clock, Reason, decide_again
from orchestration.triggers.firing import Firing
from orchestration.triggers.message import message_of
from orchestration.triggers.model import Definition
from warehouse.client import Warehouse

BATCH_CARTS = 500  # their persons fit a query's parameters, ids of 256 characters included


def publish(warehouse: Warehouse, feed: Feed, firings: Sequence[Firing]) -> None:
    """Put recorded firings into the feed, all or none, and mark them as published."""
    if firings:
        places = feed.publish([message_of(firing) for firing in firings])
        ids = [firing.firing_id for firing in firings]
        mark_published(warehouse, feed, zip(ids, places, strict=True))


@dataclass(slots=True)
class Recovery:
    """What became of the firings of a trigger that were recorded and not known to be published."""

    count: int = 0
    published: int = 0
    withdrawn: Counter[str] = field(default_factory=Counter)


def recover(
    warehouse: Warehouse, feed: Feed, definitions: Sequence[Definition], clock: Clock
) -> dict[str, Recovery]:
    """Settle firings of a run that ended between recording and marking.

    Those in the feed are marked, of all triggers and before anything else is published: a letter
    that comes later would move the end of what is known to be published past them. The others are
    judged again; of a trigger that is not in force they stay as they are.

    Returns:
        What was settled, by trigger.
    """
    left = {firing.firing_id: firing for firing in unpublished(warehouse, clock.mode)}
    if not left:
        return {}
    known = last_published(warehouse, feed, clock.mode)
    in_feed = {one: place for one, place in feed.after(known) if one in left}
    mark_published(warehouse, feed, in_feed.items())
    settled: dict[str, Recovery] = {}
    for definition in definitions:
        of_trigger = [one for one in left.values() if one.trigger == definition.trigger]
        missing = [
            replace(one, title=definition.title)
            for one in of_trigger
            if one.firing_id not in in_feed
        ]
        recovery = settled[definition.trigger] = Recovery(len(of_trigger))
        for first in range(0, len(missing), BATCH_CARTS):
            batch = missing[first : first + BATCH_CARTS]
            due, withdrawn = _judged_again(warehouse, definition, batch, clock)
            withdraw(warehouse, withdrawn)
            publish(warehouse, feed, due)
            recovery.published += len(due)
            recovery.withdrawn.update(reason for _, reason in withdrawn)
    return settled


def _judged_again(
    warehouse: Warehouse, definition: Definition, firings: Sequence[Firing], clock: Clock
) -> tuple[list[Firing], list[tuple[Firing, Reason]]]:
    """Decisions about recorded firings that are not in the feed, on what is known now.

    Whoever waits for a build to tell who he is waits here as well.
    """
    while True:
        persons = version(warehouse)
        carts = [
            cart if cart.person else replace(cart, person=firing.person)
            for cart, firing in zip(
                of_today(warehouse, recorded_carts(warehouse, firings)), firings, strict=True
            )
        ]
        addressed = {cart.person for cart in carts}
        known_people = people(warehouse, definition, carts, clock)
        known = fired(warehouse, definition.trigger, addressed, only_published=True)
        waiting = unresolved(warehouse, addressed)
        if version(warehouse) == persons:
            break
    recorded = [
        (firing, cart)
        for firing, cart in zip(firings, carts, strict=True)
        if cart.person not in waiting
    ]
    return decide_again(definition, recorded, known_people, known, clock)
