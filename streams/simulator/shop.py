"""The generated shop: its assortment, and the ways by which visitors come."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from streams.events import Product

SITE = "https://shop.example"
CURRENCY = "EUR"

_ASSORTMENT = {
    "Apparel": ("T-Shirt", "Hoodie", "Cap", "Socks", "Raincoat", "Scarf"),
    "Drinkware": ("Mug", "Bottle", "Tumbler", "Teapot"),
    "Office": ("Notebook", "Pen", "Backpack", "Desk Lamp", "Folder"),
    "Home": ("Blanket", "Candle", "Cushion", "Wall Clock", "Vase"),
}
_LOOKS = ("Classic", "Striped", "Recycled", "Limited")


class Way(NamedTuple):
    """How a visitor came: referrer, campaign tags in the address, or a channel that is declared."""

    referrer: str = ""
    query: str = ""
    channel: str = ""


NEWSLETTER = Way(query="?utm_source=newsletter&utm_medium=email&utm_campaign=weekly")

_WAYS = {
    Way(): 30,
    Way(referrer="https://www.google.com/"): 28,
    Way(query="?utm_source=google&utm_medium=cpc&utm_campaign=spring&gclid=Cj0KEQ"): 12,
    NEWSLETTER: 9,
    Way(referrer="https://www.instagram.com/"): 8,
    Way(query="?utm_source=dealhunter&utm_medium=affiliate"): 4,
    Way(referrer="https://blog.example/ten-gifts"): 5,
    Way(channel="App"): 4,
}


@dataclass(frozen=True, slots=True)
class Shop:
    """What the shop sells, the favourites first."""

    assortment: tuple[Product, ...]

    @classmethod
    def founded(cls, rng: Random) -> Shop:
        """A shop with a price for each of its products."""
        products = [
            Product(
                sku=f"{category[:2].upper()}{number:02}{look[:2].upper()}",
                name=f"{look} {thing}",
                category=f"Home/{category}",
                price_minor=rng.randrange(290, 8_990, 10) + 9,
            )
            for category, things in _ASSORTMENT.items()
            for number, thing in enumerate(things, start=1)
            for look in _LOOKS
        ]
        rng.shuffle(products)
        return cls(tuple(products))

    def pick(self, rng: Random) -> Product:
        """A product; favourites come up more often, so that some are bought together."""
        return self.assortment[int(len(self.assortment) * rng.random() ** 3.5)]


def way_of_coming(rng: Random) -> Way:
    """How a visitor comes, some ways more often than others."""
    return rng.choices(list(_WAYS), list(_WAYS.values()))[0]
