"""The rule on a real month: carts and orders of August 2016, sessions cut here in plain Python."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count, groupby, pairwise
from typing import Any, NamedTuple

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from orchestration.detection import detect
from orchestration.triggers import contents
from orchestration.triggers.contents import CartEvent, Line
from orchestration.triggers.decide import Cart
from orchestration.triggers.message import read_message
from tests import cart_oracle
from tests.august import AUGUST, needs
from tests.unit.trigger_builders import WHAT_IS_LEFT, cart, definition, shop, wall
from tests.warehouse.detection_world import ListFeed, Names, ShopWorld

HITS = AUGUST / "hits.parquet"
ADDED, BOUGHT = "3", "6"
CART_KINDS = {ADDED: contents.ADDED, "4": contents.REMOVED, BOUGHT: "order.placed"}
GAP = timedelta(minutes=30)
BEGIN, END = datetime(2016, 8, 1, tzinfo=UTC), datetime(2016, 9, 1, 6, 59, 59, 121000, tzinfo=UTC)

pytestmark = [pytest.mark.august, pytest.mark.long, needs(AUGUST)]


class Hit(NamedTuple):
    """What the rule needs of a hit."""

    visitor_id: str
    occurred_at: datetime
    action: str
    products: list[dict[str, Any]] | None


def hits() -> Iterator[Hit]:
    """Hits by visitor and time."""
    wanted = ["visitor_id", "ts", "action_type", "hit_number", "products"]
    table = pq.read_table(HITS, columns=wanted).sort_by(
        [("visitor_id", "ascending"), ("ts", "ascending"), ("hit_number", "ascending")]
    )
    instants = pc.assume_timezone(table["ts"], "UTC")
    columns = (table["visitor_id"], instants, table["action_type"], table["products"])
    return map(Hit._make, zip(*(column.to_pylist() for column in columns), strict=True))


def carts_of(visitor_id: str, seen: list[Hit]) -> Iterator[Cart]:
    """A visitor's additions, each with the next one of its session."""
    session, sessions = 0, [0]
    for here, after in pairwise(seen):
        session += after.occurred_at - here.occurred_at > GAP
        sessions.append(session)
    added = [
        (s, hit.occurred_at) for s, hit in zip(sessions, seen, strict=True) if hit.action == ADDED
    ]
    for number, (session, at) in enumerate(added):
        after = added[number + 1] if number + 1 < len(added) else (None, None)
        yield cart(
            person=f"v:{visitor_id}",
            visitor_id=visitor_id,
            session_id=f"{visitor_id}-{session}",
            event_id=f"{visitor_id}-{number}",
            origin="import",
            added_at=at,
            next_added_at=after[1] if after[0] == session else None,
        )


def cart_events_of(visitor_id: str, seen: list[Hit]) -> Iterator[CartEvent]:
    """What changed a visitor's cart, in order."""
    additions = count()
    for number, hit in enumerate(seen):
        if hit.action in CART_KINDS:
            is_added = hit.action == ADDED
            yield CartEvent(
                event_id=f"{visitor_id}-{next(additions) if is_added else f'other-{number}'}",
                kind=CART_KINDS[hit.action],
                occurred_at=hit.occurred_at,
                origin="import",
                visit_sequence=number,
                lines=[
                    Line(one["sku"], one["name"] or "", Decimal(one["qty"] or 0))
                    for one in hit.products or ()
                ],
            )


@pytest.fixture
def august(warehouse) -> ShopWorld:
    """The month, in the tables that detection reads."""
    carts, happened = [], []
    for visitor_id, found in groupby(hits(), key=lambda hit: hit.visitor_id):
        seen = list(found)
        carts += carts_of(visitor_id, seen)
        happened += [(Names(visitor_id), one) for one in cart_events_of(visitor_id, seen)]
    world = ShopWorld(warehouse)
    world.tell(carts, [], happened)  # orders among them
    return world


def test_august_gives_3378_letters_at_any_cadence_and_none_by_the_walls_clock(august) -> None:
    report = detect(august.warehouse, ListFeed(), [definition()], shop(END))
    assert (report.tallies[0].candidates, report.fired) == (3_913, 3_378)
    at_once = august.ledger()
    august.forget_firings()
    for days in range(0, 31, 3):
        now = BEGIN + timedelta(days=days, hours=days)
        detect(august.warehouse, ListFeed(), [definition()], shop(now))
    detect(august.warehouse, ListFeed(), [definition()], shop(END))
    assert august.ledger() == at_once
    august.forget_firings()
    assert detect(august.warehouse, ListFeed(), [definition()], wall(END)).fired == 0


def test_august_gives_the_letters_about_what_is_left_that_the_oracle_gives(august) -> None:
    feed = ListFeed()
    detect(august.warehouse, feed, [definition(WHAT_IS_LEFT)], shop(END))
    expected = cart_oracle.letters(AUGUST)
    assert len(expected) == 3_281
    letters = {
        (fired.visitorid, fired.time.replace(tzinfo=None)): {
            item.sku: item.quantity for item in fired.data.facts.items
        }
        for fired in (read_message(value) for _, value in feed.messages)
    }
    assert letters == {(visitor, due_at): held for visitor, (due_at, held) in expected.items()}
