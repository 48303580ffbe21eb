"""What a mapping declares beside its fields: kinds, sources of products, groups of rows."""

from __future__ import annotations

from streams.importers.mapped.model import (
    EventsMapping,
    Kind,
    Mapping,
    OrdersMapping,
    Products,
)

SKIP = "skip"
LINE = "line"
STEPS = ("placed", "changed", "paid", "shipped", "cancelled", "returned")
CUSTOMER_KINDS = ("customer.registered", "customer.updated")


def kinds_of(mapping: Mapping) -> list[str]:
    """The kinds of events that a mapping makes."""
    match mapping:
        case EventsMapping(kind=Kind() as kind):
            told = [*kind.lookup.values(), *([kind.otherwise] if kind.otherwise else [])]
            return [one for one in dict.fromkeys(told) if one not in (SKIP, LINE)]
        case EventsMapping(kind=str() as kind):
            return [kind]
        case OrdersMapping():
            return [f"order.{step}" for step in STEPS]
        case _:
            return list(CUSTOMER_KINDS)


def product_sources(products: Products | list[Products]) -> list[Products]:
    """Where products come from, the first that gives any counts."""
    return [products] if isinstance(products, Products) else products


def group_columns(mapping: EventsMapping | OrdersMapping) -> list[str]:
    """The columns of which the first that is not empty names the group of a row."""
    return [mapping.group_by] if isinstance(mapping.group_by, str) else mapping.group_by
