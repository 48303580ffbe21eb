"""What the marts must say, worked out the slow and obvious way from the events alone.

Everything takes contract events in the order of their arrival, and knows no partition, warehouse or
SQL. A person's events are ordered by time, then visit sequence, then event id.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import combinations, pairwise, permutations, zip_longest
from types import MappingProxyType

import msgspec

from streams.events import CartItemAdded, Event, OrderData, OrderPaid, OrderPlaced
from streams.identity import RANKS, told_identifiers

GAP = timedelta(minutes=30)
WAIT = timedelta(hours=24)


@dataclass(frozen=True)
class Session:
    """What a visitor did, no event later than the gap after the one before.

    `events` are the visitor's own, in order; `server_events` what a server told of it.
    """

    person: str
    events: tuple[Event, ...]
    server_events: tuple[Event, ...] = ()

    @property
    def began_at(self) -> datetime:
        return self.events[0].time

    @property
    def ended_at(self) -> datetime:
        return self.events[-1].time

    @property
    def visits(self) -> set[str]:
        """The visits that the source itself tells of."""
        return {event.visitid for event in self.events} - {""}


@dataclass
class Order:
    """An order, merged from all its copies."""

    person: str
    placed_at: datetime
    revenue_minor: int = 0
    is_revenue_known: bool = False
    skus: set[str] = field(default_factory=set)
    copies: int = 0


def readable(payloads: Iterable[bytes]) -> list[Event]:
    """The events among the messages, read without the stream's own decoder."""
    decoder = msgspec.json.Decoder(Event)
    events = []
    for payload in payloads:
        try:
            payload.decode()
            event = decoder.decode(payload)
        except (UnicodeDecodeError, msgspec.DecodeError):
            continue
        if event.time.year >= 1990 and (event.visitorid or event.customerid):
            events.append(event)
    return events


def distinct(events: Iterable[Event]) -> list[Event]:
    """The first copy of each event id."""
    return list({event.id: event for event in reversed(list(events))}.values())[::-1]


def person_of(
    event: Event,
    merged: Mapping[str, str] = MappingProxyType({}),
    shared: Collection[str] = (),
) -> str:
    """The person of the first name that is merged with anything; else the customer; else
    the phone or the e-mail that is not shared; else the visitor, or what else there is. An order
    of nobody is that of a person of its own.
    """
    names = {one[0]: one for one in identifiers_of(event)}
    raw = next((names[kind] for kind in "vcpet" if kind in names), "")
    if not raw:
        return f"o:{event.data.order_id}" if isinstance(event.data, OrderData) else ""
    known = [names[kind] for kind in "cpe" if kind in names]
    for name in (raw, *known):
        if name in merged:
            return merged[name]
    return next((name for name in known if name[0] == "c" or name not in shared), raw)


def merged(resolved: Mapping[str, str]) -> dict[str, str]:
    """Of the persons of identifiers, those that more than one identifier has."""
    sizes = Counter(resolved.values())
    return {one: person for one, person in resolved.items() if sizes[person] > 1}


def identifiers_of(event: Event) -> list[str]:
    """Every identifier of an event, by rank."""
    told = told_identifiers(event.data)
    values = {
        "c": event.customerid,
        "p": told.phone_sha256,
        "e": told.email_sha256,
        "v": event.visitorid,
        "t": told.partner_id,
    }
    return [f"{kind}:{values[kind]}" for kind in RANKS if values[kind]]


def persons(
    events: Iterable[Event],
    apart: Collection[tuple[str, str]] = (),
    at_most: int = 100,
    *,
    a_day: int = 10,
    zone: tzinfo = UTC,
    released: Collection[str] = (),
) -> dict[str, str]:
    """The person of every identifier that was ever seen with another one.

    Args:
        events: in any order, copies included.
        apart: pairs that are not joined; (identifier, "") is joined to nobody.
        at_most: of more identifiers that hang together each is its own person.
        a_day: who meets more others of a kind first on one day in the zone is joined to nobody.
        zone: the shop's.
        released: who is joined however many they met.
    """
    events = list(events)
    alone = quarantined(events, a_day, zone) - set(released)
    first_seen: dict[str, datetime] = {}
    leader: dict[str, str] = {}

    def led_by(one: str) -> str:
        while leader[one] != one:
            one = leader[one]
        return one

    kept = {frozenset(pair) for pair in apart}
    for event in events:
        seen = identifiers_of(event)
        for one, other in combinations(seen, 2):
            for identifier in (one, other):
                known = first_seen.get(identifier, event.time)
                first_seen[identifier] = min(known, event.time)
                leader.setdefault(identifier, identifier)
            if alone.isdisjoint({one, other}) and kept.isdisjoint(
                {frozenset({one, ""}), frozenset({other, ""}), frozenset({one, other})}
            ):
                leader[led_by(one)] = led_by(other)

    joined: dict[str, list[str]] = defaultdict(list)
    for identifier in leader:
        joined[led_by(identifier)].append(identifier)
    found = {}
    for group in joined.values():
        best = min(group, key=lambda one: (RANKS.index(one[0]), first_seen[one], one))
        found.update({one: best if len(group) <= at_most else one for one in group})
    return found


def quarantined(events: Iterable[Event], a_day: int, zone: tzinfo) -> set[str]:
    """Who met more others of a kind for the first time on one day in the zone."""
    met_at: dict[tuple[str, str], datetime] = {}
    for event in events:
        for pair in permutations(identifiers_of(event), 2):
            met_at[pair] = min(met_at.get(pair, event.time), event.time)
    counts = Counter(
        (one, other[0], at.astimezone(zone).date()) for (one, other), at in met_at.items()
    )
    return {one for (one, _, _), count in counts.items() if count > a_day}


def shared(
    events: Iterable[Event],
    apart: Collection[tuple[str, str]],
    at_most: int,
    *,
    a_day: int,
    zone: tzinfo,
    released: Collection[str] = (),
) -> set[str]:
    """Whom several persons bear: quarantined, set apart from everybody, or too large with others.

    Takes what `persons` takes.
    """
    events = list(events)
    of_any_size = persons(
        events, apart, len(events) * len(RANKS), a_day=a_day, zone=zone, released=released
    )
    sizes = Counter(of_any_size.values())
    too_large = {one for one, person in of_any_size.items() if sizes[person] > at_most}
    alone = {one for one, other in apart if not other}
    return (quarantined(events, a_day, zone) - set(released)) | alone | too_large


def in_order(events: Iterable[Event]) -> list[Event]:
    return sorted(events, key=lambda event: (event.time, event.visitsequence, event.id))


def by_person(
    events: Iterable[Event],
    resolved: Mapping[str, str] = MappingProxyType({}),
    shared: Collection[str] = (),
) -> dict[str, list[Event]]:
    """Each person's distinct events, in order."""
    lives: dict[str, list[Event]] = defaultdict(list)
    joined = merged(resolved)
    for event in in_order(distinct(events)):
        if person := person_of(event, joined, shared):
            lives[person].append(event)
    return lives


def name_of(event: Event) -> str:
    """The first name of an event itself, whoever that turns out to be; empty for nobody."""
    names = {name[0]: name for name in identifiers_of(event)}
    return next((names[kind] for kind in "vcpet" if kind in names), "")


def is_of_visit(event: Event) -> bool:
    """Whether a named visitor did it: with a page or a client, and not a server's own word."""
    has_visitor_parts = event.data.page is not None or event.data.client is not None
    return type(event).is_activity and has_visitor_parts and name_of(event) != ""


def sessions(
    events: Iterable[Event],
    zone: tzinfo = UTC,
    resolved: Mapping[str, str] = MappingProxyType({}),
    shared: Collection[str] = (),
) -> list[Session]:
    """The sessions of all visitors, with what servers told of them."""
    known = merged(resolved)
    lives: dict[tuple[str, str], list[Event]] = defaultdict(list)
    told_by_servers: list[Event] = []
    for event in in_order(distinct(events)):
        if is_of_visit(event):
            lives[name_of(event), person_of(event, known, shared)].append(event)
        else:
            told_by_servers.append(event)
    cut = [
        Session(person, tuple(session))
        for (_, person), life in lives.items()
        for session in _sessions(life, zone)
    ]
    joined: dict[int, list[Event]] = defaultdict(list)
    by_persons: dict[str, list[int]] = defaultdict(list)
    for number, session in enumerate(cut):
        by_persons[session.person].append(number)
    for event in told_by_servers:
        if name_of(event):
            numbers = by_persons[person_of(event, known, shared)]
            near = [one for one in numbers if _is_near(cut[one], event, zone)]
            chosen = max(near, key=lambda one: _preference(cut[one], event), default=None)
            if chosen is not None and any(_preference(cut[chosen], event)[:2]):
                joined[chosen].append(event)
    return [
        Session(session.person, session.events, tuple(joined[number]))
        for number, session in enumerate(cut)
    ]


def _is_near(session: Session, event: Event, zone: tzinfo) -> bool:
    """Whether it began on the day of the event, or on the day before after its first half hour."""
    began_on, told_on = _day(session.events[0], zone), _day(event, zone)
    first_gap_ends = datetime.combine(began_on, time(), zone).astimezone(UTC) + GAP
    return began_on == told_on or (
        began_on == told_on - timedelta(days=1) and session.began_at > first_gap_ends
    )


def _preference(session: Session, event: Event) -> tuple[bool, bool, datetime]:
    """Named, open, begun last: in this order."""
    is_open = session.began_at <= event.time <= session.ended_at + GAP
    return event.visitid in session.visits, is_open, session.began_at


def _sessions(life: Sequence[Event], zone: tzinfo) -> list[list[Event]]:
    endless = _days_without_beginning(life, zone)
    cut: list[list[Event]] = [[life[0]]]
    for before, event in pairwise(life):
        day, day_before = _day(event, zone), _day(before, zone)
        if event.time - before.time > GAP or (day != day_before and day_before in endless):
            cut.append([])
        cut[-1].append(event)
    return cut


def _days_without_beginning(life: Sequence[Event], zone: tzinfo) -> set[date]:
    """Days without a gap from the first half hour on: the midnight after them cuts a session."""
    days: dict[date, list[Event]] = defaultdict(list)
    for event in life:
        days[_day(event, zone)].append(event)
    return {
        day
        for day, events in days.items()
        if events[0].time - datetime.combine(day, time(), zone) <= GAP
        and all(event.time - before.time <= GAP for before, event in pairwise(events))
    }


def _day(event: Event, zone: tzinfo) -> date:
    return event.time.astimezone(zone).date()


def orders(
    events: Iterable[Event], resolved: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Order]:
    """Orders by id, merged from copies: the first tells who and when, the largest how much."""
    found: dict[str, Order] = {}
    shared = merged(resolved)
    for event in in_order(distinct(events)):
        if isinstance(event, OrderPlaced):
            told = event.data
            person = person_of(event, shared)
            order = found.setdefault(told.order_id, Order(person, event.time))
            if order.person.startswith("o:"):
                order.person = person  # the first copy that names somebody says who
            order.copies += 1
            order.skus |= {line.sku for line in told.products}
            if told.revenue_minor is not None:
                order.revenue_minor = max(order.revenue_minor, told.revenue_minor)
                order.is_revenue_known = True
    return found


def pairs(found: Mapping[str, Order], at_least: int = 5) -> dict[tuple[str, str], int]:
    """Products bought together in at least so many orders, each pair in the order of its codes."""
    together: Counter[tuple[str, str]] = Counter()
    for order in found.values():
        together.update(combinations(sorted(order.skus), 2))
    return {pair: count for pair, count in together.items() if count >= at_least}


def abandoned_carts(events: Iterable[Event], clock: datetime) -> dict[str, datetime]:
    """Per person, the instant its first letter is due, of those due by the clock.

    A session's last addition to the cart waits 24 hours for an order of the person, copies
    included. An addition is the last one when the session has no other within the wait.
    """
    events = list(events)
    ordered: dict[str, list[datetime]] = defaultdict(list)
    for event in distinct(events):
        if isinstance(event, OrderPlaced | OrderPaid):
            ordered[person_of(event)].append(event.time)
    due: dict[str, datetime] = {}
    for session in sessions(events):
        for added_at in _last_additions(session):
            is_bought = any(added_at <= at <= added_at + WAIT for at in ordered[session.person])
            if added_at + WAIT <= clock and not is_bought:
                due[session.person] = min(due.get(session.person, clock), added_at + WAIT)
    return due


def _last_additions(session: Session) -> list[datetime]:
    added = [event.time for event in session.events if isinstance(event, CartItemAdded)]
    return [at for at, after in zip_longest(added, added[1:]) if after is None or after - at > WAIT]


def shop_clock(events: Iterable[Event], partition_of: Callable[[Event], int]) -> datetime:
    """The smallest of the largest event times that the partitions have reached."""
    reached: dict[int, datetime] = {}
    for event in events:
        partition = partition_of(event)
        reached[partition] = max(reached.get(partition, event.time), event.time)
    return min(reached.values())
