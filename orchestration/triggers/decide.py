"""Decide who is written to: carts, orders, ledger and one instant in, firings and refusals out.

The clock only says which decisions are ripe. Whether a letter is right is judged at the instant it
was due, from what had happened until then, so the cadence of runs changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from orchestration.triggers.firing import CartFacts, Firing, Mode, firing_id
from orchestration.triggers.model import Definition

Reason = Literal["imported", "not_due", "stale", "superseded", "answered", "already_fired"]


@dataclass(frozen=True, slots=True)
class Clock:
    """The instant of a run. Wall: letters to people. Shop: history played for demos and proofs."""

    now: datetime
    mode: Mode

    @property
    def origins(self) -> tuple[str, ...]:
        """Which events exist under this clock: imported history never causes a letter to anyone."""
        return ("live", "import") if self.mode == "shop" else ("live",)


@dataclass(frozen=True, slots=True)
class Cart:
    """Something put into a cart. `next_added_at` is the session's next addition, if any.

    It is one person's; a letter about it counts as had by `also_of` too, whose names it bears.
    """

    person: str
    visitor_id: str
    customer_id: str
    session_id: str
    event_id: str
    origin: str
    added_at: datetime
    next_added_at: datetime | None
    skus: Sequence[str]
    names: Sequence[str]
    also_of: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """An event that makes the letter needless: the person ordered."""

    occurred_at: datetime
    origin: str


@dataclass(frozen=True, slots=True)
class Decisions:
    """What a run decided: each cart is in one of the two."""

    firings: tuple[Firing, ...]
    refusals: tuple[tuple[Cart, Reason], ...]


def decide(
    definition: Definition,
    carts: Iterable[Cart],
    answers: Mapping[str, Sequence[Answer]],
    fired: Collection[UUID],
    clock: Clock,
) -> Decisions:
    """Decide about carts. Of several that a person would get a letter for, the earliest wins.

    Args:
        definition: the trigger.
        carts: in any order.
        answers: by person, every event of the kinds in `definition.unless`.
        fired: ids of the firings that the ledger holds.
        clock: the run's instant.

    Returns:
        Firings and refusals, each in order of time.
    """
    known = set(fired)
    firings: list[Firing] = []
    refusals: list[tuple[Cart, Reason]] = []
    for cart in sorted(carts, key=lambda cart: (cart.added_at, cart.session_id, cart.event_id)):
        firing = _firing(definition, cart, clock)
        reason = refusal(definition, cart, answers.get(cart.person, ()), clock)
        if reason is None and firing.firing_id in known:
            reason = "already_fired"
        if reason is None:
            known.update(
                firing_id(firing.trigger, person, firing.instance, firing.period)
                for person in (cart.person, *cart.also_of)
            )
            firings.append(firing)
        else:
            refusals.append((cart, reason))
    return Decisions(tuple(firings), tuple(refusals))


def refusal(
    definition: Definition, cart: Cart, answers: Iterable[Answer], clock: Clock
) -> Reason | None:
    """Why a cart causes no letter, None when it does. `orchestration.candidates` says it in SQL."""
    due_at = definition.due_at(cart.added_at)
    if cart.origin not in clock.origins:
        return "imported"
    if due_at > clock.now:
        return "not_due"
    if clock.mode == "wall" and clock.now - due_at > definition.stale_after:
        return "stale"
    if cart.next_added_at is not None and cart.next_added_at <= due_at:
        return "superseded"
    if any(
        cart.added_at <= answer.occurred_at <= due_at and answer.origin in clock.origins
        for answer in answers
    ):
        return "answered"
    return None


def _firing(definition: Definition, cart: Cart, clock: Clock) -> Firing:
    due_at = definition.due_at(cart.added_at)
    instance, period = "", definition.repeat.period_of(due_at)
    return Firing(
        firing_id=firing_id(definition.trigger, cart.person, instance, period),
        trigger=definition.trigger,
        trigger_version=definition.version,
        title=definition.title,
        person=cart.person,
        visitor_id=cart.visitor_id,
        customer_id=cart.customer_id,
        instance=instance,
        period=period,
        due_at=due_at,
        decided_at=clock.now,
        clock=clock.mode,
        facts=_facts(definition, cart),
    )


def _facts(definition: Definition, cart: Cart) -> CartFacts:
    return CartFacts(
        session_id=cart.session_id,
        event_id=cart.event_id,
        origin=cart.origin,
        added_at=cart.added_at,
        skus=list(cart.skus),
        names=list(cart.names),
        wait_hours=int(definition.wait.total_seconds()) // 3600,
        unless=sorted(definition.unless),
    )
