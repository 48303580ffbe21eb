"""What a browser's script sends, completed to an event of the contract.

A page can be made to say anything, so it says little: an id, a kind of those that happen in a
browser, how long ago, and what happened. Who, from where and when is the collector's word. Its ids
are its own (`web:` before them), so none can pass for an event of a server and suppress it. Orders
paid, customers and their identifiers are told by the shop's servers, by `POST /v1/events`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

from streams.decode import read_json
from streams.events import Client
from streams.value_mending import clean

KINDS_OF_PAGES = frozenset(
    {
        "page.viewed",
        "product.viewed",
        "product_list.viewed",
        "product.clicked",
        "search.performed",
        "site.interacted",
        "cart.item_added",
        "cart.item_removed",
        "checkout.step_reached",
    }
)
NOT_OF_PAGES = ("client", "identifiers")  # in `data`: told by the collector, by the shop's servers
CONSENT_DENIED = "consent.denied"  # no event: the visitor is to be forgotten
OLDEST_SECONDS = 24 * 3600  # the script keeps what it could not send for so long
RIGHT_CLOCK_SECONDS = 10  # of two clocks, the way of the request included
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Beacon(Struct, frozen=True, kw_only=True, gc=False):
    """An event as `page.js` sends it: when by the browser's clock, and how long ago by the same.

    Both are milliseconds, `at` since 1970. The age is a difference of two readings of that clock,
    so a wrong one does no harm.
    """

    id: Annotated[str, Meta(pattern=r"^[0-9a-f-]{32,36}\Z")]
    type: str
    at: Annotated[float, Meta(ge=0, le=1e15)] = 0
    age: Annotated[float, Meta(ge=0, le=1e15)] = 0
    data: dict[str, Raw] = {}

    @property
    def event_id(self) -> str:
        """The id of the event, which no event of a server has."""
        return f"web:{self.id}"


@dataclass(frozen=True, slots=True)
class Visit:
    """What the collector itself knows of a request; who wants no visitor's id has an empty one."""

    visitor: str
    source: str
    user_agent: str
    address: str
    language: str
    received_at: datetime


class Losses(Struct, frozen=True, kw_only=True, gc=False):
    """How many events a page could not keep or was refused, by reason, since it told so last."""

    lost: dict[str, int]


class Denial(Struct, frozen=True, gc=False):
    """A visitor does not want to be followed any more."""


def beacon_of(message: bytes) -> Beacon | Losses | Denial | tuple[str, ...]:
    """Read one message of the script, or tell why not; a bad detail costs the detail."""
    try:
        message.decode()
        beacon = _DECODER.decode(message)
    except (UnicodeDecodeError, msgspec.MsgspecError, RecursionError):
        read = _read_leniently(message)
        if not isinstance(read, Beacon):
            return read
        beacon = read
    if beacon.type == CONSENT_DENIED:
        return Denial()
    if beacon.type not in KINDS_OF_PAGES:
        return (f"`type` {beacon.type[:80]!r} is not for beacons: publish it by /v1/events",)
    return beacon


def _read_leniently(message: bytes) -> Beacon | Losses | tuple[str, ...]:
    try:
        content, _ = read_json(message)
    except ValueError as error:
        return (f"not JSON: {clean(str(error))}",)
    if isinstance(content, dict) and isinstance(content.get("lost"), dict):
        return Losses(lost={str(k): v for k, v in content["lost"].items() if type(v) is int})
    if not isinstance(content, dict):
        return ("an object was expected",)
    data = content.get("data")
    if not isinstance(data, dict):
        data = {}
    try:
        beacon = msgspec.convert(
            {name: content.get(name) for name in ("id", "type")} | _clocks(content), Beacon
        )
        return msgspec.structs.replace(
            beacon, data={name: Raw(json.dumps(value).encode()) for name, value in data.items()}
        )
    except (msgspec.ValidationError, ValueError) as error:
        return (str(error),)


def _clocks(content: Mapping[str, Any]) -> dict[str, float]:
    """What the page says of its clock, as far as that can be."""
    return {
        name: value
        for name, value in content.items()
        if name in ("at", "age") and isinstance(value, int | float) and 0 <= value <= 1e15
    }


def completed(beacon: Beacon, visit: Visit) -> bytes:
    """The message of a beacon; whether it keeps the contract is for the publisher to say."""
    client = Client(
        user_agent=visit.user_agent, address=visit.address, language=visit.language
    )  # says nothing of what is empty
    data: dict[str, Any] = {
        name: value for name, value in beacon.data.items() if name not in NOT_OF_PAGES
    }
    data["client"] = client
    named = {"visitorid": visit.visitor} if visit.visitor else {}
    return _ENCODER.encode(
        {
            "specversion": "1.0",
            "id": beacon.event_id,
            "source": visit.source,
            "type": beacon.type,
            "time": happened_at(beacon, visit.received_at),
            **named,
            "data": data,
        }
    )


def happened_at(beacon: Beacon, received_at: datetime) -> datetime:
    """When it happened: by the browser's clock if that is right, else by the age and our own.

    A right clock says the same of a beacon that is sent again to a collector that does not
    remember the first one: the two events are equal then, and no conflict. Of an age, a day is
    believed.
    """
    sent_at = beacon.at + beacon.age
    apart_seconds = abs((received_at - EPOCH).total_seconds() - sent_at / 1000)
    if apart_seconds <= RIGHT_CLOCK_SECONDS and beacon.age <= OLDEST_SECONDS * 1000:
        return EPOCH + timedelta(milliseconds=beacon.at)
    return received_at - timedelta(seconds=min(beacon.age / 1000, OLDEST_SECONDS))


_DECODER = msgspec.json.Decoder(Beacon)
_ENCODER = msgspec.json.Encoder()
