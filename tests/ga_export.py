"""A Google Analytics export in small: valid rows, and the folder an importer reads them from."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Row = dict[str, Any]

_PRODUCT = pa.struct(
    [
        *((name, pa.string()) for name in ("sku", "name", "category", "variant")),
        *((name, pa.int64()) for name in ("price_micros", "qty", "revenue_micros")),
    ]
)
_HIT = {
    "visitor_id": pa.string(),
    "visit_id": pa.int64(),
    "hit_number": pa.int64(),
    "ts": pa.timestamp("us"),
    "hit_type": pa.string(),
    "action_type": pa.string(),
    "checkout_step": pa.int64(),
    "hostname": pa.string(),
    "page_path": pa.string(),
    "page_title": pa.string(),
    "referer": pa.string(),
    "is_entrance": pa.bool_(),
    "is_exit": pa.bool_(),
    "is_interaction": pa.bool_(),
    "event_category": pa.string(),
    "event_action": pa.string(),
    "event_label": pa.string(),
    "transaction_id": pa.string(),
    "transaction_revenue_micros": pa.int64(),
    "tax_micros": pa.int64(),
    "shipping_micros": pa.int64(),
    "products": pa.list_(_PRODUCT),
}
_SESSION = {
    "visitor_id": pa.string(),
    "visit_id": pa.int64(),
    "visit_number": pa.int64(),
    "visit_start": pa.int64(),
    **{
        name: pa.string()
        for name in ("channel_grouping", "src", "medium", "campaign", "keyword", "ad_content")
    },
    **{name: pa.string() for name in ("referral_path", "gclid", "browser", "os")},
    **{name: pa.string() for name in ("device_category", "continent", "country", "region")},
    **{name: pa.string() for name in ("city", "network_domain")},
    "is_true_direct": pa.bool_(),
    "is_mobile": pa.bool_(),
}


def hit(**changes: Any) -> Row:
    """A page view of visitor 007; name what it is about."""
    return {
        "visitor_id": "007",
        "visit_id": 1_470_034_812,
        "hit_number": 1,
        "ts": datetime(2016, 8, 1, 7, 0, 12),
        "hit_type": "PAGE",
        "action_type": "0",
        "checkout_step": 1,
        "hostname": "shop.example",
        "page_path": "/home",
        "is_interaction": True,
        "products": [],
    } | changes


def product(**changes: Any) -> Row:
    """A mug for 8.99."""
    return {
        "sku": "MUG",
        "name": "Mug",
        "category": "Home/Drinkware/",
        "variant": "(not set)",
        "price_micros": 8_990_000,
        "qty": None,
        "revenue_micros": None,
    } | changes


def session(**changes: Any) -> Row:
    """The visit that `hit` belongs to, come from a search."""
    return {
        "visitor_id": "007",
        "visit_id": 1_470_034_812,
        "visit_number": 3,
        "visit_start": 1_470_034_812,
        "channel_grouping": "Organic Search",
        "src": "google",
        "medium": "organic",
        "campaign": "(not set)",
        "keyword": "(not provided)",
        "browser": "Chrome",
        "region": "not available in demo dataset",
        "is_mobile": False,
    } | changes


def export(folder: Path, hits: list[Row], sessions: list[Row]) -> Path:
    """A folder with the two files of an export."""
    folder.mkdir(exist_ok=True)
    pq.write_table(_table(hits, _HIT), folder / "hits.parquet")
    pq.write_table(_table(sessions, _SESSION), folder / "sessions.parquet")
    return folder


def _table(rows: list[Row], columns: dict[str, pa.DataType]) -> pa.Table:
    return pa.Table.from_pylist(rows, pa.schema(list(columns.items())))
