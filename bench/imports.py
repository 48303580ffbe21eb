"""Rows of a shop's file to messages in time order: `python -m bench.imports [--rows N] [--json]`.

A CSV of 16 columns in no order, read by the shipped mapping `events`, in a process of its own, so
that its memory is what an import of that size takes. Publishing is not part of it. Rows per
`streams.decode` of one message compare runs on machines and hours of different speed.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from streams.decode import decode
from streams.importers.mapped.history import read_history
from streams.importers.mapped.reading import read_mapping

HEADER = (
    "time,action,cookie,client,url,referrer,agent,ip,sku,title,category,price,quantity,query,"
    "order,total"
)


def lines(rows: int) -> Iterator[str]:
    """Rows of a month: 2,000 products, 200 user agents, URLs unique, times in no order."""
    chance, began = random.Random(1), datetime(2026, 1, 1)
    yield HEADER
    for number in range(rows):
        action = chance.choice(("page", "view", "view", "add", "order", "search"))
        at = began + timedelta(seconds=chance.randrange(30 * 86_400))
        product = chance.randrange(2_000)
        yield (
            f"{at:%d.%m.%Y %H:%M:%S},{action},c-{chance.randrange(rows // 10 + 1)},"
            f"{f'k-{product}' if number % 5 else ''},https://shop.example/p/{product}?x={number},"
            f"https://www.google.com/,Mozilla/5.0 (X11) {chance.randrange(200)},"
            f"203.0.113.{chance.randrange(250)},S-{product},Mug {product},Home > Mugs,"
            f'"{chance.randrange(100)},50",1,{"mug" if action == "search" else ""},'
            f'{number if action == "order" else ""},"{chance.randrange(1_000)},00"'
        )


def measure(rows: int) -> dict[str, float]:
    """Make the file, read it, and take all messages once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "log.csv").open("w") as file:
            file.writelines(f"{line}\n" for line in lines(rows))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began, cpu = time.perf_counter(), time.process_time()
        history = read_history(
            folder / "log.csv",
            read_mapping("events", "events"),
            folder=folder,
            report=folder / "mistakes.csv",
            progress=lambda _: None,
        )
        read_in, read_cpu = time.perf_counter() - began, time.process_time() - cpu
        count = sum(1 for _ in history.pile.messages())
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    payloads = [payload for _, payload in islice(history.pile.messages(), 20_000)]
    cpu = time.process_time()
    for payload in payloads:
        decode(payload)
    decode_micros = (time.process_time() - cpu) / len(payloads) * 1e6
    return {
        "rows": rows,
        "messages": count,
        "rows_per_second": round(rows / read_in),
        "rows_per_cpu_second": round(rows / read_cpu),
        "decode_micros": round(decode_micros, 2),
        "decodes_per_row": round(read_cpu / rows * 1e6 / decode_micros, 1),
        "seconds": round(time.perf_counter() - began, 1),
        "peak_mib": round(after / 1024),
        "peak_mib_before": round(before / 1024),
    }


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--json", action="store_true")
    wish = parser.parse_args()
    found = measure(wish.rows)
    if wish.json:
        print(json.dumps(found))
        return
    for name, figure in found.items():
        print(f"{name:24} {figure:>12,}")


if __name__ == "__main__":
    main()
