"""How long years take to build: `python -m bench.build_years [--years N] [--people N] [--json]`.

A small generated shop (10,000 people, 20 events each or so) is stored in a warehouse of its own, as
the stream stores messages. Then `active-analytics build` is timed: everything at once, and again
when nothing is left to do. CPU is that of the build, not the warehouse's.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.places import embedded_warehouse
from streams import ledger
from streams.enrich.enrichment import Enrichment, Tables
from streams.ranges import range_rows, store
from streams.records import Origin, Record
from streams.settings import StreamSettings
from streams.simulator import simulate
from streams.versions import registered
from warehouse.client import Warehouse
from warehouse.migrate import migrate

YEAR = 365
BATCH_MESSAGES = 50_000
TOPIC = "shop.events"
COMMAND = str(Path(sys.executable).with_name("active-analytics"))

Message = tuple[bytes, bytes]


def fill(warehouse: Warehouse, messages: Sequence[Message]) -> None:
    """Store messages as the stream does, on one partition and without a broker."""
    tables = Tables.of(StreamSettings(shop_hosts="shop.example"))
    by = Enrichment(tables, registered(warehouse, tables.parts()))
    position = ledger.claim(warehouse, "bench", TOPIC, 0, first_offset=0, owner="bench")
    for first in range(0, len(messages), BATCH_MESSAGES):
        batch = messages[first : first + BATCH_MESSAGES]
        now = datetime.now(UTC)
        at = int(now.timestamp() * 1000)
        rows = range_rows(
            [Record(first + n, key, payload, (), at) for n, (key, payload) in enumerate(batch)],
            expected_from=first,
            topic_id="bench",
            origin=Origin(TOPIC, 0, position.generation),
            by=by,
            ingested_at=now,
        )
        store(warehouse, rows, now)


def timed_build(environ: dict[str, str]) -> dict[str, float]:
    """One `active-analytics build`: its clock, its own CPU, and how many runs it made."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    answer = subprocess.run(
        [COMMAND, "build", "--json"], env=environ, stdout=subprocess.PIPE, check=True
    )
    seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    runs = len(json.loads(answer.stdout.splitlines()[-1])["runs"])
    return {"seconds": round(seconds, 1), "cpu_seconds": round(cpu, 1), "runs": runs}


def figures(years: int, people: int) -> dict[str, object]:
    """Everything that is told."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with embedded_warehouse(home) as settings:
            environ = {**os.environ, "LOCAL_HOME": folder, "WAREHOUSE_URL": settings.url}
            environ |= {"SHOP_TIME_ZONE": "UTC", "SHOP_HOSTS": "shop.example"}
            today = datetime.now(ZoneInfo("UTC")).date()
            shop = simulate(
                days=years * YEAR, visitors=people, first_day=today - timedelta(days=years * YEAR)
            )
            with Warehouse.connect(settings, "bench") as warehouse:
                migrate(warehouse)
                fill(warehouse, shop.messages)
                everything = timed_build(environ)
                nothing = timed_build(environ)
                sessions, orders = warehouse.rows(
                    "select count(), (select count() from marts.orders) from marts.sessions"
                )[0]
            return {
                "years": years,
                "events": len(shop.messages),
                "sessions": sessions,
                "orders": orders,
                "everything": everything,
                "nothing_left": nothing,
            }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = figures(options.years, options.people)
    print(json.dumps(found) if options.json else "\n".join(f"{k}: {v}" for k, v in found.items()))


if __name__ == "__main__":
    main()
