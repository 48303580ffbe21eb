"""How fast the warehouse takes rows: `python -m bench.warehouse_insert [--rows N] [--json]`.

Inserts Arrow blocks into `analytics.events` of an embedded warehouse of its own, over HTTP, one
client and one block at a time, as a stream worker does. The rows are ready before the clock starts.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from bench.places import embedded_warehouse
from warehouse.client import Warehouse
from warehouse.migrate import migrate

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


def block(first: int, count: int) -> pa.Table:
    """Product views of 5,000 visitors, a view every five seconds, beginning with number `first`."""
    numbers = range(first, first + count)
    at = [BEGIN + timedelta(seconds=5 * number) for number in numbers]
    visitors = [f"{number % 5000:020d}" for number in numbers]
    skus = [f"GGOE{number % 900:06d}" for number in numbers]
    same = {
        "kind": "product.viewed",
        "source": "shop",
        "origin": "live",
        "channel": "Email",
        "channel_source": "derived",
        "page_title": "Product page",
        "referrer": "https://mail.example/inbox",
        "campaign_source": "newsletter",
        "campaign_medium": "email",
        "context": '{"stock":12,"price_minor":1999,"status":"in stock"}',
        "topic": "shop.events",
    }
    own = {
        "event_id": [f"e-{number:032x}" for number in numbers],
        "occurred_at": pa.array(at, pa.timestamp("us", "UTC")),
        "occurred_on": pa.array([one.date() for one in at], pa.date32()),
        "person": [f"v:{visitor}" for visitor in visitors],
        "visitor_id": visitors,
        "page_url": [f"https://shop.example/p/{sku}?utm_source=newsletter" for sku in skus],
        "product_skus": [[sku] for sku in skus],
        "product_names": [[f"Product {sku}"] for sku in skus],
        "product_prices_minor": pa.array([[1999]] * count, pa.list_(pa.int64())),
        "offset": pa.array(np.arange(first, first + count), pa.uint64()),
        "generation": pa.array(np.ones(count), pa.uint32()),
        "broker_time": pa.array(at, pa.timestamp("ms", "UTC")),
    }
    return pa.table(own | {name: pa.repeat(value, count) for name, value in same.items()})


def measure(row_count: int, block_rows: int) -> dict[str, float]:
    """Insert so many rows in blocks of that size."""
    blocks = [block(first, block_rows) for first in range(0, row_count, block_rows)]
    with (
        tempfile.TemporaryDirectory() as home,
        embedded_warehouse(Path(home)) as settings,
        Warehouse.connect(settings, "bench") as warehouse,
    ):
        migrate(warehouse)
        began = time.perf_counter()
        for one in blocks:
            warehouse.insert_arrow("analytics.events", one)
        seconds = time.perf_counter() - began
        stored = warehouse.scalar("select count() from analytics.events")
    inserted = sum(one.num_rows for one in blocks)
    assert stored == inserted, f"{inserted} rows were inserted, {stored} are there"
    return {
        "block_rows": block_rows,
        "rows": inserted,
        "seconds": round(seconds, 2),
        "rows_per_second": round(inserted / seconds),
        "milliseconds_per_block": round(1000 * seconds / len(blocks), 1),
    }


def main() -> None:
    """Measure three block sizes and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    figures = [measure(given.rows, size) for size in (1_000, 10_000, 20_000)]
    if given.json:
        print(json.dumps({"warehouse_insert": figures}))
        return
    for figure in figures:
        print(
            f"{figure['block_rows']:>6} rows a block: {figure['rows_per_second']:>8,} rows/s, "
            f"{figure['milliseconds_per_block']} ms a block"
        )


if __name__ == "__main__":
    main()
