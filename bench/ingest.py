"""How fast the stream stores: `python -m bench.ingest [--events N] [--json]`.

Starts a broker, a warehouse and one worker of its own on this machine, publishes a backlog first
and then times the worker from its first stored range to its last. Ends with the law checked.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Raw

from bench.places import embedded_warehouse, local_broker
from streams.events import Page, Product, ProductData, ProductViewed, encode, key_of
from streams.producer import EventProducer, ensure_topics
from streams.settings import StreamSettings
from streams.verify import verify
from warehouse.client import Warehouse
from warehouse.migrate import migrate
from warehouse.settings import WarehouseSettings

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


def messages(count: int) -> Iterator[tuple[bytes, bytes]]:
    """Product views of 5,000 visitors, about 480 bytes each, an event every five seconds."""
    for number in range(count):
        page = Page(
            url=f"https://shop.example/p/{number % 1000}?utm_source=x&utm_medium=email",
            title="Product page",
            referrer="https://www.google.com/",
        )
        product = Product(sku=f"s{number % 100}", name="Some product name", price_minor=1234)
        context = Raw(b'{"stock":5,"status":"available","price":12.34}')
        event = ProductViewed(
            specversion="1.0",
            id=f"e{number}",
            source="/bench",
            time=BEGIN + timedelta(seconds=number * 5),
            visitorid=f"v{number % 5000}",
            visitid=str(number // 10),
            visitsequence=number % 10 + 1,
            data=ProductData(product=product, page=page, context=context),
        )
        yield key_of(event), encode(event)


def publish(settings: StreamSettings, count: int) -> float:
    """Publish the backlog; messages per second."""
    ensure_topics(settings)
    began = time.perf_counter()
    with EventProducer(settings) as producer:
        for key, value in messages(count):
            producer.send(key, value)
        producer.flush()
    return count / (time.perf_counter() - began)


def store(settings: StreamSettings, warehouse: WarehouseSettings, count: int) -> dict[str, Any]:
    """Run one worker over the backlog; its rates, by wall from the first range on and by CPU."""
    environment = {
        **os.environ,
        "KAFKA_BROKERS": settings.kafka_brokers,
        "WAREHOUSE_URL": warehouse.url,
    }
    with Warehouse.connect(warehouse, "bench") as asked:
        migrate(asked)
        worker = subprocess.Popen([sys.executable, "-m", "streams.agents"], env=environment)
        first, at_first = 0, 0.0
        while (stored := _stored(asked)) < count:
            if stored and not first:
                first, at_first = stored, time.perf_counter()
            if worker.poll() is not None:
                raise SystemExit(f"the worker ended with {worker.returncode}")
            time.sleep(0.02)  # between two questions
        seconds = time.perf_counter() - at_first
        worker.terminate()
        _, _, usage = os.wait4(worker.pid, 0)
        verdict = verify(asked)
    return {
        "stored_events_per_second": round((count - first) / seconds),
        "worker_cpu_microseconds_per_event": round(
            (usage.ru_utime + usage.ru_stime) * 1e6 / count, 1
        ),
        "law_holds": verdict.is_ok,
    }


def _stored(warehouse: Warehouse) -> int:
    return int(warehouse.scalar("select sum(event_count) from event_store.stored_ranges"))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=400_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, local_broker(Path(home)) as settings:
        published = publish(settings, arguments.events)
        with embedded_warehouse(Path(home)) as warehouse:
            figures = store(settings, warehouse, arguments.events)
    figures = {"events": arguments.events, "published_per_second": round(published), **figures}
    if arguments.json:
        print(json.dumps(figures, indent=2))
    else:
        for name, figure in figures.items():
            print(f"{name:40} {figure}")


if __name__ == "__main__":
    main()
