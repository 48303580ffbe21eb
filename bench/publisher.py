"""What a call of `Publisher.publish` costs a shop: `python -m bench.publisher [--json]`.

On a broker of its own, at the pace of a busy shop and flat out: while the broker answers, while it
is down, and when it is back and the backlog is being sent. Microseconds per call.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import tempfile
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

from bench.places import JARS, local_broker
from streams.events import Data, Event, Page, PageViewed
from streams.local_kafka import LocalKafka
from streams.producer import ensure_topics
from streams.publisher import Publisher
from streams.settings import StreamSettings

CALLS = 5_000
CALLS_FLAT_OUT = 20_000
PACE_PER_SECOND = 1_000

Figures = dict[str, dict[str, float]]


def measure(settings: StreamSettings) -> Figures:
    """Play the situations one after another on a running broker, which is left running."""
    kafka = LocalKafka.of(settings, JARS)
    ensure_topics(settings)
    publisher = Publisher(settings, settings.local_home / "spool")
    timed(publisher, pace=PACE_PER_SECOND)  # connects and warms up
    found = {
        "broker up, at a pace": timed(publisher, pace=PACE_PER_SECOND),
        "broker up, flat out": timed(publisher, pace=None),
    }
    kafka.stop()
    found["broker down, at a pace"] = timed(publisher, pace=PACE_PER_SECOND)
    found["broker down, flat out"] = timed(publisher, pace=None)
    kafka.start()
    found["backlog being sent, at a pace"] = timed(publisher, pace=PACE_PER_SECOND)
    timed(publisher, pace=None)
    found["closing"] = closed(publisher)
    return found


def closed(publisher: Publisher) -> dict[str, float]:
    """How fast the backlog of a publisher is sent when its shop is quiet."""
    waiting, began = publisher.counts().unsent, time.perf_counter()
    left = publisher.close(60)
    return {"sent_per_second": round((waiting - left) / (time.perf_counter() - began))}


def timed(publisher: Publisher, *, pace: float | None) -> dict[str, float]:
    """What the calls took, sorted: the middle one, the 99th of a hundred, the longest."""
    events = [event(number) for number in range(CALLS if pace else CALLS_FLAT_OUT)]
    spent = []
    due = time.perf_counter()
    for one in events:
        began = time.perf_counter()
        publisher.publish(one)
        spent.append(time.perf_counter() - began)
        if pace:
            due += 1 / pace
            time.sleep(max(0.0, due - time.perf_counter()))  # the pace that is measured
    spent.sort()
    shares = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
    return {name: round(spent[math.ceil(of * len(spent)) - 1] * 1e6) for name, of in shares.items()}


def event(number: int) -> Event:
    """A page view of about 480 bytes."""
    page = Page(
        url=f"https://shop.example/category/{number % 50}/product/{number}?utm_source=letter",
        title=f"Product {number}, as good as new and in many colours - the shop of examples",
        referrer="https://search.example/?q=good+as+new",
    )
    return PageViewed(
        specversion="1.0",
        id=str(uuid.uuid4()),
        source="/shop.example",
        time=datetime.now(UTC),
        visitorid=f"visitor-{number % 97}",
        data=Data(page=page),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    logging.disable()  # the outage is on purpose
    with tempfile.TemporaryDirectory() as home, local_broker(Path(home)) as settings:
        found = measure(settings)
    if arguments.json:
        print(json.dumps(found, indent=2))
    else:
        for situation, figures in found.items():
            print(f"{situation:32}", *(f"{name} {one:>7}" for name, one in figures.items()))


if __name__ == "__main__":
    main()
