"""Batches of messages to columns of the warehouse's tables: the typed, enriched shape of an event.

One list comprehension per column straight into Arrow: the fastest way measured in Python (design
notes: 179 k events/s against 110 k by transposing rows). Everything here is a pure function of the
messages and the settings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import UnsetType

from streams import events as contract
from streams.channel import Tags, channel_of, tags_of
from streams.decode import Rejected
from streams.events import Event, OrderData, Product, kind_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_INSTANT = pa.timestamp("us", "UTC")
_BROKER_TIME = pa.timestamp("ms", "UTC")


class Record(NamedTuple):
    """One message of a partition, as the broker gave it."""

    offset: int
    key: bytes
    payload: bytes | None
    headers: Sequence[tuple[str, bytes]]
    broker_time_ms: int


class Origin(NamedTuple):
    """Where a batch comes from: all of its records share topic, partition and the writer's
    generation.
    """

    topic: str
    partition: int
    generation: int


class Enrichment(NamedTuple):
    """The settings that enrichment depends on."""

    zone: ZoneInfo
    own_hosts: frozenset[str]


def log_rows(records: Sequence[Record], origin: Origin, ingested_at: datetime) -> pa.Table:
    """Rows of `event_store.event_log`, one per record, payloads as received."""
    return pa.table(
        {
            **_coordinates(records, origin),
            "key": pa.array([one.key or b"" for one in records], pa.binary()),
            "headers": pa.array(
                [
                    [{"name": name, "value": value or b""} for name, value in one.headers]
                    for one in records
                ],
                pa.list_(pa.struct({"name": pa.string(), "value": pa.binary()})),
            ),
            "broker_time": pa.array([one.broker_time_ms for one in records], _BROKER_TIME),
            "payload": pa.array([one.payload or b"" for one in records], pa.binary()),
            "ingested_at": _constant(ingested_at, len(records), _INSTANT),
        }
    )


def dead_letter_rows(
    rejects: Sequence[tuple[Record, Rejected]], origin: Origin, ingested_at: datetime
) -> pa.Table:
    """Rows of `event_store.dead_letters`, one per rejected record, with every reason."""
    records = [record for record, _ in rejects]
    return pa.table(
        {
            **_coordinates(records, origin),
            "key": pa.array([one.key or b"" for one in records], pa.binary()),
            "payload": pa.array([one.payload or b"" for one in records], pa.binary()),
            "failure": [reject.failure for _, reject in rejects],
            "errors": pa.array(
                [list(reject.errors) for _, reject in rejects], pa.list_(pa.string())
            ),
            "contract_version": _constant(contract.CONTRACT_VERSION, len(records), pa.uint16()),
            "broker_time": pa.array([one.broker_time_ms for one in records], _BROKER_TIME),
            "ingested_at": _constant(ingested_at, len(records), _INSTANT),
        }
    )


def event_rows(
    accepted: Sequence[tuple[Record, Event]], origin: Origin, by: Enrichment
) -> pa.Table:
    """Rows of `analytics.events`, one per event, in the order given.

    Args:
        accepted: records with their events, (n,).
        origin: topic, partition and generation of the batch.
        by: the shop's time zone (its day is `occurred_on`) and own hosts (no referrers).
    """
    records = [record for record, _ in accepted]
    events = [event for _, event in accepted]
    occurred_at = pa.array([event.time for event in events], _INSTANT)
    columns = {
        **_identity_columns(events),
        "occurred_at": occurred_at,
        "occurred_on": shop_days(occurred_at, by.zone),
        **_page_columns(events, by.own_hosts),
        **_order_columns(events),
        **_product_columns([_PRODUCTS[type(event.data)](event.data) for event in events]),
        "detail": [_DETAIL[type(event.data)](event.data) for event in events],
        "context": pa.array([_context(event) for event in events], pa.binary()),
        **_coordinates(records, origin),
        "broker_time": pa.array([one.broker_time_ms for one in records], _BROKER_TIME),
    }
    return pa.table(columns)


def shop_days(occurred_at: pa.Array, zone: ZoneInfo) -> pa.Array:
    """The shop day of each instant, (n,) of date32."""
    local = pc.local_timestamp(occurred_at.cast(pa.timestamp("us", zone.key)))
    return pc.cast(pc.floor_temporal(local, unit="day"), pa.date32())


def _identity_columns(events: Sequence[Event]) -> dict[str, Any]:
    return {
        "event_id": [event.id for event in events],
        "kind": [kind_of(event) for event in events],
        "source": [event.source for event in events],
        "person": [
            "v:" + event.visitorid if event.visitorid else "c:" + event.customerid
            for event in events
        ],
        "visitor_id": [event.visitorid for event in events],
        "customer_id": [event.customerid for event in events],
        "visit_id": [event.visitid for event in events],
        "visit_number": pa.array([event.visitnumber for event in events], pa.uint32()),
        "visit_sequence": pa.array([event.visitsequence for event in events], pa.uint32()),
        "origin": [event.origin for event in events],
    }


def _page_columns(events: Sequence[Event], own_hosts: frozenset[str]) -> dict[str, Any]:
    pages = [event.data.page for event in events]
    tags = [_tags(event) for event in events]
    channels = [
        channel_of(event.channel, tag, page.referrer if page else None, own_hosts)
        for event, tag, page in zip(events, tags, pages, strict=True)
    ]
    return {
        "channel": [channel for channel, _ in channels],
        "channel_source": [source for _, source in channels],
        "page_url": [page.url if page else "" for page in pages],
        "page_title": [page.title if page else "" for page in pages],
        "referrer": [page.referrer if page else "" for page in pages],
        "campaign_source": [tag.source for tag in tags],
        "campaign_medium": [tag.medium for tag in tags],
        "campaign_name": [tag.name for tag in tags],
    }


def _tags(event: Event) -> Tags:
    campaign = event.data.campaign
    if campaign is not None:
        return Tags(campaign.source, campaign.medium, campaign.name, campaign.click_id)
    page = event.data.page
    return tags_of(page.url) if page is not None else Tags()


def _context(event: Event) -> bytes:
    context = event.data.context
    return b"{}" if isinstance(context, UnsetType) else bytes(context)


def _order_columns(events: Sequence[Event]) -> dict[str, Any]:
    orders = [event.data if isinstance(event.data, OrderData) else None for event in events]
    return {
        "order_id": [order.order_id if order else "" for order in orders],
        "is_revenue_known": [
            order is not None and order.revenue_minor is not None for order in orders
        ],
        "revenue_minor": pa.array(
            [order.revenue_minor or 0 if order else 0 for order in orders], pa.int64()
        ),
        "tax_minor": pa.array([order.tax_minor if order else 0 for order in orders], pa.int64()),
        "shipping_minor": pa.array(
            [order.shipping_minor if order else 0 for order in orders], pa.int64()
        ),
        "currency": [order.currency if order else "" for order in orders],
    }


def _product_columns(products: Sequence[Sequence[Product]]) -> dict[str, pa.Array]:
    """Seven array columns of equal shape: per event its products, in order."""
    offsets = pa.array([0, *accumulate(len(some) for some in products)], pa.int32())
    flat = [product for some in products for product in some]

    def column(values: list[Any], kind: pa.DataType) -> pa.Array:
        return pa.ListArray.from_arrays(offsets, pa.array(values, kind))

    return {
        "product_skus": column([one.sku for one in flat], pa.string()),
        "product_names": column([one.name for one in flat], pa.string()),
        "product_categories": column([one.category for one in flat], pa.string()),
        "product_variants": column([one.variant for one in flat], pa.string()),
        "product_prices_minor": column([one.price_minor for one in flat], pa.int64()),
        "product_quantities": column([one.quantity for one in flat], pa.uint32()),
        "product_revenues_minor": column([one.revenue_minor or 0 for one in flat], pa.int64()),
    }


def _coordinates(records: Sequence[Record], origin: Origin) -> dict[str, pa.Array]:
    count = len(records)
    return {
        "topic": _constant(origin.topic, count, pa.string()),
        "partition": _constant(origin.partition, count, pa.uint32()),
        "offset": pa.array([one.offset for one in records], pa.uint64()),
        "generation": _constant(origin.generation, count, pa.uint32()),
    }


def _constant(value: object, count: int, kind: pa.DataType) -> pa.Array:
    return pa.repeat(pa.scalar(value, kind), count)


def _none(_: Any) -> Any:
    return ()


def _nothing(_: Any) -> str:
    return ""


_PRODUCTS: dict[type, Callable[[Any], Sequence[Product]]] = {
    contract.Data: _none,
    contract.ProductData: lambda data: (data.product,),
    contract.ProductListData: lambda data: data.products,
    contract.SearchData: _none,
    contract.InteractionData: _none,
    contract.CartData: lambda data: data.products,
    contract.CheckoutData: lambda data: data.products,
    contract.OrderData: lambda data: data.products,
    contract.CustomerData: _none,
    contract.CallData: _none,
    contract.SubscriptionData: _none,
    contract.LetterData: _none,
}
_DETAIL: dict[type, Callable[[Any], str]] = {
    contract.Data: _nothing,
    contract.ProductData: _nothing,
    contract.ProductListData: lambda data: data.name,
    contract.SearchData: lambda data: data.query,
    contract.InteractionData: lambda data: f"{data.element}: {data.name}",
    contract.CartData: _nothing,
    contract.CheckoutData: lambda data: str(data.step),
    contract.OrderData: lambda data: data.reason,
    contract.CustomerData: _nothing,
    contract.CallData: lambda data: data.topic,
    contract.SubscriptionData: lambda data: f"{data.name}: {'on' if data.is_subscribed else 'off'}",
    contract.LetterData: lambda data: data.letter_id,
}
