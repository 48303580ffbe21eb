"""Decide who is written to: carts, orders, ledger and one instant in, firings and refusals out.

The clock only says which decisions are ripe. Whether a letter is right is judged at the instant it
was due, from what had happened until then, so the cadence of runs changes nothing. On the wall's
clock a letter that comes late is also needless when the person has ordered or emptied the cart
since.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from orchestration.triggers.contents import CartEvent, Contents, contents_at, contents_of
from orchestration.triggers.firing import CartFacts, CartItem, Firing, Mode, firing_id
from orchestration.triggers.model import Definition

Reason = Literal[
    "imported",
    "not_due",
    "stale",
    "superseded",
    "answered",
    "emptied",
    "unsubscribed",
    "already_fired",
]


@dataclass(frozen=True, slots=True)
class Clock:
    """The instant of a run. Wall: letters to people. Shop: history played for demos and proofs."""

    now: datetime
    mode: Mode

    @property
    def origins(self) -> tuple[str, ...]:
        """Which events exist under this clock: imported history never causes a letter to anyone."""
        return ("live", "import") if self.mode == "shop" else ("live",)

    def counts_until(self, due_at: datetime) -> datetime:
        """The last instant at which what happens bears on a letter that was due at an instant."""
        return due_at if self.mode == "shop" else max(due_at, self.now)


@dataclass(frozen=True, slots=True)
class Cart:
    """Something put into a cart. `next_added_at` is the session's next addition, if any.

    It is one person's; a letter about it counts as had by `also_of` too, whose names it bears.
    `visitor_key` is the name of an event that has neither visitor nor customer, such as e:<hash>.
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
    visitor_key: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An event that makes the letter needless: the person ordered."""

    occurred_at: datetime
    origin: str


@dataclass(frozen=True, slots=True)
class Addressee:
    """What is known of a person: his names, each with the instant it came up, and his consent."""

    identifiers: Sequence[tuple[str, datetime]] = ()
    is_unsubscribed: bool = False


@dataclass(frozen=True, slots=True)
class People:
    """What is known of people right before letters to them, by person.

    `answers` are the events of the kinds in a definition's `unless`, `cart_events` what changed
    their carts, in any order.
    """

    answers: Mapping[str, Sequence[Answer]] = field(default_factory=dict)
    cart_events: Mapping[str, Sequence[CartEvent]] = field(default_factory=dict)
    addressees: Mapping[str, Addressee] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decisions:
    """What a run decided: each cart is in one of the two."""

    firings: tuple[Firing, ...]
    refusals: tuple[tuple[Cart, Reason], ...]


def decide(
    definition: Definition,
    carts: Iterable[Cart],
    people: People,
    fired: Collection[UUID],
    clock: Clock,
) -> Decisions:
    """Decide about carts. Of several that a person would get a letter for, the earliest wins.

    Args:
        definition: the trigger.
        carts: in any order.
        people: what is known of their persons, and of those whose names they bear as well.
        fired: ids of the firings that the ledger holds.
        clock: the run's instant.

    Returns:
        Firings and refusals, each in order of time.
    """
    known = set(fired)
    firings: list[Firing] = []
    refusals: list[tuple[Cart, Reason]] = []
    for cart in sorted(carts, key=lambda cart: (cart.added_at, cart.session_id, cart.event_id)):
        firing = _firing(definition, cart, people, clock)
        reason = refusal(definition, cart, people, clock)
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


def decide_again(
    definition: Definition,
    recorded: Iterable[tuple[Firing, Cart]],
    people: People,
    fired: Collection[UUID],
    clock: Clock,
) -> tuple[list[Firing], list[tuple[Firing, Reason]]]:
    """Decide about firings that were recorded and did not get out: a run ended in between.

    They are judged by the rule as it is now, on what is known now.

    Args:
        definition: the trigger, as it is in force now.
        recorded: firings with the carts that they are about.
        people: what is known of their persons.
        fired: ids of firings that are in the feed.
        clock: the run's instant.

    Returns:
        Firings to publish, and firings to withdraw with the reason, each in order of time.
    """
    known = set(fired)
    due: list[Firing] = []
    withdrawn: list[tuple[Firing, Reason]] = []
    for firing, cart in sorted(recorded, key=lambda one: (one[0].due_at, one[0].firing_id)):
        ids = {
            firing_id(firing.trigger, person, firing.instance, firing.period)
            for person in (cart.person, *cart.also_of)
        }
        reason = refusal(definition, cart, people, clock)
        if reason is None and ids & known:
            reason = "already_fired"
        if reason is None:
            known |= ids
            due.append(firing)
        else:
            withdrawn.append((firing, reason))
    return due, withdrawn


def refusal(definition: Definition, cart: Cart, people: People, clock: Clock) -> Reason | None:
    """Why a cart causes no letter, None when it does. `orchestration.candidates` says it in SQL,
    all but the consent, which is that of right now.
    """
    return _bad_moment(definition, cart, clock) or _needlessness(definition, cart, people, clock)


def _bad_moment(definition: Definition, cart: Cart, clock: Clock) -> Reason | None:
    due_at = definition.due_at(cart.added_at)
    if cart.origin not in clock.origins:
        return "imported"
    if due_at > clock.now:
        return "not_due"
    if clock.mode == "wall" and clock.now - due_at > definition.stale_after:
        return "stale"
    if cart.next_added_at is not None and cart.next_added_at <= due_at:
        return "superseded"
    return None


def _needlessness(
    definition: Definition, cart: Cart, people: People, clock: Clock
) -> Reason | None:
    until = clock.counts_until(definition.due_at(cart.added_at))
    if any(
        cart.added_at <= answer.occurred_at <= until and answer.origin in clock.origins
        for answer in people.answers.get(cart.person, ())
    ):
        return "answered"
    if definition.only_what_is_left and not _contents(definition, cart, people, clock).items:
        return "emptied"
    addressees = (people.addressees.get(one) for one in (cart.person, *cart.also_of))
    if any(one.is_unsubscribed for one in addressees if one is not None):
        return "unsubscribed"
    return None


def _contents(definition: Definition, cart: Cart, people: People, clock: Clock) -> Contents:
    """What the letter is about."""
    seen = [one for one in people.cart_events.get(cart.person, ()) if one.origin in clock.origins]
    if definition.only_what_is_left:
        until = clock.counts_until(definition.due_at(cart.added_at))
        return contents_at(cart.added_at, until, seen)
    if own := next((one for one in seen if one.event_id == cart.event_id), None):
        return contents_of(own)
    items = [CartItem(sku=sku, name=name) for sku, name in zip(cart.skus, cart.names, strict=False)]
    return Contents(tuple(items))


def _firing(definition: Definition, cart: Cart, people: People, clock: Clock) -> Firing:
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
        facts=_facts(definition, cart, people, clock),
    )


def _facts(definition: Definition, cart: Cart, people: People, clock: Clock) -> CartFacts:
    contents = _contents(definition, cart, people, clock)
    return CartFacts(
        session_id=cart.session_id,
        event_id=cart.event_id,
        origin=cart.origin,
        added_at=cart.added_at,
        skus=[item.sku for item in contents.items],
        names=[item.name for item in contents.items],
        wait_hours=int(definition.wait.total_seconds()) // 3600,
        unless=sorted(definition.unless),
        customer_id=cart.customer_id or _customer_id(definition, cart, people),
        email_sha256=_email_sha256(definition, cart, people),
        items=list(contents.items),
        total_minor=contents.total_minor,
        currency=contents.currency,
    )


def _customer_id(definition: Definition, cart: Cart, people: People) -> str:
    """The customer that the person was known to be first, as its name is made."""
    return next(iter(_names(definition, cart, people, "c:")), "")


def _email_sha256(definition: Definition, cart: Cart, people: People) -> str:
    """That of the cart itself, else the one that came up last before the letter was due."""
    own = (
        one.email_sha256
        for one in people.cart_events.get(cart.person, ())
        if one.event_id == cart.event_id
    )
    named = cart.visitor_key.removeprefix("e:") if cart.visitor_key.startswith("e:") else ""
    known = _names(definition, cart, people, "e:")
    return next((one for one in (*own, named, *reversed(known)) if one), "")


def _names(definition: Definition, cart: Cart, people: People, kind: str) -> list[str]:
    """Names of a kind that the person had when the letter was due, by when they came up."""
    due_at = definition.due_at(cart.added_at)
    known = people.addressees.get(cart.person, Addressee()).identifiers
    names = sorted((at, name) for name, at in known if name.startswith(kind) and at <= due_at)
    return [name.removeprefix(kind) for _, name in names]
