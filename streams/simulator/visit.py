"""One visit to the generated shop, step by step: look around, fill a cart, perhaps check out.

Pauses are where sessions end, so some are as long as the gap exactly, or a microsecond longer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

import msgspec
from msgspec.structs import replace

from streams import events as contract
from streams.events import (
    CartData,
    Client,
    Data,
    Event,
    Page,
    Product,
    ProductData,
    ProductListData,
)
from streams.simulator.chronicle import Chronicle, Person
from streams.simulator.shop import SITE, Shop, Way

_GAP = timedelta(minutes=30)
_LONG_PAUSES = (_GAP, _GAP + timedelta(microseconds=1), timedelta(minutes=47), timedelta(hours=3))
_WISHES = ("mug", "warm socks", "gift", "hoodie xl", "recycled", "señor teapot")
_STEPS = 3
_APP = Client(
    user_agent="Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Version/4.0 Chrome/124.0.0.0 Mobile Safari/537.36"
)


@dataclass(slots=True)
class Visit:
    """A visit under way; `at` is its clock."""

    rng: Random
    shop: Shop
    chronicle: Chronicle
    person: Person
    number: int
    way: Way
    at: datetime
    cart: dict[str, Product] = field(default_factory=dict)
    is_known: bool = False
    _told: int = 0
    _shown: Page | None = None

    def walk(self) -> bool:
        """Go through the visit; whether its cart was checked out."""
        self.tell(contract.PageViewed, Data(page=self._page("/" + self.way.query, "Home")))
        for _ in range(self.rng.choice((0, 0, 1, 2, 4, 7))):
            self._look_around()
        return bool(self.cart) and self.rng.random() < 0.6 and self._check_out()

    def tell(self, kind: Callable[..., Event], data: Data) -> None:
        """Tell what happened now, and where: on the page shown last, or in the app."""
        self._told += 1
        is_web = not self.way.channel
        if not is_web:
            data = replace(data, client=_APP)
        elif data.page is None:
            data = replace(data, page=self._shown)
        else:
            self._shown = replace(data.page, referrer="")
        self.chronicle.tell(
            kind,
            data,
            self.at,
            source="/shop/web" if is_web else "/shop/app",
            visitor_id=self.person.visitor_id,
            customer_id=self.person.customer_id if self.is_known else "",
            visitid=f"{self.person.visitor_id}-{self.number}" if is_web else "",
            visitnumber=self.number if is_web else 0,
            visitsequence=self._told,
            channel=self.way.channel,
        )
        self.at += self._pause()

    def _look_around(self) -> None:
        if self.rng.random() < 0.25:
            query = self.rng.choice(_WISHES)
            self.tell(contract.SearchPerformed, contract.SearchData(query=query))
        if self.rng.random() < 0.08:
            banner = contract.InteractionData(element="promotion", name="Spring sale")
            self.tell(contract.SiteInteracted, banner)
        product = self._look_at_list()
        if self.rng.random() < 0.3:
            self._add(product)
        if self.cart and self.rng.random() < 0.06:
            _, removed = self.cart.popitem()
            self.tell(contract.CartItemRemoved, CartData(products=[removed]))

    def _look_at_list(self) -> Product:
        shown = [self.shop.pick(self.rng) for _ in range(self.rng.randrange(4, 9))]
        product = self.rng.choice(shown)
        name, page = product.category, self._page("/" + product.category.lower(), product.category)
        self.tell(contract.ProductListViewed, ProductListData(name=name, products=shown, page=page))
        self.tell(contract.ProductClicked, ProductListData(name=name, products=[product]))
        stock = msgspec.Raw(b'{"stock":%d}' % self.rng.randrange(40))
        page = self._page(f"/p/{product.sku}", product.name)
        self.tell(contract.ProductViewed, ProductData(product=product, page=page, context=stock))
        return product

    def _add(self, product: Product) -> None:
        count = self.rng.choice((1, 1, 1, 2, 3))
        line = replace(product, quantity=count, revenue_minor=product.price_minor * count)
        self.cart[product.sku] = line
        self.tell(contract.CartItemAdded, CartData(products=[line]))

    def _check_out(self) -> bool:
        lines = list(self.cart.values())
        for step in range(1, _STEPS + 1):
            self.tell(
                contract.CheckoutStepReached, contract.CheckoutData(step=step, products=lines)
            )
            if self.rng.random() < 0.1:
                return False
        return True

    def _page(self, path: str, title: str) -> Page | None:
        """The page in a browser; the app has none. Only the first one has been linked elsewhere."""
        if self.way.channel:
            return None
        return Page(url=SITE + path, title=title, referrer="" if self._told else self.way.referrer)

    def _pause(self) -> timedelta:
        if self.rng.random() < 0.012:
            return self.rng.choice(_LONG_PAUSES)
        return timedelta(milliseconds=self.rng.randrange(1_500, 160_000))
