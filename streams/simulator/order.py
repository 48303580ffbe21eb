"""An order of the generated shop, told as badly as real shops do, and what follows it.

The confirmation page tells it again at every reload: later copies know neither revenue nor
quantities, some orders never tell their revenue, and a few copies hours later hold more products.
"""

from __future__ import annotations

from datetime import timedelta
from random import Random

from msgspec.structs import replace

from streams import events as contract
from streams.events import OrderData, Product
from streams.simulator.chronicle import Chronicle, Person, Purchase
from streams.simulator.shop import CURRENCY
from streams.simulator.visit import Visit


def place(visit: Visit) -> OrderData:
    """Order what is in the cart of a visit, and tell it once or several times.

    Returns:
        The order in full, as the shop's back office knows it.
    """
    rng, chronicle = visit.rng, visit.chronicle
    order = _order(rng, f"S{len(chronicle.purchases) + 1:05}", list(visit.cart.values()))
    told = [copy for copy in _copies(rng, order) if _is_told(visit, copy)]
    if rng.random() < 0.03:
        visit.at += timedelta(hours=4)
        extra = replace(order, products=[*order.products, visit.shop.pick(rng)], revenue_minor=None)
        told += [extra] if _is_told(visit, extra) else []
    if told:
        is_revenue_told = any(copy.revenue_minor is not None for copy in told)
        skus = frozenset(line.sku for copy in told for line in copy.products)
        revenue = order.revenue_minor if is_revenue_told else None
        chronicle.purchases.append(Purchase(order.order_id, revenue, skus))
    return order


def follow_up(visit: Visit, order: OrderData) -> None:
    """What the back office tells of an order: paid or cancelled, perhaps goods that came back."""
    rng, chronicle = visit.rng, visit.chronicle
    at = visit.at + timedelta(seconds=rng.randrange(20, 1_800))
    who = {"visitor_id": visit.person.visitor_id, "customer_id": visit.person.customer_id}
    if rng.random() < 0.05:
        cancelled = replace(order, reason="not paid")
        at += timedelta(days=2)
        chronicle.tell(contract.OrderCancelled, cancelled, at, source="/shop/billing", **who)
        return
    chronicle.tell(contract.OrderPaid, order, at, source="/shop/billing", **who)
    if rng.random() < 0.1:
        _bring_back(rng, chronicle, visit, order)


def _order(rng: Random, order_id: str, lines: list[Product]) -> OrderData:
    """The order; its revenue is not the sum of its lines, for shipping and coupons."""
    total = sum(line.revenue_minor or 0 for line in lines)
    discounted = total * 9 // 10 if rng.random() < 0.2 else total
    shipping = 0 if total > 5_000 else 490
    return OrderData(
        order_id=order_id,
        revenue_minor=discounted + shipping,
        tax_minor=discounted * 19 // 119,
        shipping_minor=shipping,
        currency=CURRENCY,
        products=lines,
    )


def _copies(rng: Random, order: OrderData) -> list[OrderData]:
    """The order as the confirmation page tells it, one or more times."""
    bare = [replace(line, quantity=0, revenue_minor=None) for line in order.products]
    reloaded = replace(order, products=bare, revenue_minor=None, tax_minor=0, shipping_minor=0)
    if rng.random() < 0.03:
        return [reloaded, reloaded]
    return [order] + [reloaded] * rng.choice((0, 0, 1, 1, 1, 2, 5))


def _is_told(visit: Visit, copy: OrderData) -> bool:
    is_in_time = visit.at < visit.chronicle.ends_at
    visit.tell(contract.OrderPlaced, copy)
    return is_in_time


def _bring_back(rng: Random, chronicle: Chronicle, visit: Visit, order: OrderData) -> None:
    """One line comes back days later, told by the warehouse, which knows customers only."""
    line = rng.choice(order.products)
    returned = OrderData(
        order_id=order.order_id,
        revenue_minor=line.revenue_minor,
        currency=CURRENCY,
        products=[line],
        reason=rng.choice(("too small", "changed my mind", "broken")),
    )
    at = visit.at + timedelta(days=rng.randrange(3, 12), seconds=rng.randrange(3_600))
    chronicle.tell(
        contract.OrderReturned, returned, at, source="/shop/warehouse", **_known(visit.person)
    )


def _known(person: Person) -> dict[str, str]:
    if person.customer_id:
        return {"customer_id": person.customer_id}
    return {"visitor_id": person.visitor_id}
