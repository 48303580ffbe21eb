"""Letters about what is left in carts, by a slow program of its own: nothing of ours is imported.

It reads the hits of the merchandise store and plays each visitor's month through once per cart,
after the sentences of the issue: a letter a day after the last addition of a session, unless an
order comes within that day; about what is in the cart then, and none if that is nothing. An order
of up to ten minutes before an addition has bought what it names. An addition after a removal counts
anew. One letter per visitor. `python -m tests.cart_oracle FOLDER` prints how many.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

ADD, REMOVE, BUY = "3", "4", "6"
SESSION_ENDS = timedelta(minutes=30)
DAY = timedelta(days=1)
SHORTLY = timedelta(minutes=10)

Hit = dict[str, Any]


def letters(folder: Path) -> dict[str, tuple[datetime, dict[str, int]]]:
    """Visitors who get a letter, when it is due, and what is in their carts then, by SKU."""
    columns = ["visitor_id", "ts", "hit_number", "action_type", "products"]
    hits = pq.read_table(folder / "hits.parquet", columns=columns).to_pylist()
    hits.sort(key=lambda hit: (hit["visitor_id"], hit["ts"], hit["hit_number"]))
    end = max(hit["ts"] for hit in hits)
    written = {}
    for visitor, own in groupby(hits, key=lambda hit: hit["visitor_id"]):
        month = list(own)
        for added_at in last_additions(month):
            due_at = added_at + DAY
            if due_at > end or has_order(month, added_at, due_at):
                continue
            cart = cart_at(month, added_at, due_at)
            if cart:
                written[visitor] = (due_at, cart)
                break
    return written


def last_additions(month: list[Hit]) -> Iterator[datetime]:
    """When something was last put in, for each session of a visitor."""
    last, before = None, None
    for hit in month:
        if before is not None and hit["ts"] - before > SESSION_ENDS and last is not None:
            yield last
            last = None
        before = hit["ts"]
        if hit["action_type"] == ADD and hit["products"]:
            last = hit["ts"]
    if last is not None:
        yield last


def has_order(month: list[Hit], first: datetime, last: datetime) -> bool:
    """Whether the visitor ordered between two instants, these included."""
    return any(hit["action_type"] == BUY and first <= hit["ts"] <= last for hit in month)


def cart_at(month: list[Hit], added_at: datetime, due_at: datetime) -> dict[str, int]:
    """What is in the cart at an instant, by SKU; nothing unless it was put in by `added_at`."""
    cart: dict[str, int] = {}
    in_time = set()
    for hit in month:
        at, action = hit["ts"], hit["action_type"]
        if at < added_at - DAY or at > due_at:
            continue
        if action == BUY:
            cart.clear()
            in_time.clear()
        for product in hit["products"] or ():
            sku, quantity = product["sku"], product["qty"] or 0
            if action == ADD and not was_bought(month, sku, at):
                cart[sku] = cart.get(sku, 0) + (quantity or 1)
                if at <= added_at:
                    in_time.add(sku)
            if action == REMOVE:
                left = cart.get(sku, 0) - quantity if quantity else 0
                cart[sku] = max(left, 0)
    held = {sku: quantity for sku, quantity in cart.items() if quantity > 0}
    return held if in_time & set(held) else {}


def was_bought(month: list[Hit], sku: str, at: datetime) -> bool:
    """Whether an order of shortly before is of a product that is put in now."""
    return any(
        hit["action_type"] == BUY
        and at - SHORTLY <= hit["ts"] <= at
        and (not hit["products"] or any(one["sku"] == sku for one in hit["products"]))
        for hit in month
    )


if __name__ == "__main__":
    print(len(letters(Path(sys.argv[1]))))
