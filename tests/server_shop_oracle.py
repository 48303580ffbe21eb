"""What a shop's marts must say, reckoned in plain Python from contract events alone.

Written from the words of the rules and not from the models, so that the two can disagree. It is as
slow as it is plain: every event is looked at again for every question. One decision a reader would
question: nothing here reads what decoding or the marts make of identifiers; which of them name
nobody stands here a second time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from streams import events as contract
from streams.events import CustomerData, Event, Product

GAP = timedelta(seconds=1800)
LOOKBACK = timedelta(days=30)
RANKS = "cpevt"
NIL_UUID = "00000000-0000-0000-0000-000000000000"
NOBODY = frozenset(
    {"", "null", "undefined", "none", "nan", "0", "[object object]", "guest", "anonymous"}
    | {NIL_UUID, sha256(b"").hexdigest()}
)


Campaign = tuple[str, str, str]
NO_CAMPAIGN: Campaign = ("", "", "")


class Part(NamedTuple):
    """A visit as the source itself counts them, within a session.

    `touches` are the instants at which a campaign (or whatever began it) brought somebody, each
    with its channel; the first is that of the visit.
    """

    visit_id: str
    event_ids: frozenset[str]
    touches: Sequence[tuple[datetime, str]]


@dataclass(frozen=True)
class Visit:
    """Activity of one visitor without a silence of more than the gap: a session."""

    person: str
    began_at: datetime
    last_at: datetime
    channel: str
    event_count: int
    event_ids: frozenset[str] = field(repr=False)
    visit_ids: frozenset[str] = field(repr=False)
    parts: Sequence[Part] = field(repr=False)

    @property
    def touches(self) -> list[tuple[datetime, str]]:
        """Of all parts, in order."""
        return sorted(touch for part in self.parts for touch in part.touches)


@dataclass(frozen=True)
class Line:
    """A line of an order: pieces, 0 when not told, and its worth in minor units."""

    quantity: Fraction
    revenue_minor: int


@dataclass(frozen=True)
class Order:
    """An order after all that became of it; amounts in minor units."""

    person: str
    ordered_at: datetime
    gross_minor: int
    cancelled_minor: int
    returned_minor: int
    channel: str
    visit: Visit | None
    lines: Mapping[str, Line]

    @property
    def net_minor(self) -> int:
        """What the shop keeps."""
        return self.gross_minor - self.cancelled_minor - self.returned_minor


@dataclass(frozen=True)
class Reckoning:
    """All visits, and all orders by their numbers."""

    visits: Sequence[Visit]
    orders: Mapping[str, Order]

    def net_of_persons(self) -> dict[str, int]:
        """What the orders of each person who has any come to, in minor units."""
        net: dict[str, int] = defaultdict(int)
        for order in self.orders.values():
            net[order.person] += order.net_minor
        return dict(net)


def reckoned(
    events: Iterable[Event], zone: ZoneInfo, channel_of: Callable[[Event], str]
) -> Reckoning:
    """What the marts must say of a shop's events.

    Args:
        events: in any order; an event that comes again under its id has the same body.
        zone: of the shop: says on which day something was.
        channel_of: the channel of an event by itself.
    """
    distinct = sorted({event.id: event for event in events}.values(), key=_place_in_time)
    persons = _persons(distinct)
    shop = _Shop(persons, _visits(distinct, persons, channel_of), zone, channel_of)
    lives: dict[str, list[Any]] = defaultdict(list)
    for event in distinct:
        if isinstance(event.data, contract.OrderData):
            lives[event.data.order_id].append(event)
    orders = {
        order_id: _order(beginnings[0], life, shop)
        for order_id, life in lives.items()
        if (beginnings := _of(life, contract.OrderPlaced) or _of(life, contract.OrderChanged))
    }
    return Reckoning(shop.visits, orders)


def is_activity(event: Event) -> bool:
    """Whether a visitor did it: the kind is something that visitors do, and it was seen there."""
    return event.is_activity and (event.data.page is not None or event.data.client is not None)


def line_revenue(product: Product) -> int:
    """What a line is worth: its word, else price x quantity less its discount."""
    if product.revenue_minor is not None:
        return product.revenue_minor
    return rounded(product.price_minor * (_pieces(product) or Fraction(1))) - product.discount_minor


def rounded(amount: Fraction) -> int:
    """To whole minor units, half of one away from zero."""
    whole = int(abs(amount) + Fraction(1, 2))
    return whole if amount >= 0 else -whole


# Persons


def names_of(event: Event) -> list[str]:
    """Whom an event names, the highest rank first; whoever names nobody is left out."""
    others = event.data.identifiers or contract.Identifiers()
    phone, email = others.phone_sha256, others.email_sha256
    if isinstance(event.data, CustomerData):
        phone, email = event.data.phone_sha256 or phone, event.data.email_sha256 or email
    values = (event.customerid, phone.lower(), email.lower(), event.visitorid, others.partner_id)
    return [
        f"{rank}:{value}"
        for rank, value in zip(RANKS, values, strict=True)
        if value.strip().lower() not in NOBODY
    ]


class _Persons:
    """Who is who: identifiers hang together that one event names."""

    def __init__(self) -> None:
        self._companies: dict[str, set[str]] = {}
        self._first_seen: dict[str, datetime] = {}

    def see(self, names: Sequence[str], at: datetime) -> None:
        together = {*names}
        for name in names:
            self._first_seen.setdefault(name, at)
            together |= self._companies.get(name, set())
        for name in together:
            self._companies[name] = together

    def of(self, event: Event) -> str:
        """The person of an event; of an order that names nobody one of its own."""
        names = names_of(event)
        if not names:
            order_id = getattr(event.data, "order_id", "")
            return f"o:{order_id}" if order_id else ""
        return min(self._companies[names[0]], key=self._standing)

    def _standing(self, name: str) -> tuple[int, datetime, str]:
        return RANKS.index(name[0]), self._first_seen[name], name


def _persons(events: Iterable[Event]) -> _Persons:
    persons = _Persons()
    for event in events:
        persons.see(names_of(event), event.time)
    return persons


# Visits


def _visits(
    events: Iterable[Event], persons: _Persons, channel_of: Callable[[Event], str]
) -> list[Visit]:
    of_visitors: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if is_activity(event) and names_of(event):  # an order of nobody is no visit
            of_visitors[_visitor(event)].append(event)
    return [
        _visit(visit, persons, channel_of)
        for activity in of_visitors.values()
        for visit in _cut(activity)
    ]


def _visitor(event: Event) -> str:
    """By whom sessions are cut: the cookie, else the customer, else what else there is."""
    names = names_of(event)
    by_rank = {name[0]: name for name in names}
    return by_rank.get("v") or by_rank.get("c") or names[0]


def _cut(activity: Sequence[Event]) -> list[list[Event]]:
    visits: list[list[Event]] = []
    for event in activity:
        if visits and event.time - visits[-1][-1].time <= GAP:
            visits[-1].append(event)
        else:
            visits.append([event])
    return visits


def _visit(events: Sequence[Event], persons: _Persons, channel_of: Callable[[Event], str]) -> Visit:
    parts = _parts(events, channel_of)
    knowing = next((event for event in events if _knows_its_channel(event)), events[0])
    return Visit(
        person=persons.of(events[0]),
        began_at=events[0].time,
        last_at=events[-1].time,
        channel=channel_of(knowing),
        event_count=len(events),
        event_ids=frozenset(event.id for event in events),
        visit_ids=frozenset(event.visitid for event in events if event.visitid),
        parts=parts,
    )


def _parts(events: Sequence[Event], channel_of: Callable[[Event], str]) -> list[Part]:
    """The source's own visits within a session; an event that tells none is of the one before."""
    of_visits: dict[str, list[Event]] = defaultdict(list)
    visit_id = ""
    for event in events:
        visit_id = event.visitid or visit_id
        of_visits[visit_id].append(event)
    return [_part(visit_id, part, channel_of) for visit_id, part in of_visits.items()]


def _part(visit_id: str, events: Sequence[Event], channel_of: Callable[[Event], str]) -> Part:
    knowing = next((event for event in events if _knows_its_channel(event)), events[0])
    touches = [(events[0].time, channel_of(knowing))]
    campaign = campaign_of(knowing)
    for event in events[events.index(knowing) :]:
        if campaign_of(event) not in (NO_CAMPAIGN, campaign):
            campaign = campaign_of(event)
            touches.append((event.time, channel_of(event)))
    return Part(visit_id, frozenset(event.id for event in events), touches)


def _knows_its_channel(event: Event) -> bool:
    return event.data.page is not None or bool(event.channel) or event.data.campaign is not None


def campaign_of(event: Event) -> Campaign:
    """Source, medium and name: as the source read them, else from the page's URL."""
    if declared := event.data.campaign:
        return declared.source, declared.medium, declared.name
    if event.data.page is None:
        return NO_CAMPAIGN
    query = parse_qs(urlsplit(event.data.page.url).query)
    source, medium, name = (
        query.get(f"utm_{tag}", [""])[0] for tag in ("source", "medium", "campaign")
    )
    return source, medium, name


class _Shop(NamedTuple):
    """What an order is held against."""

    persons: _Persons
    visits: Sequence[Visit]
    zone: ZoneInfo
    channel_of: Callable[[Event], str]

    def visit_of(self, event: Event) -> Visit | None:
        """The visit that an event is in, or joins: one of its person that is open, else one that it
        names.
        """
        if is_activity(event):
            return next((visit for visit in self.visits if event.id in visit.event_ids), None)
        person, day = self.persons.of(event), _day(event.time, self.zone)
        own = [visit for visit in self.visits if visit.person == person]
        running = [visit for visit in own if visit.began_at <= event.time <= visit.last_at + GAP]
        named = [
            visit
            for visit in own
            if event.visitid in visit.visit_ids
            and 0 <= (day - _day(visit.began_at, self.zone)).days <= 1
        ]
        return max(running or named, key=lambda visit: visit.began_at, default=None)

    def channel_in(self, visit: Visit, event: Event) -> str:
        """The channel of the source's own visit that an event of a session is of."""
        own = [part for part in visit.parts if event.id in part.event_ids]
        named = [part for part in visit.parts if event.visitid and part.visit_id == event.visitid]
        begun = [part for part in visit.parts if part.touches[0][0] <= event.time]
        return (own or named or begun[-1:] or visit.parts)[0].touches[0][1]

    def last_touch_of(self, event: Event) -> str:
        """The channel that last brought an event's person, else the event's own."""
        touches = [
            touch
            for visit in self.visits
            if visit.person == self.persons.of(event)
            for part in visit.parts
            for touch in part.touches
            if event.time - LOOKBACK <= touch[0] <= event.time
        ]
        return max(touches)[1] if touches else self.channel_of(event)


def _day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()


# Orders


def _order(first: Event, life: Sequence[Any], shop: _Shop) -> Order:
    gross, lines = _placed(_of(life, contract.OrderPlaced))
    for change in _of(life, contract.OrderChanged):
        gross, lines = _changed(gross, lines, change)
    returned = min(gross, sum(_returns(_of(life, contract.OrderReturned), gross, lines)))
    beginnings = _of(life, contract.OrderPlaced) or _of(life, contract.OrderChanged)
    known = ((copy, shop.visit_of(copy)) for copy in beginnings)
    copy, visit = next(((copy, visit) for copy, visit in known if visit), (first, None))
    return Order(
        person=shop.persons.of(first),
        ordered_at=first.time,
        gross_minor=gross,
        cancelled_minor=gross - returned if _of(life, contract.OrderCancelled) else 0,
        returned_minor=returned,
        channel=shop.channel_in(visit, copy) if visit else shop.last_touch_of(first),
        visit=visit,
        lines=lines,
    )


def _placed(copies: Sequence[Any]) -> tuple[int, dict[str, Line]]:
    """The largest revenue told, and of each SKU the line of the copy that says most of it."""
    revenues = [one.data.revenue_minor for one in copies if one.data.revenue_minor is not None]
    merged: dict[str, Line] = {}
    for copy in copies:
        for sku, line in _lines(copy.data.products).items():
            merged[sku] = max(line, merged.get(sku, line), key=_says)
    return max(revenues, default=sum(line.revenue_minor for line in merged.values())), merged


def _changed(
    gross_minor: int, lines: dict[str, Line], change: contract.OrderChanged
) -> tuple[int, dict[str, Line]]:
    """What an order is after a change, which counts in what it tells."""
    revenue, products = change.data.revenue_minor, change.data.products
    if not products:
        return (gross_minor if revenue is None else revenue), lines
    changed = _lines(products)
    of_lines = sum(line.revenue_minor for line in changed.values())
    return (of_lines if revenue is None else revenue), changed


def _lines(products: Iterable[Product]) -> dict[str, Line]:
    """The lines of one telling; those of one SKU are added up."""
    lines: dict[str, Line] = {}
    for product in products:
        before = lines.get(product.sku, Line(Fraction(0), 0))
        lines[product.sku] = Line(
            before.quantity + _pieces(product), before.revenue_minor + line_revenue(product)
        )
    return lines


def _says(line: Line) -> tuple[int, Fraction]:
    return line.revenue_minor, line.quantity


def _returns(
    returns: Sequence[contract.OrderReturned], gross_minor: int, lines: Mapping[str, Line]
) -> list[int]:
    """What each return gives back that is not another one told again."""
    distinct: list[contract.OrderReturned] = []
    for event in returns:
        if not any(_is_same_return(event, other) for other in distinct):
            distinct.append(event)
    return [_given_back(event.data, gross_minor, lines) for event in distinct]


def _is_same_return(event: contract.OrderReturned, other: contract.OrderReturned) -> bool:
    if event.data.return_id and other.data.return_id:
        return event.data.return_id == other.data.return_id
    return event.time == other.time and _goods(event) == _goods(other)


def _goods(event: contract.OrderReturned) -> tuple[object, ...]:
    amount = event.data.revenue_minor
    products = sorted((one.sku, abs(one.quantity)) for one in event.data.products)
    return products, None if amount is None else abs(amount)


def _given_back(data: contract.OrderData, gross_minor: int, lines: Mapping[str, Line]) -> int:
    if data.revenue_minor is not None:
        return abs(data.revenue_minor)
    if not data.products:
        return gross_minor
    return sum(abs(_product_given_back(product, lines)) for product in data.products)


def _product_given_back(product: Product, lines: Mapping[str, Line]) -> int:
    if product.revenue_minor is not None or product.price_minor:
        return line_revenue(product)
    line = lines.get(product.sku, Line(Fraction(1), 0))
    pieces = _pieces(product) or Fraction(1)
    return rounded(line.revenue_minor * pieces / (line.quantity or Fraction(1)))


def _of(events: Iterable[Any], kind: type[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def _order_id(event: Event) -> str:
    return str(getattr(event.data, "order_id", ""))


def _pieces(product: Product) -> Fraction:
    return Fraction(str(product.quantity))


def _place_in_time(event: Event) -> tuple[datetime, int, str]:
    return event.time, event.visitsequence, event.id
