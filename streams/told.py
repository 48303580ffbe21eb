"""What the events of a batch say themselves, as columns; what follows from it is enrichment's part.

Here alone the objects of events are looked at, a thousand at a time: read, told and forgotten, they
hardly leave the processor's cache. Fields of the envelope, which every event has, come out of it in
one call per event; of the other objects a list comprehension per column is the fastest way measured
in Python. Columns that only some kinds of events fill are computed for these and scattered over the
rows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, NamedTuple, TypeVar, get_type_hints

import numpy as np
import pyarrow as pa
import xxhash
from msgspec import UNSET, Raw, UnsetType
from msgspec.structs import astuple

from streams import events as contract
from streams.amounts import line_revenue
from streams.decode import Decoded
from streams.event_warnings import EventWarning
from streams.events import (
    KINDS,
    Campaign,
    Client,
    CustomerData,
    Data,
    Event,
    Identifiers,
    OrderData,
    Page,
    Product,
)
from streams.identity import told_identifiers
from streams.records import Record

EVENTS_AT_ONCE = 1_000
BATCH_BYTES = 16_000_000  # of messages; what is computed on their URLs takes several times that

Item = TypeVar("Item")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT = pa.timestamp("us", "UTC")
_BROKER_TIME = pa.timestamp("ms", "UTC")
_QUANTITY = pa.decimal128(18, 6)
_WARNINGS = pa.list_(pa.struct({"code": pa.string(), "field": pa.string()}))
_LINE = ("price_minor", "quantity", "discount_minor", "revenue_minor")
_NOBODYS = Client()
_NOWHERE = Page()


class Told(NamedTuple):
    """Columns of a batch of n events, each (n,) in the order of the events.

    `columns` are named as in `analytics.events`; nothing in them is null, and `kind` is the place
    in `KINDS`. Among them is what enrichment reads and does not keep: `address`, and `language` as
    a browser sends it. `campaigns` holds those that the sources read, by row.
    """

    columns: Mapping[str, Any]
    campaigns: Mapping[int, Campaign]


def told_by(accepted: Iterable[tuple[Record, Decoded]]) -> Iterator[Told]:
    """What events say, in batches of about so many bytes of messages; one batch at least.

    Args:
        accepted: records with their events, (n,); may be read lazily, a thousand at a time.
    """
    batch: list[Told] = []
    size = 0
    for part in _in_parts(iter(accepted)):
        batch.append(_told_by(part))
        size += sum(len(record.payload or b"") for record, _ in part)
        part.clear()  # before the next ones are decoded
        if size > BATCH_BYTES:
            yield _joined(batch)
            batch, size = [], 0
    yield _joined(batch or [_told_by([])])


def _in_parts(items: Iterator[Item]) -> Iterator[list[Item]]:
    while part := list(islice(items, EVENTS_AT_ONCE)):
        yield part


def _joined(parts: Sequence[Told]) -> Told:
    if len(parts) == 1:
        return parts[0]
    campaigns: dict[int, Campaign] = {}
    begin = 0
    for columns, some in parts:
        campaigns.update((begin + row, campaign) for row, campaign in some.items())
        begin += len(columns["event_id"])
    names = parts[0].columns
    joined = {name: pa.concat_arrays([part.columns[name] for part in parts]) for name in names}
    return Told(joined, campaigns)


def _told_by(accepted: Sequence[tuple[Record, Decoded]]) -> Told:
    said = _said_by([decoded.event for _, decoded in accepted])
    data: Sequence[Data] = said["data"]
    kinds = np.array([_KIND_NUMBERS[type(decoded.event)] for _, decoded in accepted], np.int8)
    columns = {
        "kind": pa.array(kinds),
        **_message_columns([record for record, _ in accepted]),
        **_envelope_columns(said),
        **_identifier_columns(data, np.flatnonzero(_IS_OF_CUSTOMER[kinds])),
        **_page_columns([one.page or _NOWHERE for one in data]),
        **_client_columns([one.client or _NOBODYS for one in data]),
        **_order_columns(data, np.flatnonzero(_IS_OF_ORDER[kinds])),
        "currency": _texts([one.currency for one in data]),
        **_product_columns(data, np.flatnonzero(_BEARS_PRODUCTS[kinds])),
        "detail": _details(data, np.flatnonzero(_HAS_DETAIL[kinds])),
        "context": _contexts([one.context for one in data]),
        "is_activity": pa.array(_IS_ACTIVITY[kinds] & _has_visitor_parts(data)),
        "warnings": _warnings([decoded.warnings for _, decoded in accepted]),
    }
    campaigns = {row: one.campaign for row, one in enumerate(data) if one.campaign is not None}
    return Told(columns, campaigns)


def _message_columns(records: Sequence[Record]) -> dict[str, Any]:
    fingerprints = [xxhash.xxh3_64_intdigest(one.payload or b"") for one in records]
    return {
        "offset": pa.array([one.offset for one in records], pa.uint64()),
        "broker_time": pa.array([one.broker_time_ms for one in records], _BROKER_TIME),
        "body_fingerprint": pa.array(fingerprints, pa.uint64()),
    }


def _said_by(events: Sequence[Event]) -> dict[str, Sequence[Any]]:
    """The fields of the envelopes, by name, (n,) each; an event is looked at once for all."""
    fields = zip(*map(astuple, events), strict=True) if events else ((),) * len(_FIELDS)
    return dict(zip(_FIELDS, fields, strict=True))


def _envelope_columns(said: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    return {
        "event_id": _texts(said["id"]),
        "source": _texts(said["source"]),
        "occurred_at": _instants(said["time"]),
        "visitor_id": _texts(said["visitorid"]),
        "customer_id": _texts(said["customerid"]),
        "visit_id": _texts(said["visitid"]),
        "visit_number": pa.array(said["visitnumber"], pa.uint32()),
        "visit_sequence": pa.array(said["visitsequence"], pa.uint32()),
        "channel": _texts(said["channel"]),
        "origin": _texts(said["origin"]),
    }


def _identifier_columns(data: Sequence[Data], customers: Any) -> dict[str, Any]:
    identified = [row for row, one in enumerate(data) if one.identifiers is not None]
    rows = sorted({*identified, *customers})
    named = [told_identifiers(data[row]) for row in rows]
    return {
        name: _scattered(len(data), rows, [getattr(one, name) for one in named], "", pa.string())
        for name in Identifiers.__struct_fields__
    }


def _page_columns(pages: Sequence[Page]) -> dict[str, Any]:
    return {
        "page_url": _texts([page.url for page in pages]),
        "page_title": _texts([page.title for page in pages]),
        "referrer": _texts([page.referrer for page in pages]),
        "page_kind": _texts([page.kind for page in pages]),
        "site_zone": _texts([page.zone for page in pages]),
    }


def _client_columns(clients: Sequence[Client]) -> dict[str, Any]:
    return {
        "user_agent": _texts([client.user_agent for client in clients]),
        "address": _texts([client.address for client in clients]),
        "language": _texts([client.language for client in clients]),
    }


def _order_columns(data: Sequence[Data], rows: Any) -> dict[str, Any]:
    orders: list[OrderData] = [data[row] for row in rows]

    def column(values: list[Any], default: object, kind: pa.DataType) -> Any:
        return _scattered(len(data), rows, values, default, kind)

    return {
        "order_id": column([one.order_id for one in orders], "", pa.string()),
        "is_revenue_known": column(
            [one.revenue_minor is not None for one in orders], False, pa.bool_()
        ),
        "revenue_minor": column([one.revenue_minor or 0 for one in orders], 0, pa.int64()),
        "tax_minor": column([one.tax_minor for one in orders], 0, pa.int64()),
        "shipping_minor": column([one.shipping_minor for one in orders], 0, pa.int64()),
        "return_id": column([one.return_id for one in orders], "", pa.string()),
    }


def _product_columns(data: Sequence[Data], rows: Any) -> dict[str, Any]:
    """Array columns of equal shape: per event its products, in order."""
    told = [_PRODUCTS[type(data[row])](data[row]) for row in rows]
    counts = np.zeros(len(data) + 1, np.int32)
    counts[np.asarray(rows, np.int64) + 1] = [len(some) for some in told]
    offsets = pa.array(np.cumsum(counts, dtype=np.int32))
    fields: dict[str, Sequence[Any]] = dict.fromkeys(Product.__struct_fields__, ())
    if flat := [astuple(product) for some in told for product in some]:
        fields = dict(zip(fields, zip(*flat, strict=True), strict=True))

    bought = [
        isinstance(data[row], OrderData) for row, some in zip(rows, told, strict=True) for _ in some
    ]

    def column(values: Sequence[Any], kind: pa.DataType) -> Any:
        return pa.ListArray.from_arrays(offsets, pa.array(values, kind))

    return {
        "product_skus": column(fields["sku"], pa.string()),
        "product_names": column(fields["name"], pa.string()),
        "product_brands": column(fields["brand"], pa.string()),
        "product_categories": column(fields["category"], pa.string()),
        "product_variants": column(fields["variant"], pa.string()),
        "product_positions": column(fields["position"], pa.uint32()),
        "product_prices_minor": column(fields["price_minor"], pa.int64()),
        "product_urls": column(fields["url"], pa.string()),
        "product_quantities": pa.ListArray.from_arrays(offsets, _quantities(fields["quantity"])),
        "product_discounts_minor": column(fields["discount_minor"], pa.int64()),
        "product_revenues_minor": column(
            [
                line_revenue(*line) if is_of_order else line[-1] or 0
                for *line, is_of_order in zip(*(fields[one] for one in _LINE), bought, strict=True)
            ],
            pa.int64(),
        ),
    }


def _quantities(quantities: Sequence[float]) -> Any:
    """Exact decimals as somebody wrote them: up to 10^9 a float tells six decimals truly."""
    millionths = np.array([round(one * 1_000_000) for one in quantities], np.int64)
    words = np.empty((len(millionths), 2), np.int64)  # a decimal of Arrow has 128 bits
    words[:, 0], words[:, 1] = millionths, millionths >> 63
    return pa.Array.from_buffers(_QUANTITY, len(millionths), [None, pa.py_buffer(words)])


def _has_visitor_parts(data: Sequence[Data]) -> Any:
    """Which events have a page or a client, (n,) of bool: what a server tells has neither."""
    return np.array(
        [one.page is not None or one.client is not None for one in data], dtype=np.bool_
    )


def _warnings(warnings: Sequence[tuple[EventWarning, ...]]) -> Any:
    if not any(warnings):
        return pa.array([[]], _WARNINGS).take(pa.repeat(pa.scalar(0), len(warnings)))
    return pa.array(
        [[{"code": one.code, "field": one.field} for one in some] for some in warnings], _WARNINGS
    )


def _details(data: Sequence[Data], rows: Any) -> Any:
    told = [_DETAIL[type(data[row])](data[row]) for row in rows]
    return _scattered(len(data), rows, told, "", pa.string())


def _contexts(told: Sequence[Raw | UnsetType]) -> Any:
    return pa.array([b"{}" if one is UNSET else bytes(one) for one in told], pa.binary())


def _instants(times: Sequence[datetime]) -> Any:
    """Exact microseconds. Of a time with a zone Arrow makes 0.4 us of work, of a span 0.03."""
    spans = pa.array([time - _EPOCH for time in times], pa.duration("us"))
    return spans.view(pa.int64()).view(_INSTANT)


def _texts(values: Sequence[str]) -> Any:
    if not any(values):  # few events tell of everything they could
        return pa.repeat(pa.scalar("", pa.string()), len(values))
    return pa.array(values, pa.string())


def _scattered(
    count: int, rows: Any, values: Sequence[Any], default: object, kind: pa.DataType
) -> Any:
    """A column of `count` rows that holds the values in some rows and a default in all others."""
    if not len(rows):
        return pa.repeat(pa.scalar(default, kind), count)
    places = np.full(count, len(values), np.int32)
    places[rows] = np.arange(len(values), dtype=np.int32)
    return pa.array([*values, default], kind).take(pa.array(places))


def _kinds_with(data: Collection[type]) -> Any:
    """Which kinds of event bear one of these kinds of data, (kinds,) of bool."""
    return np.array([get_type_hints(kind)["data"] in data for kind in KINDS.values()])


_FIELDS = next(iter(KINDS.values())).__struct_fields__  # of every kind, in this order
_KIND_NUMBERS: dict[type, int] = {kind: number for number, kind in enumerate(KINDS.values())}
_PRODUCTS: dict[type, Callable[[Any], Sequence[Product]]] = {
    contract.ProductData: lambda data: (data.product,) if data.product.sku else (),
    contract.ProductListData: lambda data: data.products,
    contract.CartData: lambda data: data.products,
    contract.CheckoutData: lambda data: data.products,
    contract.OrderData: lambda data: data.products,
}
_DETAIL: dict[type, Callable[[Any], str]] = {
    contract.ProductListData: lambda data: data.name,
    contract.SearchData: lambda data: data.query,  # `search_words` are made of it
    contract.InteractionData: lambda data: f"{data.element}: {data.name}",
    contract.CheckoutData: lambda data: str(data.step),
    contract.OrderData: lambda data: data.reason,
    contract.CallData: lambda data: data.topic,
    contract.SubscriptionData: lambda data: f"{data.name}: {'on' if data.is_subscribed else 'off'}",
    contract.LetterData: lambda data: data.letter_id,
}
_IS_ACTIVITY = np.array([kind.is_activity for kind in KINDS.values()])
_IS_OF_ORDER = _kinds_with((contract.OrderData,))
_IS_OF_CUSTOMER = _kinds_with((CustomerData,))
_BEARS_PRODUCTS = _kinds_with(_PRODUCTS)
_HAS_DETAIL = _kinds_with(_DETAIL)
SEARCHES = _kinds_with((contract.SearchData,))  # kinds that are searches on the site
