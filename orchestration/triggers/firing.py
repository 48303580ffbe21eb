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


class CartItem(msgspec.Struct, frozen=True, kw_only=True):
    """A product in a cart. The price of a piece is null and the page empty when not told."""

    sku: str
    name: str = ""
    quantity: int | float = 1
    price_minor: int | None = None
    url: str = ""


class CartFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision rests on: what was put in when; none of `unless` came within the wait.

    `items` is what the letter is about: what was still in the cart when the letter was due (on the
    wall's clock, when it was decided), or by a definition that does not ask, what was put in.
    `skus` and `names` are theirs. Amounts are in minor units of `currency`, the shop's own when it
    is empty; the total is null unless all prices are told. Customer and e-mail are those known of
    the person when the letter was due.

    On the shop's clock it says nothing that depends on when the run came.
    """

    session_id: str
    event_id: str
    origin: str
    added_at: Instant
    skus: list[str]
    names: list[str]
    wait_hours: int
    unless: list[str]
    customer_id: str = ""  # firings of before have none of these
    email_sha256: str = ""
    items: list[CartItem] = []
    total_minor: int | None = None
    currency: str = ""


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
