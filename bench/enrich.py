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
from streams.decode import Rejected, decode
from streams.enrich.enrichment import Enrichment, Tables
from streams.events import encode, key_of
from streams.garbage import collect_rarely
from streams.rows import Origin, Record, event_rows

BATCH_ROWS = 20_000
ORIGIN = Origin("shop.events", 0, 1)


def records(count: int) -> list[Record]:
    """Messages as the broker gives them."""
    return [
        Record(number, key_of(event), encode(event), (), 1_772_323_200_000 + number)
        for number, event in enumerate(browsing(count))
    ]


def round_of(messages: Sequence[Record], by: Enrichment) -> dict[str, float]:
    """CPU seconds of decoding and of rows, over all batches."""
    seconds = {"decode": 0.0, "enrichment_and_columns": 0.0}
    for begin in range(0, len(messages), BATCH_ROWS):
        batch = messages[begin : begin + BATCH_ROWS]
        began = time.process_time()
        decoded = [(one, decode(one.payload)) for one in batch]
        accepted = [(one, event) for one, event in decoded if not isinstance(event, Rejected)]
        between = time.process_time()
        rows = event_rows(accepted, ORIGIN, by)
        ended = time.process_time()
        if rows.num_rows != len(batch):
            raise SystemExit(f"{len(batch) - rows.num_rows} events of the benchmark are broken")
        seconds["decode"] += between - began
        seconds["enrichment_and_columns"] += ended - between
    return seconds


def figures(count: int, rounds: int) -> dict[str, float]:
    """The figures of several rounds, each with everything forgotten first."""
    messages = records(count)
    tables = Tables(ZoneInfo("Europe/Vienna"), frozenset({"shop.example"}))
    round_of(messages[:1_000], Enrichment(tables))  # lists are loaded once in a process
    collect_rarely()  # as the worker does
    cold, warm, decode_share = [], [], []
    for _ in range(rounds):
        by = Enrichment(tables)
        first, again = round_of(messages, by), round_of(messages[: len(messages) // 2], by)
        cold.append(count / sum(first.values()))
        warm.append(count // 2 / sum(again.values()))
        decode_share.append(first["decode"] / sum(first.values()))
    return {
        "events": count,
        "bytes_per_event": round(statistics.mean(len(one.payload or b"") for one in messages)),
        "events_per_cpu_second": round(statistics.median(cold)),
        "events_per_cpu_second_seen_before": round(statistics.median(warm)),
        "share_of_decoding": round(statistics.median(decode_share), 3),
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
