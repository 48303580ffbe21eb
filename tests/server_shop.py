"""A shop whose orders its server tells: late, twice, without a page, of guests and of nobody.

Everything is drawn from one seed. The number of an order names its story, such as
`17.billing.change-lines`, so that an order that comes out wrong says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from random import Random
from typing import Any, get_type_hints
from zoneinfo import ZoneInfo

from msgspec import structs

from streams import events as contract
from streams.events import (
    Campaign,
    Client,
    Event,
    Identifiers,
    Page,
    Product,
)
from tests.server_shop_oracle import line_revenue

ZONE = ZoneInfo("America/Los_Angeles")
FIRST_DAY = date(2026, 2, 27)  # Los Angeles sets its clocks forward on 8 March
DAY_COUNT = 20
GAP = timedelta(minutes=30)
MICROSECOND = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

BROWSER = Client(
    user_agent="Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)
SITE = "https://shop.example"
NEWS = "?utm_source=news&utm_medium=email&utm_campaign=spring"
ADS = "?utm_source=google&utm_medium=cpc&utm_campaign=brand"
ENTRANCES = (  # URL and referrer of the first page of a visit
    (f"{SITE}/", ""),
    (f"{SITE}/{NEWS}", ""),
    (f"{SITE}/mugs{ADS}", "https://www.google.com/"),
    (f"{SITE}/mugs", "https://www.google.com/"),
    (f"{SITE}/pens", "https://www.facebook.com/"),
    (f"{SITE}/pens", "https://blog.example.org/the-best-pens"),
)
DECLARED = ("", "", "", "Newsletter", "Affiliates")
PAUSES = (20 * SECOND, 3 * MINUTE, 17 * MINUTE, GAP)
_LATER_KINDS = (
    contract.OrderPaid,
    contract.OrderShipped,
    contract.OrderCancelled,
    contract.OrderReturned,
)
HASH_OF_NOTHING = sha256(b"").hexdigest()
NOBODY = ("null", "undefined", "guest", "0", "00000000-0000-0000-0000-000000000000")
PRICES = {"mug": 1_250, "pen": 333, "hat": 4_900, "tee": 1_999, "cloth": 725}

MEMBER, GUEST, CALLER, UNLINKED, REFUSER, APP, OFFLINE, PARTNER = range(8)
COMMON = (6, 4, 1, 2, 2, 1, 1, 1)  # how common each is


@dataclass(frozen=True)
class Buyer:
    """Who buys: the names that pages know, and those that the shop's server knows."""

    sort: int
    visitors: Sequence[str]
    customer: str = ""
    identifiers: Identifiers | None = None

    def names(self, rng: Random) -> dict[str, Any]:
        """Whom the server names: the customer, else a guest's hash; now and then nobody's id."""
        names: dict[str, Any] = {"customerid": self.customer}
        if not self.customer and rng.random() < 0.3:
            names["customerid"] = rng.choice(NOBODY)
        if rng.random() < 0.2:
            names["visitorid"] = rng.choice(NOBODY)
        if self.identifiers and rng.random() < 0.3:  # as another program writes hashes
            email = self.identifiers.email_sha256.upper()
            return names | {"identifiers": structs.replace(self.identifiers, email_sha256=email)}
        return names | {"identifiers": self.identifiers}


@dataclass(frozen=True)
class Burst:
    """Pages without a pause longer than the gap: who, when the last one was, and their visit id."""

    buyer: Buyer
    visitor: str
    last_at: datetime
    visitid: str


def events(seed: int, people: int = 170) -> list[Event]:
    """What happened in the shop, each event once, in no order of use."""
    shop = _Shop(Random(seed))
    for number in range(people):
        shop.live(_buyer(shop.rng, number))
    shop.write_of_unknown_orders()
    return shop.events


def as_it_arrives(seed: int, people: int = 170) -> list[Event]:
    """The same, shuffled, every seventh event twice."""
    rng = Random(seed)
    happened = events(seed, people)
    arriving = [*happened, *rng.sample(happened, len(happened) // 7)]
    rng.shuffle(arriving)
    return arriving


def _buyer(rng: Random, number: int) -> Buyer:
    (sort,) = rng.choices(range(len(COMMON)), COMMON)
    visitor = f"v{number}"
    visitors: Sequence[str] = [visitor]
    if sort == PARTNER or (sort == MEMBER and rng.random() < 0.3):
        visitors = [visitor, f"{visitor}-phone"]
    if sort in (REFUSER, OFFLINE):
        visitors = []
    is_known = sort in (MEMBER, APP, OFFLINE)
    return Buyer(sort, visitors, f"C-{number}" if is_known else "", _identifiers(sort, number))


def _identifiers(sort: int, number: int) -> Identifiers | None:
    if sort == PARTNER:
        return Identifiers(partner_id=f"p{number}")
    if sort == CALLER:
        return Identifiers(phone_sha256=sha256(f"+49{number}".encode()).hexdigest())
    if sort in (GUEST, UNLINKED):
        return Identifiers(email_sha256=sha256(f"{number}@mail.example".encode()).hexdigest())
    return None


class _Shop:
    """Lets buyers live, and keeps the events of it."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.events: list[Event] = []
        self._order_count = 0

    def live(self, buyer: Buyer) -> None:
        if not buyer.visitors:
            return self._buy_without_visits(buyer)
        first = self.rng.randrange(2)
        days = sorted(self.rng.sample(range(first, DAY_COUNT, 2), self.rng.randrange(1, 4)))
        for day in days:
            self._come(buyer, day)
        if buyer.customer and self.rng.random() < 0.15:  # long after, on the telephone
            self._tell_late(buyer, self._some_time(days[-1]) + self.rng.choice((26, 36)) * DAY)
        return None

    def write_of_unknown_orders(self) -> None:
        """What is said of orders that nobody placed makes no order."""
        for number, kind in enumerate(_LATER_KINDS):
            self._about(kind, f"lost-{number}", self._some_time(number), {}, revenue=5_000)

    # Visits

    def _come(self, buyer: Buyer, day: int) -> None:
        """The visits of a day, on one device or on several at about one time."""
        at = self._some_time(day)
        for visitor in self.rng.sample(buyer.visitors, self.rng.randint(1, len(buyer.visitors))):
            begin = at + self.rng.randrange(3_600_000_000) * MICROSECOND
            for number in range(count := self.rng.choice((1, 1, 2))):
                burst = self._browse(buyer, visitor, begin, f"{visitor}.{day}.{number}")
                if self.rng.random() < 0.75:
                    self._buy(burst, is_last_of_day=number == count - 1)
                begin = burst.last_at + self.rng.choice((GAP + MICROSECOND, 7 * HOUR))
        if self.rng.random() < 0.4:
            self._write_of_the_buyer(buyer, at)

    def _browse(self, buyer: Buyer, visitor: str, at: datetime, visitid: str) -> Burst:
        rng = self.rng
        channel = rng.choice(DECLARED)
        who = {"visitorid": visitor, "visitid": visitid, "channel": channel}
        if buyer.sort == APP:
            who = {"customerid": buyer.customer, "visitid": visitid, "channel": channel}
        elif rng.random() < 0.1:  # not logged in
            who["customerid"] = rng.choice(NOBODY)
        identifiers = buyer.identifiers if buyer.sort == PARTNER else None
        for number in range(rng.randrange(1, 8)):
            at += rng.choice(PAUSES) if number else timedelta(0)
            kind, given = self._seen(number, is_app=buyer.sort == APP)
            self._add(kind, at, who, given | {"identifiers": identifiers})
        if buyer.sort == MEMBER:
            at += 5 * SECOND
            account = buyer.customer + rng.choice(("", "", "", "-old"))  # some have two
            given = {"page": Page(url=f"{SITE}/account", referrer=f"{SITE}/")}
            given["email_sha256"] = rng.choice(("", HASH_OF_NOTHING))  # has told no address
            self._add(contract.CustomerLoggedIn, at, who | {"customerid": account}, given)
        return Burst(buyer, visitor, at, visitid)

    def _seen(self, number: int, *, is_app: bool) -> tuple[type[Any], dict[str, Any]]:
        """A kind of event and its data: an entrance first, mostly, and pages of the shop then."""
        rng = self.rng
        sku = rng.choice(list(PRICES))
        product = Product(sku=sku, price_minor=PRICES[sku], quantity=1)
        if is_app or (number == 0 and rng.random() < 0.15):
            return contract.CartItemAdded, {"client": BROWSER, "products": [product]}
        url, referrer = f"{SITE}/{sku}", f"{SITE}/"
        if number == 0:
            url, referrer = rng.choice(ENTRANCES)
        elif rng.random() < 0.06:  # back by a letter or an advertisement
            url, referrer = f"{SITE}/{rng.choice((NEWS, ADS))}", ""
        given: dict[str, Any] = {"page": Page(url=url, referrer=referrer), "client": BROWSER}
        if number == 0 and rng.random() < 0.1:
            given["campaign"] = Campaign(source="partner-x", medium="affiliate", name="shops")
        if number and rng.random() < 0.3:
            return contract.ProductViewed, given | {"product": product}
        if number and rng.random() < 0.3:
            return contract.CartItemAdded, given | {"products": [product]}
        return contract.PageViewed, given

    def _write_of_the_buyer(self, buyer: Buyer, at: datetime) -> None:
        """Letters, calls and subscriptions: said by a server, and no visits."""
        rng = self.rng
        if not buyer.customer:
            return
        names = {"customerid": buyer.customer}
        at += rng.choice((3, 12, 30)) * HOUR + 7 * MICROSECOND
        self._add(contract.LetterSent, at, names, {"letter_id": "spring"})
        page = Page(url=f"{SITE}/{NEWS}")  # whoever clicks is seen to come by the page itself
        self._add(contract.LetterClicked, at + HOUR, names, {"letter_id": "spring", "page": page})
        self._add(contract.CallReceived, at + 2 * HOUR, names, {"topic": "sizes"})
        subscription = {"name": "news", "is_subscribed": rng.random() < 0.5}
        self._add(contract.SubscriptionChanged, at + 3 * HOUR, names, subscription)

    # Orders

    def _buy(self, burst: Burst, *, is_last_of_day: bool) -> None:
        """An order at the end of some pages, told in one of the ways of servers."""
        rng, buyer = self.rng, burst.buyer
        if buyer.sort in (GUEST, CALLER) and rng.random() < 0.8:
            burst = self._check_out(burst)
        ways = ["page", "soon", "both", "page-after-server"]
        if is_last_of_day:
            ways += ["late", "late", "both-late"]
            ways += ["named", "named-too-late"] if len(buyer.visitors) == 1 else []
        if buyer.sort == APP:
            ways = ["soon", "late"]
        way = rng.choice(ways)
        at = burst.last_at + 10 * SECOND
        soon = burst.last_at + rng.choice((MINUTE, GAP, GAP + MICROSECOND))
        late = at + rng.randrange(2 * 3_600, 5 * 3_600) * SECOND
        named = {"visitid": burst.visitid}
        copies = {
            "page": [_Copy(at, burst)],
            "soon": [_Copy(soon)],
            "late": [_Copy(late)],
            "both": [_Copy(at, burst), _Copy(at + 4 * SECOND)],
            "both-late": [_Copy(at, burst), _Copy(late)],
            "page-after-server": [_Copy(at), _Copy(at + 4 * SECOND, burst)],
            "named": [_Copy(late, attributes=named)],
            "named-too-late": [_Copy(late + 2 * DAY, attributes=named)],
        }[way]
        self._begin_order(buyer, way, copies)

    def _check_out(self, burst: Burst) -> Burst:
        """A guest types an address: from here on the cookie has a name."""
        at = burst.last_at + 3 * SECOND
        names = {"visitorid": burst.visitor, "visitid": burst.visitid}
        page = Page(url=f"{SITE}/checkout", referrer=f"{SITE}/cart")
        given = {"step": 1, "page": page, "identifiers": burst.buyer.identifiers}
        self._add(contract.CheckoutStepReached, at, names, given)
        return replace(burst, last_at=at)

    def _buy_without_visits(self, buyer: Buyer) -> None:
        for _ in range(self.rng.randrange(1, 4)):
            at = self._some_time(self.rng.randrange(DAY_COUNT))
            if buyer.sort == OFFLINE:
                self._tell_late(buyer, at)
            elif self.rng.random() < 0.5:
                self._begin_order(buyer, "nobodys", [_Copy(at)])
            else:
                page = Burst(buyer, self.rng.choice(("", *NOBODY)), at, "")
                self._begin_order(buyer, "nobodys-page", [_Copy(at, page)])

    def _tell_late(self, buyer: Buyer, at: datetime) -> None:
        """An order without a visit, as the telephone brings it."""
        if self.rng.random() < 0.2:
            return self._begin_order(buyer, "changes-only", [_Copy(at, kind=contract.OrderChanged)])
        declared = {"channel": self.rng.choice(("", "Call centre"))}
        return self._begin_order(buyer, "outside", [_Copy(at, attributes=declared)])

    def _begin_order(self, buyer: Buyer, way: str, copies: Sequence[_Copy]) -> None:
        """Tell the copies of an order, of which one says all, then what becomes of it."""
        rng = self.rng
        after = rng.choice(list(_AFTERWARDS)) if rng.random() < 0.7 else "keep"
        self._order_count += 1
        order_id = f"{self._order_count}.{way}.{after}"
        order = _Order(self, buyer, order_id, copies[0].at, _basket(rng))
        full = rng.choice(copies)
        for copy in copies:
            revenue: int | None = order.revenue
            lines = order.lines
            if copy is not full:
                revenue = rng.choice((revenue, None, order.revenue - 100))
                lines = rng.choice((lines, lines[:1], []))
            self._about(
                copy.kind,
                order_id,
                copy.at,
                copy.attributes | (_names_on(copy.page) if copy.page else buyer.names(rng)),
                revenue=revenue,
                products=lines,
                page=Page(url=f"{SITE}/thanks", referrer=f"{SITE}/pay") if copy.page else None,
            )
        _AFTERWARDS.get(after, _keep)(order)

    def _about(
        self,
        kind: type[Any],
        order_id: str,
        at: datetime,
        names: dict[str, Any],
        *,
        revenue: int | None = None,
        products: Sequence[Product] = (),
        **given: Any,
    ) -> None:
        attributes = dict(names)
        given |= {"order_id": order_id, "revenue_minor": revenue, "products": list(products)}
        given["identifiers"] = attributes.pop("identifiers", None)
        self._add(kind, at, attributes, given)

    def _add(
        self, kind: type[Any], at: datetime, attributes: dict[str, Any], given: dict[str, Any]
    ) -> None:
        is_seen = given.get("page") or given.get("client")
        event = kind(
            specversion="1.0",
            id=f"{kind.__name__}-{len(self.events)}",
            source="/pages" if is_seen else "/billing",
            time=at,
            data=get_type_hints(kind)["data"](**given),
            **attributes,
        )
        self.events.append(event)

    def _some_time(self, day: int) -> datetime:
        """Any time of a day of the shop, often near midnight."""
        midnight = datetime.combine(FIRST_DAY + timedelta(days=day), time(), ZONE).astimezone(UTC)
        seconds = self.rng.choice(
            (self.rng.randrange(86_000), 85_800, self.rng.randrange(80_000, 86_000))
        )
        return midnight + timedelta(seconds=seconds, microseconds=self.rng.randrange(1_000_000))


@dataclass(frozen=True)
class _Copy:
    """Of an order: when and by whom it is told, by the server unless there is a page."""

    at: datetime
    page: Burst | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    kind: type[Any] = contract.OrderPlaced


def _names_on(page: Burst) -> dict[str, Any]:
    return {"visitorid": page.visitor, "visitid": page.visitid}


def _basket(rng: Random) -> list[Product]:
    """One line of whole pieces, and perhaps others: fractions, discounts, something given back."""
    first, *others = rng.sample(list(PRICES), rng.randrange(1, 4))
    lines = [Product(sku=first, price_minor=PRICES[first], quantity=rng.randrange(1, 4))]
    for sku in others:
        price = PRICES[sku]
        line = rng.choice(
            (
                Product(sku=sku, price_minor=price, quantity=2, revenue_minor=price * 2 - 50),
                Product(sku=sku, price_minor=price, quantity=rng.choice((0.5, 1.5, 0.125))),
                Product(sku=sku, price_minor=price, quantity=2, discount_minor=price // 3),
                Product(sku=sku, price_minor=price),
            )
        )
        lines.append(line)
    if rng.random() < 0.1:
        lines.append(Product(sku="voucher", price_minor=101, quantity=rng.choice((-1, -0.5))))
    return lines


@dataclass
class _Order:
    """An order that was told, and the shop to tell more of it in."""

    shop: _Shop
    buyer: Buyer
    order_id: str
    placed_at: datetime
    lines: Sequence[Product]

    @property
    def revenue(self) -> int:
        """Its lines and what the parcel costs."""
        return sum(map(line_revenue, self.lines)) + 490

    def tell(
        self,
        kind: type[Any],
        after: timedelta,
        revenue: int | None = None,
        products: Sequence[Product] = (),
        **given: Any,
    ) -> None:
        """The server says something of it, so long after it was placed."""
        names = self.buyer.names(self.shop.rng)
        at = self.placed_at + after
        given |= {"revenue": revenue, "products": products}
        self.shop._about(kind, self.order_id, at, names, **given)

    def give_back(
        self, after: timedelta, revenue: int | None = None, *products: Product, **given: Any
    ) -> None:
        self.tell(contract.OrderReturned, after, revenue, products, **given)

    def change(self, after: timedelta, revenue: int | None = None, *products: Product) -> None:
        self.tell(contract.OrderChanged, after, revenue, products)
        self.lines = products or self.lines

    def cancel(self, after: timedelta) -> None:
        self.tell(contract.OrderCancelled, after)

    def piece(self, quantity: float = 1, **priced: Any) -> Product:
        """So much of the first line, without its price unless that is given."""
        return Product(sku=self.lines[0].sku, quantity=quantity, **priced)

    @property
    def price(self) -> int:
        return self.lines[0].price_minor


def _keep(order: _Order) -> None:
    """It is paid and sent, hours and a day later, which is no visit, be it on a bank's page."""
    page = order.shop.rng.choice((None, Page(url=f"{SITE}/paid", referrer="https://bank.example/")))
    order.tell(contract.OrderPaid, 2 * HOUR, order.revenue, page=page)
    order.tell(contract.OrderShipped, DAY)


def _return_all(order: _Order) -> None:
    order.give_back(2 * DAY)


def _return_all_twice(order: _Order) -> None:
    order.give_back(2 * DAY)
    order.give_back(3 * DAY)


def _return_amount(order: _Order) -> None:
    order.give_back(2 * DAY, 300, order.piece())  # the amount counts, not the line


def _return_negative(order: _Order) -> None:
    order.give_back(2 * DAY, -300)


def _return_priced(order: _Order) -> None:
    order.give_back(2 * DAY, None, order.piece(price_minor=order.price, discount_minor=10))


def _return_pieces_given_back(order: _Order) -> None:
    order.give_back(2 * DAY, None, order.piece(-1, price_minor=order.price))


def _return_unpriced(order: _Order) -> None:
    order.give_back(2 * DAY, None, order.piece())


def _return_line_unpriced(order: _Order) -> None:
    order.give_back(2 * DAY, None, order.piece(order.lines[0].quantity))


def _return_doubled(order: _Order) -> None:
    order.give_back(2 * DAY, 300, order.piece())
    order.give_back(2 * DAY, 300, order.piece())


def _return_unpriced_doubled(order: _Order) -> None:
    order.give_back(2 * DAY, None, order.piece())
    order.give_back(2 * DAY, None, order.piece())


def _return_by_id_doubled(order: _Order) -> None:
    order.give_back(2 * DAY, 300, return_id=f"r-{order.order_id}")
    order.give_back(2 * DAY + HOUR, 300, return_id=f"r-{order.order_id}")


def _return_in_parts(order: _Order) -> None:
    order.give_back(2 * DAY, 200)
    order.give_back(3 * DAY, 200)
    order.give_back(3 * DAY, 250)


def _return_excessive(order: _Order) -> None:
    order.give_back(2 * DAY, order.revenue - 100)
    order.give_back(4 * DAY, -5_000)


def _change_amount(order: _Order) -> None:
    order.change(5 * HOUR, order.revenue - 200)


def _change_lines(order: _Order) -> None:
    order.change(5 * HOUR, None, order.piece(2, price_minor=order.price))


def _change_upwards(order: _Order) -> None:
    order.change(5 * HOUR, order.revenue + 9_900, *order.lines, Product(sku="gift", quantity=1))


def _change_twice(order: _Order) -> None:
    order.change(9 * HOUR, None, order.piece(1, price_minor=order.price))
    order.change(5 * HOUR, 12_345, order.piece(2, price_minor=order.price))  # the older one
    order.change(10 * HOUR)  # says nothing


def _change_amount_after_lines(order: _Order) -> None:
    order.change(5 * HOUR, None, order.piece(3, price_minor=order.price))
    order.change(6 * HOUR, 777)


def _change_and_tell_again(order: _Order) -> None:
    lines, revenue = order.lines, order.revenue
    order.change(5 * HOUR, 555, order.piece(1, price_minor=order.price))
    order.tell(contract.OrderPlaced, 30 * HOUR, revenue, lines)


def _change_and_return_unpriced(order: _Order) -> None:
    order.change(5 * HOUR, None, order.piece(3, revenue_minor=1_000))  # 333.33 each
    order.give_back(2 * DAY, None, order.piece(2))


def _change_and_return_all(order: _Order) -> None:
    order.change(5 * HOUR, 4_321)
    order.give_back(2 * DAY)


def _cancel(order: _Order) -> None:
    order.cancel(3 * HOUR)


def _cancel_twice(order: _Order) -> None:
    order.cancel(3 * HOUR)
    order.cancel(4 * HOUR)


def _cancel_after_return(order: _Order) -> None:
    order.give_back(2 * HOUR, 300)
    order.cancel(3 * HOUR)


def _cancel_after_change(order: _Order) -> None:
    order.change(HOUR, 2_222)
    order.cancel(3 * HOUR)


_AFTERWARDS: dict[str, Callable[[_Order], None]] = {
    what.__name__.removeprefix("_").replace("_", "-"): what
    for what in (
        _return_all,
        _return_all_twice,
        _return_amount,
        _return_negative,
        _return_priced,
        _return_pieces_given_back,
        _return_unpriced,
        _return_line_unpriced,
        _return_doubled,
        _return_unpriced_doubled,
        _return_by_id_doubled,
        _return_in_parts,
        _return_excessive,
        _change_amount,
        _change_lines,
        _change_upwards,
        _change_twice,
        _change_amount_after_lines,
        _change_and_tell_again,
        _change_and_return_unpriced,
        _change_and_return_all,
        _cancel,
        _cancel_twice,
        _cancel_after_return,
        _cancel_after_change,
    )
}
