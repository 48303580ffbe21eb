"""The message of a firing in the feed: CloudEvents 1.0 in structured JSON, like the shop's own.

Its JSON Schema stands beside this module in `trigger.fired.schema.json` (`make schemas` writes it,
a test keeps it equal). The message is a pure function of the firing, so that one published again
after a crash is the same to the last byte.
"""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

import msgspec

from orchestration.triggers.firing import CartFacts, Firing, Instant, Mode

SOURCE = "/active-analytics/triggers"


class FiredData(msgspec.Struct, frozen=True, kw_only=True):
    """What a sender of letters needs: which letter, since when it is due, and what it is about.

    `clock` is `shop` for firings of demos and proofs, which played history: nobody may get a letter
    from those.
    """

    trigger: str
    title: str
    firing_id: UUID
    due_at: Instant
    decided_at: Instant
    clock: Mode
    facts: CartFacts


class TriggerFired(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="trigger.fired"
):
    """A person is due a letter: `id` is the firing's, `time` is when it was due."""

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: str = SOURCE
    time: Instant
    visitorid: str = ""
    customerid: str = ""
    data: FiredData


def message_of(firing: Firing) -> tuple[bytes, bytes]:
    """The Kafka key (visitor id, else customer id, else person) and the message of a firing."""
    fired = TriggerFired(
        id=firing.firing_id,
        time=firing.due_at,
        visitorid=firing.visitor_id,
        customerid=firing.customer_id,
        data=FiredData(
            trigger=firing.trigger,
            title=firing.title,
            firing_id=firing.firing_id,
            due_at=firing.due_at,
            decided_at=firing.decided_at,
            clock=firing.clock,
            facts=firing.facts,
        ),
    )
    return (firing.visitor_id or firing.customer_id or firing.person).encode(), msgspec.json.encode(
        fired
    )


def read_message(value: bytes) -> TriggerFired:
    """The firing in a message of the feed.

    Raises:
        msgspec.DecodeError: it is not one of ours.
    """
    return msgspec.json.decode(value, type=TriggerFired)


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a message."""
    body = msgspec.json.schema(TriggerFired)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **body}
