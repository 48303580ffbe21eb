"""The life of one order, worked out the slow and obvious way from its events alone.

Written from the issue's text and the contract, and knows no SQL. Everything is in one currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from streams.events import (
    Event,
    OrderCancelled,
    OrderChanged,
    OrderData,
    OrderPlaced,
    OrderReturned,
    Product,
)


@dataclass(frozen=True)
class Life:
    """What is left of an order; money in minor units, lines by SKU."""

    gross: int
    cancelled: int
    returned: int
    net: int
    excess: int
    is_known: bool
    lines: dict[str, tuple[Decimal, int]] = field(default_factory=dict)


def life(events: Iterable[Event]) -> Life | None:
    """The order that these events tell of, in whatever order they come; None is no order."""
    in_time = sorted(events, key=lambda one: (one.time, one.visitsequence, one.id))
    copies = [one.data for one in in_time if isinstance(one, OrderPlaced)]
    changes = [one.data for one in in_time if isinstance(one, OrderChanged)]
    if not copies and not changes:
        return None
    revenue = _revenue(copies, changes)
    gross = revenue or 0
    lines = _lines(copies, changes)
    returns = _returns([one for one in in_time if isinstance(one, OrderReturned)])
    told = sum(_worth(one, lines) for one in returns)
    is_full = any(one.revenue_minor is None and not one.products for one in returns)
    paid = max(gross, 0)
    returned = paid if is_full else min(told, paid)
    is_cancelled = any(isinstance(one, OrderCancelled) for one in in_time)
    cancelled = gross - returned if is_cancelled else 0
    net = gross - cancelled - returned
    return Life(gross, cancelled, returned, net, max(told - paid, 0), revenue is not None, lines)


def _revenue(copies: Sequence[OrderData], changes: Sequence[OrderData]) -> int | None:
    for change in reversed(changes):
        if change.revenue_minor is not None:
            return change.revenue_minor
        if any(line.price_minor or line.revenue_minor for line in change.products):
            return sum(_line_worth(line) for line in change.products)
    return max((one.revenue_minor for one in copies if one.revenue_minor is not None), default=None)


def _lines(
    copies: Sequence[OrderData], changes: Sequence[OrderData]
) -> dict[str, tuple[Decimal, int]]:
    """Quantity and revenue by SKU; of copies, those of the largest revenue, then quantity.

    A copy that presumes one piece, for it tells a price and no quantity, stands behind all others.
    """
    newest = [one for one in changes if one.products][-1:]
    best: dict[str, tuple[bool, int, Decimal]] = {}
    for one in newest or copies:
        for sku in {line.sku for line in one.products}:
            lines = [line for line in one.products if line.sku == sku]
            candidate = (
                not any(_is_presumed(line) for line in lines),
                sum(_line_worth(line) for line in lines),
                sum((Decimal(str(line.quantity)) for line in lines), Decimal(0)),
            )
            best[sku] = max(best.get(sku, candidate), candidate)
    return {sku: (quantity, revenue) for sku, (_, revenue, quantity) in best.items()}


def _is_presumed(line: Product) -> bool:
    is_bare = not line.quantity and line.price_minor != 0
    return is_bare and _line_worth(line) == line.price_minor - line.discount_minor


def _line_worth(line: Product) -> int:
    if line.revenue_minor is not None:
        return line.revenue_minor
    if not line.price_minor:
        return 0
    pieces = Decimal(str(line.quantity or 1))
    return _rounded(line.price_minor * pieces) - line.discount_minor


def _returns(returns: Sequence[Event]) -> list[OrderData]:
    """Each return once: of the same products and amount, and of the same id or instant.

    Of the tellings of one id that contradict each other in nothing, the fullest.
    """
    kept: dict[tuple[object, ...], OrderData] = {}
    at_with_id: set[tuple[object, ...]] = set()
    for one in returns:
        if one.data.return_id:
            kept.setdefault((one.data.return_id, *_content(one.data)), one.data)
            at_with_id.add((one.time, *_content(one.data)))
    with_id = list(kept.values())
    for one in with_id:
        if any(_says_more(other, one) for other in with_id):
            del kept[(one.return_id, *_content(one))]
    for one in returns:
        key = (one.time, *_content(one.data))
        if not one.data.return_id and key not in at_with_id:
            kept.setdefault(key, one.data)
    return list(kept.values())


def _says_more(other: OrderData, one: OrderData) -> bool:
    (amount, products), (other_amount, other_products) = _content(one), _content(other)
    return (
        other.return_id == one.return_id
        and (other_amount is not None, bool(other_products)) > (amount is not None, bool(products))
        and (amount is None or other_amount == amount)
        and (not products or not other_products or other_products == products)
    )


def _content(told: OrderData) -> tuple[object, ...]:
    amount = None if told.revenue_minor is None else abs(told.revenue_minor)
    products = sorted(
        (line.sku, abs(Decimal(str(line.quantity))), abs(_line_worth(line)))
        for line in told.products
    )
    return (amount, tuple(products))


def _worth(told: OrderData, lines: dict[str, tuple[Decimal, int]]) -> int:
    if told.revenue_minor is not None:
        return abs(told.revenue_minor)
    return sum(_product_worth(line, lines) for line in told.products)


def _product_worth(product: Product, lines: dict[str, tuple[Decimal, int]]) -> int:
    if worth := abs(_line_worth(product)):
        return worth
    quantity, revenue = lines.get(product.sku, (Decimal(1), 0))
    pieces = abs(Decimal(str(product.quantity or 1)))
    return _rounded(abs(revenue) * pieces / (abs(quantity) or 1))


def _rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))
