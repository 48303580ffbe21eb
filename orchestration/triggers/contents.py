"""What is in somebody's cart at an instant: what was put in, less what was taken out and bought.

A cart is a person's, not a session's: it is filled on the phone and emptied at the desk. It reaches
back a day from the addition that a letter would be about; older things are of another cart. What
the rule cannot see for sure it takes as gone, for a letter too few annoys nobody.
`orchestration.candidates` says the same in SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from orchestration.triggers.firing import CartItem

ADDED, REMOVED = "cart.item_added", "cart.item_removed"
BOUGHT = ("order.paid", "order.placed")
KINDS = (ADDED, REMOVED, *BOUGHT)

CART_REACHES_BACK = timedelta(days=1)
# «Buy now» places the order first, or stamps it with the beginning of the checkout.
ORDER_COMES_BEFORE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Line:
    """Some pieces of a product. Quantity and price 0 mean «not told»."""

    sku: str
    name: str = ""
    quantity: Decimal = Decimal(0)
    price_minor: int = 0
    url: str = ""


@dataclass(frozen=True, slots=True)
class CartEvent:
    """Something that changed a cart: an addition, a removal, or an order. Kinds are in `KINDS`."""

    event_id: str
    kind: str
    occurred_at: datetime
    origin: str
    lines: Sequence[Line] = ()
    visit_sequence: int = 0
    currency: str = ""
    email_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a cart. `total_minor` is None when a price is not told or currencies differ."""

    items: tuple[CartItem, ...] = ()
    currency: str = ""
    total_minor: int | None = None


def contents_at(added_at: datetime, due_at: datetime, events: Iterable[CartEvent]) -> Contents:
    """What is in the cart at `due_at`; nothing when nothing put in until `added_at` is left.

    An order closes the cart: what was put in before is not in it any more, nor is what the order
    bought and the shop says to be put in up to ten minutes later. An order or a removal that tells
    no products is of all. A removal that tells no quantity takes the product out, and none takes
    out more than is in.

    Args:
        added_at: of the addition that the letter would be about.
        due_at: when the letter would be due.
        events: everything that changed the person's cart, in any order; what is earlier or later
            than matters is not looked at.

    Returns:
        Products by when they were first put in. Name, price and page are what was told last.
    """
    begin = added_at - CART_REACHES_BACK
    seen = sorted(
        (one for one in events if begin - ORDER_COMES_BEFORE <= one.occurred_at <= due_at),
        key=lambda one: (one.occurred_at, one.visit_sequence, one.event_id),
    )
    orders = [one for one in seen if one.kind in BOUGHT]
    closings = [one.occurred_at for one in seen if one.kind in BOUGHT or not one.lines]
    closed_at = max(closings, default=None)
    quantities: dict[str, Decimal] = {}
    additions: dict[str, list[tuple[CartEvent, Line]]] = {}
    own_skus = set()
    for event in seen:
        is_old = closed_at is not None and event.occurred_at <= closed_at
        if is_old or event.occurred_at < begin or event.kind in BOUGHT:
            continue
        for line in event.lines:
            if event.kind == ADDED and _is_bought(line, event.occurred_at, orders):
                continue
            before = quantities.get(line.sku, Decimal(0))
            quantities[line.sku] = _after(before, event.kind, line.quantity)
            if event.kind == ADDED:
                additions.setdefault(line.sku, []).append((event, line))
                if event.occurred_at <= added_at:
                    own_skus.add(line.sku)
    if not any(quantities[sku] > 0 for sku in own_skus):
        return Contents()
    return _contents(
        [(quantities[sku], told) for sku, told in additions.items() if quantities[sku] > 0]
    )


def contents_of(event: CartEvent) -> Contents:
    """What an addition itself put in."""
    return _contents([(line.quantity or Decimal(1), [(event, line)]) for line in event.lines])


def _is_bought(line: Line, added_at: datetime, orders: Iterable[CartEvent]) -> bool:
    """Whether an order of shortly before is of this addition; of later orders nothing is left."""
    return any(
        added_at - ORDER_COMES_BEFORE <= order.occurred_at
        and (not order.lines or any(line.sku == bought.sku for bought in order.lines))
        for order in orders
    )


def _after(before: Decimal, kind: str, quantity: Decimal) -> Decimal:
    if kind == ADDED:
        return max(Decimal(0), before + (quantity or 1))
    return max(Decimal(0), before - abs(quantity)) if quantity else Decimal(0)


def _contents(held: Iterable[tuple[Decimal, Sequence[tuple[CartEvent, Line]]]]) -> Contents:
    items, currencies, total = [], set(), 0
    is_total_known = True
    for quantity, additions in held:
        event, priced = next(
            ((event, line) for event, line in reversed(additions) if line.price_minor),
            additions[-1],
        )
        currencies.add(event.currency)
        is_total_known &= priced.price_minor > 0
        total += int((priced.price_minor * quantity).quantize(Decimal(1), ROUND_HALF_UP))
        items.append(
            CartItem(
                sku=priced.sku,
                name=_last([line.name for _, line in additions]),
                quantity=_number(quantity),
                price_minor=priced.price_minor or None,
                url=_last([line.url for _, line in additions]),
            )
        )
    is_one_currency = len(currencies) == 1
    return Contents(
        items=tuple(items),
        currency=currencies.pop() if is_one_currency else "",
        total_minor=total if is_total_known and is_one_currency else None,
    )


def _last(texts: Sequence[str]) -> str:
    return next((text for text in reversed(texts) if text), "")


def _number(quantity: Decimal) -> int | float:
    return int(quantity) if quantity == quantity.to_integral_value() else float(quantity)
