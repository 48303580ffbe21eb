"""Valid values of the rules; a test names only what it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from orchestration.triggers.decide import Answer, Cart, Clock
from orchestration.triggers.model import Definition, Rejected
from orchestration.triggers.reading import read_definition
from streams.events import KINDS

MONDAY = datetime(2016, 8, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)

ABANDONED_CART = """
trigger: abandoned_cart
title: Left something in the cart a day ago
after: cart.item_added
wait_hours: 24
unless: [order.placed, order.paid]
repeat: once
stale_after_hours: 72
"""
WHAT_IS_LEFT = f"{ABANDONED_CART}only_what_is_left: true\n"


def definition(text: str = ABANDONED_CART) -> Definition:
    read = read_definition(text, KINDS)
    assert not isinstance(read, Rejected), read.errors
    return read


def cart(**told: Any) -> Cart:
    valid = Cart(
        person="v:ann",
        visitor_id="ann",
        customer_id="",
        session_id="s1",
        event_id="e1",
        origin="live",
        added_at=MONDAY,
        next_added_at=None,
        skus=("MUG",),
        names=("A mug",),
    )
    return replace(valid, **told)


def answer(occurred_at: datetime, origin: str = "live") -> Answer:
    return Answer(occurred_at, origin)


def wall(now: datetime) -> Clock:
    return Clock(now, "wall")


def shop(now: datetime) -> Clock:
    return Clock(now, "shop")
