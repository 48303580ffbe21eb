"""What a browser's script sends, completed to an event of the contract.

A page can be made to say anything, so it says little: an id, a kind of those that happen in a
browser, how long ago, and what happened. Who, from where and when is the collector's word. Orders
paid, customers and their identifiers are told by the shop's servers, by `POST /v1/events`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

from streams.events import Client

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
OLDEST_SECONDS = 24 * 3600  # the script keeps what it could not send for so long


class Beacon(Struct, frozen=True, kw_only=True, gc=False):
    """An event as `page.js` sends it; `age` is milliseconds since it happened.

    The age is a difference of two readings of the browser's clock, so a wrong clock does no harm.
    """

    id: Annotated[str, Meta(min_length=16, max_length=64)]
    type: str
    age: Annotated[float, Meta(ge=0, le=1e15)] = 0
    data: dict[str, Raw] = {}


@dataclass(frozen=True, slots=True)
class Visit:
    """What the collector itself knows of a request."""

    visitor: str
    source: str
    user_agent: str
    address: str
    language: str
    received_at: datetime


def beacon_of(message: bytes) -> Beacon | tuple[str, ...]:
    """Read one message of the script, or tell why not."""
    try:
        message.decode()
        beacon = _DECODER.decode(message)
    except UnicodeDecodeError as error:
        return (f"not UTF-8 at byte {error.start}",)
    except (msgspec.ValidationError, msgspec.DecodeError, RecursionError) as error:
        return (str(error),)
    if beacon.type not in KINDS_OF_PAGES:
        return (f"`type` {beacon.type[:80]!r} is not for beacons: publish it by /v1/events",)
    return beacon


def completed(beacon: Beacon, visit: Visit) -> bytes:
    """The message of a beacon; whether it keeps the contract is for the publisher to say.

    It happened when the collector received it, less its age, of which a day is believed.
    """
    age = timedelta(seconds=min(beacon.age / 1000, OLDEST_SECONDS))
    client = Client(
        user_agent=visit.user_agent, address=visit.address, language=visit.language
    )  # says nothing of what is empty
    data: dict[str, Any] = {
        name: value for name, value in beacon.data.items() if name not in NOT_OF_PAGES
    }
    data["client"] = client
    return _ENCODER.encode(
        {
            "specversion": "1.0",
            "id": beacon.id,
            "source": visit.source,
            "type": beacon.type,
            "time": visit.received_at - age,
            "visitorid": visit.visitor,
            "data": data,
        }
    )


_DECODER = msgspec.json.Decoder(Beacon)
_ENCODER = msgspec.json.Encoder()
