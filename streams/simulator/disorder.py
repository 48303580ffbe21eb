"""The way from the shop to the topic, on which messages come late, twice, or broken.

A broken message is a real one damaged, under an id of its own: nothing is missing without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import msgspec

from streams.events import Event, encode, key_of

LATE_SHARE = 0.01
TWICE_SHARE = 0.012
BROKEN_SHARE = 0.004

Arrival = tuple[datetime, bytes, bytes]
Damage = Callable[[dict[str, Any]], bytes]


@dataclass(slots=True)
class Delivery:
    """Messages with the instants of their arrival, and what went wrong on the way."""

    arrivals: list[Arrival] = field(default_factory=list)
    late: int = 0
    duplicates: int = 0
    broken: int = 0


def delivered(rng: Random, events: Iterable[Event]) -> Delivery:
    """Every event at least once, some of them late, some twice, and broken ones between."""
    delivery = Delivery()
    for event in events:
        at = event.time + timedelta(milliseconds=rng.randrange(5, 400))
        if rng.random() < LATE_SHARE:
            at += timedelta(minutes=rng.uniform(40, 4_000))
            delivery.late += 1
        key, payload = key_of(event), encode(event)
        delivery.arrivals.append((at, key, payload))
        if rng.random() < TWICE_SHARE:
            again = at + timedelta(seconds=rng.uniform(1, 90_000))
            delivery.arrivals.append((again, key, payload))
            delivery.duplicates += 1
        if rng.random() < BROKEN_SHARE:
            delivery.arrivals.append((at, key, _damaged(rng, payload)))
            delivery.broken += 1
    return delivery


def _damaged(rng: Random, payload: bytes) -> bytes:
    message = msgspec.json.decode(payload)
    message["id"] += "-broken"
    return rng.choice(DAMAGES)(message)


def _cut_short(message: dict[str, Any]) -> bytes:
    return msgspec.json.encode(message)[:-25]


def _of_unknown_kind(message: dict[str, Any]) -> bytes:
    return msgspec.json.encode(message | {"type": message["type"] + "s"})


def _without_instant(message: dict[str, Any]) -> bytes:
    return msgspec.json.encode({name: told for name, told in message.items() if name != "time"})


def _too_old(message: dict[str, Any]) -> bytes:
    return msgspec.json.encode(message | {"time": "1970-01-01T00:00:00Z"})


def _in_a_list(message: dict[str, Any]) -> bytes:
    return msgspec.json.encode([message])


def _in_xml(message: dict[str, Any]) -> bytes:
    return f"<event id='{message['id']}'/>".encode()


DAMAGES: tuple[Damage, ...] = (
    _cut_short,
    _of_unknown_kind,
    _without_instant,
    _too_old,
    _in_a_list,
    _in_xml,
)
