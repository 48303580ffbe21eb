"""What a message costs until it is a row: `python -m bench.enrich [--events N] [--json]`.

Decodes, enriches and builds columns of realistic events (bench/browsing.py) in batches as the
worker does, and counts CPU seconds of the whole process, not the clock. The first figure holds all
that a worker sees for the first time too; of several rounds the median is told.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from bench.browsing import browsing
from streams.enrich.enrichment import Enrichment, Tables
from streams.events import encode, key_of
from streams.garbage import collect_rarely
from streams.ranges import accepted
from streams.records import Origin, Record
from streams.rows import event_rows

BATCH_ROWS = 20_000
ORIGIN = Origin("shop.events", 0, 1)


def records(count: int) -> list[Record]:
    """Messages as the broker gives them."""
    return [
        Record(number, key_of(event), encode(event), (), 1_772_323_200_000 + number)
        for number, event in enumerate(browsing(count))
    ]


def seconds_of(messages: Sequence[Record], by: Enrichment) -> float:
    """CPU seconds of decoding, enrichment and columns, over all batches."""
    began = time.process_time()
    for begin in range(0, len(messages), BATCH_ROWS):
        batch = messages[begin : begin + BATCH_ROWS]
        rows = event_rows(accepted(batch, []), ORIGIN, by)
        if rows.num_rows != len(batch):
            raise SystemExit(f"{len(batch) - rows.num_rows} events of the benchmark are broken")
    return time.process_time() - began


def seconds_of_decoding(messages: Sequence[Record]) -> float:
    """CPU seconds of decoding alone."""
    began = time.process_time()
    for _ in accepted(messages, []):
        pass
    return time.process_time() - began


def figures(count: int, rounds: int) -> dict[str, float]:
    """The figures of several rounds, each with everything forgotten first."""
    messages = records(count)
    tables = Tables(ZoneInfo("Europe/Vienna"), frozenset({"shop.example"}))
    seconds_of(messages[:1_000], Enrichment(tables))  # lists are loaded once in a process
    collect_rarely()  # as the worker does
    cold, warm, decoding = [], [], []
    for _ in range(rounds):
        by = Enrichment(tables)
        cold.append(seconds_of(messages, by))
        warm.append(seconds_of(messages[: count // 2], by))
        decoding.append(seconds_of_decoding(messages))
    return {
        "events": count,
        "bytes_per_event": round(statistics.mean(len(one.payload or b"") for one in messages)),
        "events_per_cpu_second": round(count / statistics.median(cold)),
        "events_per_cpu_second_seen_before": round(count // 2 / statistics.median(warm)),
        "share_of_decoding": round(statistics.median(decoding) / statistics.median(cold), 3),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = figures(arguments.events, arguments.rounds)
    if arguments.json:
        print(json.dumps(found, indent=2))
    else:
        for name, figure in found.items():
            print(f"{name:40} {figure}")


if __name__ == "__main__":
    main()
