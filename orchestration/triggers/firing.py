"""A firing: one letter to one person, under an id that any run would give it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID, uuid5

import msgspec

Mode = Literal["wall", "shop"]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]

_FIRINGS = UUID(
    "9f0d3f3a-6a53-5f0e-9c56-0c1a7a4f8f11"
)  # never change: ids of sent letters hang on it


class CartFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision rests on: what was put in when; none of `unless` came within the wait.

    It says nothing that depends on when the run came.
    """

    session_id: str
    event_id: str
    origin: str
    added_at: Instant
    skus: list[str]
    names: list[str]
    wait_hours: int
    unless: list[str]


@dataclass(frozen=True, slots=True)
class Firing:
    """A decision to write, as it stands in the ledger and goes into the feed."""

    firing_id: UUID
    trigger: str
    trigger_version: str
    title: str
    person: str
    visitor_id: str
    customer_id: str
    instance: str
    period: str
    due_at: datetime
    decided_at: datetime
    clock: Mode
    facts: CartFacts


def firing_id(trigger: str, person: str, instance: str, period: str) -> UUID:
    """The id of a firing. The definition's version is no part of it; JSON keeps the parts apart."""
    return uuid5(_FIRINGS, msgspec.json.encode([trigger, person, instance, period]).decode())
