"""The Online Retail year as the life cycle of its customers: registered, ordered, brought back.

The files know invoices only, so a registration is set one second before a customer's first invoice.
A cancellation names no order: it is told of the customer's latest earlier order that holds all it
takes back (the whole of it: cancelled, a part: returned), else of its own number. Of visits and
payments the files tell nothing, and neither does this.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from streams import events as contract
from streams.events import CustomerData, CustomerRegistered, Event, OrderData
from streams.importers import retail_table
from streams.importers.retail_table import Invoice
from streams.importers.source import History, digest_of

VERSION = 1
SOURCE = "/online-retail"
CURRENCY = "GBP"

# The orders of a customer, newest last: number and units by stock code.
Orders = list[tuple[str, Counter[str]]]


def history(file: Path) -> History:
    """The shop's past, from online_retail.parquet or online_retail.csv.gz.

    Raises:
        SourceError: the file is missing or lacks a column.
    """
    table = retail_table.read(file)
    return History(
        name="online-retail",
        version=VERSION,
        digest=digest_of(file),
        count=_count(table),
        rows=retail_table.accounts(table),
        events=lambda: life_cycle(retail_table.invoices(table)),
    )


def events(file: Path) -> Iterator[Event]:
    """One event per invoice, and one per customer, in time order.

    Raises:
        SourceError: the file is missing or lacks a column.
    """
    return history(file).events()


def life_cycle(invoices: Iterable[Invoice]) -> Iterator[Event]:
    """The events behind invoices, which come in time order."""
    orders: dict[str, Orders] = defaultdict(list)
    for _, together in groupby(invoices, key=lambda invoice: invoice.at):
        instant = list(together)
        for invoice in instant:
            if invoice.customer_id and invoice.customer_id not in orders:
                orders[invoice.customer_id] = []
                yield _registered(invoice)
        for invoice in instant:
            earlier = orders[invoice.customer_id] if invoice.customer_id else []
            yield _happened(invoice, earlier)


def _count(table: pa.Table) -> int:
    kept = table.filter(pc.equal(table["left_out"], ""))
    return sum(pc.count_distinct(kept[name]).as_py() for name in ("invoice_no", "customer_id"))


def _happened(invoice: Invoice, earlier: Orders) -> Event:
    """An invoice as an event; an order is added to the customer's earlier ones."""
    units: Counter[str] = Counter()
    for line in invoice.lines:
        units[line.sku] += int(line.quantity)
    if not invoice.number.startswith("C"):
        earlier.append((invoice.number, units))
        return contract.OrderPlaced(**_attributes(invoice), data=_order(invoice, invoice.number))
    for number, ordered in reversed(earlier):
        if units == ordered:
            return contract.OrderCancelled(**_attributes(invoice), data=_order(invoice, number))
        if units <= ordered:
            return contract.OrderReturned(**_attributes(invoice), data=_order(invoice, number))
    return contract.OrderReturned(**_attributes(invoice), data=_order(invoice, invoice.number))


def _attributes(invoice: Invoice) -> dict[str, Any]:
    """The envelope of an invoice; without a customer the invoice is a visitor of its own."""
    return {
        "specversion": "1.0",
        "id": f"online-retail:{invoice.number}",
        "source": SOURCE,
        "time": invoice.at,
        "visitorid": "" if invoice.customer_id else f"invoice:{invoice.number}",
        "customerid": invoice.customer_id,
        "origin": "import",
    }


def _order(invoice: Invoice, order_id: str) -> OrderData:
    return OrderData(
        order_id=order_id,
        revenue_minor=sum(line.revenue_minor or 0 for line in invoice.lines),
        currency=CURRENCY,
        products=invoice.lines,
        context=_context(invoice),
    )


def _registered(invoice: Invoice) -> CustomerRegistered:
    attributes = _attributes(invoice) | {
        "id": f"online-retail:customer:{invoice.customer_id}",
        "time": invoice.at - timedelta(seconds=1),
    }
    return CustomerRegistered(**attributes, data=CustomerData(context=_context(invoice)))


def _context(invoice: Invoice) -> msgspec.Raw:
    told = {"invoice": invoice.number, "country": invoice.country}
    return msgspec.Raw(msgspec.json.encode(told))
