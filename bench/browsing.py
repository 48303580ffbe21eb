"""Events as shops send them: 2,000 user agents, many networks, URLs mostly unique."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from msgspec import Raw

from streams.events import (
    CartData,
    CartItemAdded,
    Client,
    Data,
    Event,
    Page,
    PageViewed,
    Product,
    ProductData,
    ProductViewed,
    SearchData,
    SearchPerformed,
)

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
SHOP = "https://www.shop.example"

_SYSTEMS = (
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "X11; Linux x86_64",
    "Linux; Android {major}; SM-G99{model}B",
    "Linux; Android {major}; Pixel {model}",
    "iPhone; CPU iPhone OS {major}_{model} like Mac OS X",
)
_SECTIONS = ("kitchen", "garden", "office", "apparel", "toys", "books")
_REFERRERS = (
    "https://www.google.com/",
    "https://www.bing.com/search?q=blue+mug",
    "https://l.facebook.com/",
    "https://blog.example.org/best-mugs",
    "android-app://com.google.android.gm/",
)
_LANGUAGES = ("de-DE,de;q=0.9,en;q=0.8", "en-US,en;q=0.9", "fr-FR", "ru-RU,ru;q=0.9")


def user_agents(count: int = 2_000) -> list[str]:
    """Distinct user agents of browsers on several systems."""
    found: dict[str, None] = {}
    rng = Random(7)
    while len(found) < count:
        system = rng.choice(_SYSTEMS).format(major=rng.randrange(9, 19), model=rng.randrange(1, 10))
        chrome = f"{rng.randrange(100, 146)}.0.{rng.randrange(4000, 8000)}.{rng.randrange(200)}"
        found[
            f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) "
            f"Chrome/{chrome} Mobile Safari/537.36"
        ] = None
    return list(found)


def browsing(count: int, seed: int = 1) -> Iterator[Event]:
    """Events of visitors who look at pages and products, search, and fill carts, in time order."""
    rng = Random(seed)
    agents = user_agents()
    for number in range(count):
        yield _event(rng, number, agents)


def _event(rng: Random, number: int, agents: list[str]) -> Event:
    visitor = rng.randrange(max(number // 5, 1) + 1)
    client = Client(
        user_agent=agents[visitor * 7919 % len(agents)],
        address=f"{visitor % 190 + 11}.{visitor * 31 % 255}.{visitor * 17 % 255}.{visitor % 251}",
        language=_LANGUAGES[visitor % len(_LANGUAGES)],
    )
    attributes = {
        "specversion": "1.0",
        "id": f"{rng.getrandbits(128):032x}",
        "source": "/shop.example",
        "time": BEGIN + timedelta(seconds=number),
        "visitorid": f"{visitor:016x}",
        "customerid": f"{visitor}" if visitor % 10 == 0 else "",
    }
    page = Page(
        url=_url(rng, number), title=f"Page {number % 500}", referrer=_referrer(rng, number)
    )
    product = Product(
        sku=f"s{number % 3000}",
        name=f"Product {number % 3000}",
        brand=f"Brand {number % 40}",
        category=f"Home / {rng.choice(_SECTIONS)} / {number % 9}",
        price_minor=1290,
        quantity=1,
    )
    told = {"page": page, "client": client, "context": Raw(b'{"stock":5,"status":"available"}')}
    kind = rng.random()
    if kind < 0.55:
        return PageViewed(**attributes, data=Data(**told))
    if kind < 0.88:
        return ProductViewed(**attributes, data=ProductData(**told, product=product))
    if kind < 0.94:
        return SearchPerformed(**attributes, data=SearchData(**told, query=f"Mug {number % 700}"))
    return CartItemAdded(**attributes, data=CartData(**told, products=[product]))


def _url(rng: Random, number: int) -> str:
    path = f"{SHOP}/{rng.choice(_SECTIONS)}/item-{number}"
    draw = rng.random()
    if draw < 0.6:
        return path
    if draw < 0.8:
        return f"{path}?color={number % 9}&page={number % 30}"
    if draw < 0.95:
        return f"{path}?utm_source=news&utm_medium=email&utm_campaign=week{number % 52}&size=m"
    return f"{path}?gclid={rng.getrandbits(128):032x}"


def _referrer(rng: Random, number: int) -> str:
    draw = rng.random()
    if draw < 0.7:
        return f"{SHOP}/{rng.choice(_SECTIONS)}/item-{number - 1}"
    return rng.choice(_REFERRERS) if draw < 0.9 else ""
