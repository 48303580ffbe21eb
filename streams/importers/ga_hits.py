"""Hits of a Google Analytics export (the merchandise store's): one event per hit, none dropped.

The store's actions decide the kind, not its hit types: a purchase is an order and a product detail
is a product view, whether a page or a click reported it. A hit whose action lacks what the contract
demands (a product, an order id) is a page view or an interaction; its action stays in the context.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec
from msgspec.json import encode

from streams import events as contract
from streams.events import Event, Page, Product
from streams.importers import ga_table, ga_visits
from streams.importers.ga_table import Hit, cents
from streams.importers.ga_visits import Visit, Visits
from streams.importers.source import History, digest_of, found, row_count

VERSION = 1
SOURCE = "/ga/merch-store"
CURRENCY = "USD"

_USUAL = {"action_type": "0", "checkout_step": 1, "is_interaction": True}
_CIRCUMSTANCES = (
    *("hit_type", "action_type", "checkout_step", "is_entrance", "is_exit", "is_interaction"),
    *("event_category", "event_action", "event_label"),
)
_circumstances = attrgetter(*_CIRCUMSTANCES)

# What happened: the kind of event, the kind of its data, and what it says beyond page and campaign.
Happening = tuple[Callable[..., Event], Callable[..., contract.Data], dict[str, Any]]


def history(folder: Path) -> History:
    """The store's past, from a folder with hits.parquet and sessions.parquet.

    Raises:
        SourceError: a file or a column is missing.
    """
    hits, sessions = found(folder, "hits.parquet"), found(folder, "sessions.parquet")
    count = row_count(hits)
    return History(
        name="ga-hits",
        version=VERSION,
        digest=digest_of(hits, sessions),
        count=count,
        rows={"hits": count, "in events": count},
        events=lambda: events(folder),
    )


def events(folder: Path) -> Iterator[Event]:
    """One event per hit, in time order, ties by visitor, visit and hit number.

    Raises:
        SourceError: a file or a column is missing, or two hits claim one number of a visit.
    """
    visits = ga_visits.read(found(folder, "sessions.parquet"))
    for hit in ga_table.read(found(folder, "hits.parquet")):
        yield event_of(hit, _visit_of(hit, visits))


def event_of(hit: Hit, visit: Visit) -> Event:
    """A hit as an event, with the visit it belongs to."""
    kind, data, particulars = happening_of(hit)
    return kind(
        specversion="1.0",
        id=f"ga:{hit.visitor_id}:{hit.visit_id}:{hit.hit_number}",
        source=SOURCE,
        time=hit.ts,
        visitorid=hit.visitor_id,
        visitid=str(hit.visit_id),
        visitnumber=visit.number,
        visitsequence=hit.hit_number,
        channel=visit.channel,
        origin="import",
        data=data(
            page=_page(hit.hostname, hit.page_path, hit.page_title, hit.referer),
            campaign=visit.campaign,
            context=_context(hit, visit, _unheld(hit, particulars)),
            **particulars,
        ),
    )


def happening_of(hit: Hit) -> Happening:
    """What a hit says that happened, by the store's action."""
    reading = _BY_ACTION.get(hit.action_type, _seen)
    return reading(hit) if _is_whole(hit) else _seen(hit)


def _is_whole(hit: Hit) -> bool:
    if hit.action_type == "6":
        return bool(hit.transaction_id)
    return bool(hit.products) or hit.action_type not in ("2", "3", "4")


def _visit_of(hit: Hit, visits: Visits) -> Visit:
    parts = visits.get((hit.visitor_id, hit.visit_id))
    return ga_visits.part_at(parts, hit.ts) if parts else ga_visits.UNKNOWN


def _seen(hit: Hit) -> Happening:
    if hit.hit_type == "PAGE":
        return contract.PageViewed, contract.Data, {}
    name = hit.event_label or hit.event_action or ""
    element = {"element": _element(hit), "name": name}
    return contract.SiteInteracted, contract.InteractionData, element


def _element(hit: Hit) -> str:
    if hit.event_action == "Promotion Click":
        return "promotion"
    return "contact" if hit.event_category == "Contact Us" else "other"


def _clicked(hit: Hit) -> Happening:
    return contract.ProductClicked, contract.ProductListData, {"products": _products(hit)}


def _viewed(hit: Hit) -> Happening:
    return contract.ProductViewed, contract.ProductData, {"product": hit.products[0].product}


def _added(hit: Hit) -> Happening:
    return contract.CartItemAdded, contract.CartData, {"products": _products(hit)}


def _removed(hit: Hit) -> Happening:
    return contract.CartItemRemoved, contract.CartData, {"products": _products(hit)}


def _checked_out(hit: Hit) -> Happening:
    step = {"step": max(hit.checkout_step, 1), "products": _products(hit)}
    return contract.CheckoutStepReached, contract.CheckoutData, step


def _ordered(hit: Hit) -> Happening:
    revenue = hit.transaction_revenue_micros
    order = {
        "order_id": hit.transaction_id,
        "revenue_minor": None if revenue is None else cents(revenue),
        "tax_minor": cents(hit.tax_micros or 0),
        "shipping_minor": cents(hit.shipping_micros or 0),
        "currency": CURRENCY,
        "products": _products(hit),
    }
    return contract.OrderPlaced, contract.OrderData, order


_BY_ACTION: dict[str, Callable[[Hit], Happening]] = {
    "1": _clicked,
    "2": _viewed,
    "3": _added,
    "4": _removed,
    "5": _checked_out,
    "6": _ordered,
}


def _products(hit: Hit) -> list[Product]:
    return [line.product for line in hit.products]


def _unheld(hit: Hit, particulars: Mapping[str, object]) -> list[Product]:
    """Products of a hit for which its kind of event has no place."""
    if "products" in particulars:
        return []
    return _products(hit)["product" in particulars :]


@lru_cache(maxsize=65_536)
def _page(hostname: str, path: str, title: str | None, referrer: str | None) -> Page:
    return Page(url=f"https://{hostname}{path}", title=title or "", referrer=referrer or "")


def _context(hit: Hit, visit: Visit, unheld: list[Product]) -> msgspec.Raw:
    """Circumstances of hit and visit, products without a place, micros that are no cents."""
    micros = [line.micros for line in hit.products if line.micros]
    more = b',"products":' + encode(unheld) if unheld else b""
    more += b',"micros":' + encode(micros) if micros else b""
    return msgspec.Raw(
        b'{"hit":%b,"visit":%b%b}' % (_told(_circumstances(hit)), visit.context, more)
    )


@lru_cache(maxsize=65_536)
def _told(circumstances: tuple[str | int | bool | None, ...]) -> bytes:
    """Circumstances of a hit as one JSON object, without what goes without saying."""
    named = zip(_CIRCUMSTANCES, circumstances, strict=True)
    return encode(
        {name: word for name, word in named if word is not None and word != _USUAL.get(name)}
    )
