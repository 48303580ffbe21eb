"""Those who mean harm, and a shop beside them: each a function for a process of its own.

All of them work for so many seconds and return how often they got which answer: HTTP statuses, or
the name of the error where there was no answer.
"""

from __future__ import annotations

import itertools
import json
import time
import zlib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import urllib3
import zstandard

from bench.ingest import messages
from streams.producer import EventProducer
from streams.settings import StreamSettings

Answers = dict[str, int]
Ask = Callable[[urllib3.PoolManager, int], int]  # a number of the try; the status of the answer

MIB = 1024 * 1024
PACE_SECONDS = 0.05
POISON_EVERY = 50  # messages

SLOW = (
    *["select sleepEachRow(1) from numbers(60) settings max_block_size = 1"] * 5,
    "select sum(cityHash64(number)) from numbers(5000000000)",
    "select groupArray(number) from numbers(500000000)",
    f"select {'/* ' * 350} 1",
)
POISON = (
    b"{broken",
    b"",
    b"\xff\xfe\x00" * 1_000,
    b"[" * 20_000,
    b'{"specversion":"1.0","id":"' + b"x" * 100_000,
    json.dumps({"specversion": "1.0", "data": {"items": [{}] * 2_000}}).encode(),
    b'{"id":"a","time":"0000-99-99T00:00:00Z","type":"page.viewed","source":"\\u001b]0;owned"}',
)


def slow_queries(url: str, headers: dict[str, str], seconds: float) -> Answers:
    """Sixteen clients that ask what takes long, much memory or much reading."""

    def ask(pool: urllib3.PoolManager, number: int) -> int:
        body = SLOW[number % len(SLOW)]
        return pool.request("POST", url, body=body, headers=headers, timeout=90).status

    return _many(ask, clients=16, seconds=seconds)


def bombs(url: str, headers: dict[str, str], collector: str, token: str, seconds: float) -> Answers:
    """Two clients whose small bodies unfold to gigabytes, in the warehouse and in the collector."""
    gzipped = zlib.compressobj(9, wbits=31)
    one = gzipped.compress(bytes(512 * MIB)) + gzipped.flush()
    other = zstandard.ZstdCompressor().compress(bytes(64 * MIB)) * 64
    insert = f"{url}/?query=insert+into+default.bombed+format+TSV"
    events = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    places = (
        (insert, headers | {"Content-Encoding": "gzip"}, one),
        (insert, headers | {"Content-Encoding": "zstd"}, other),
        (f"{collector}/v1/events", events | {"Content-Encoding": "gzip"}, one),
    )

    def ask(pool: urllib3.PoolManager, number: int) -> int:
        place, given, body = places[number % len(places)]
        return pool.request("POST", place, body=body, headers=given, timeout=90).status

    return _many(ask, clients=2, seconds=seconds)


def beacons(collector: str, seconds: float) -> Answers:
    """Eight clients that send beacons of ever new visitors as fast as they are answered."""
    headers = {"Content-Type": "application/json"}

    def ask(pool: urllib3.PoolManager, number: int) -> int:
        event = {"id": f"{number:032x}", "type": "page.viewed", "title": "x" * 4_000}
        body = json.dumps(event)
        return pool.request(
            "POST", f"{collector}/v1/beacon", body=body, headers=headers, timeout=30
        ).status

    return _many(ask, clients=8, seconds=seconds)


def shop(settings: StreamSettings, rate: int, seconds: float) -> Answers:
    """A shop that publishes so many messages a second, every fiftieth of them poison."""
    began = time.monotonic()
    sent = 0
    source = messages(int(rate * seconds))
    with EventProducer(settings) as producer:
        while (passed := time.monotonic() - began) < seconds:
            for key, value in itertools.islice(source, max(0, int(passed * rate) - sent)):
                round_number, place = divmod(sent, POISON_EVERY)
                is_poison = place == POISON_EVERY - 1
                producer.send(key, POISON[round_number % len(POISON)] if is_poison else value)
                sent += 1
            time.sleep(PACE_SECONDS)  # the shop's pace
    return {"published": sent, "seconds": round(time.monotonic() - began)}


def shop_server(collector: str, token: str, seconds: float) -> list[str]:
    """A server of the shop that posts ten events a second; the ids of those answered with 202."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/cloudevents+json"}
    pool = urllib3.PoolManager(retries=False)
    until, accepted = time.monotonic() + seconds, []
    for number in itertools.count():
        if time.monotonic() > until:
            return accepted
        event = {
            "specversion": "1.0",
            "id": f"server-{number}",
            "source": "/server",
            "type": "page.viewed",
            "time": "2026-03-01T12:00:00Z",
            "visitorid": "v1",
            "data": {},
        }
        try:
            body = json.dumps(event)
            answer = pool.request("POST", f"{collector}/v1/events", body=body, headers=headers)
        except urllib3.exceptions.HTTPError:
            continue
        if answer.status == 202:
            accepted.append(event["id"])
        time.sleep(0.1)  # ten a second
    raise AssertionError


def _many(ask: Ask, clients: int, seconds: float) -> Answers:
    """Ask from so many threads, each on connections of its own, until the time is over."""
    until = time.monotonic() + seconds
    numbers = itertools.count()

    def work(_: Any) -> Counter[str]:
        answers: Counter[str] = Counter()
        pool = urllib3.PoolManager(retries=False)
        while time.monotonic() < until:
            try:
                answers[str(ask(pool, next(numbers)))] += 1
            except (urllib3.exceptions.HTTPError, OSError) as error:
                answers[type(error).__name__] += 1
                time.sleep(PACE_SECONDS)  # a refused connection costs an attacker nothing
        return answers

    with ThreadPoolExecutor(clients) as threads:
        return dict(sum(threads.map(work, range(clients)), Counter()))
