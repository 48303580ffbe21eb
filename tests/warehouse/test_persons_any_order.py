"""Persons and sessions know no order of arrival: 200 schedules of merges, each in two orders.

Building costs seconds whatever the number of events, so the schedules are drawn first and played
together, each in a world of identifiers of its own: what arrives in a schedule's second batch
arrives with all others' second batches, and days are built after each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.days import unseen_days
from streams.events import Data, Event, Identifiers
from tests import oracle
from tests.builders import SHOP_PAGE, event
from tests.warehouse.marts_world import SESSIONS_ONLY, ZONE, MartsWorld, Message, build_dirty_days

# dbt's logger forgets to close the file it wrote
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")

SCHEDULES = 200
BATCHES = 3
AT_MOST = 6  # so that some of these small worlds have a component that is too large
A_DAY = 2  # and some an identifier that meets too many
FIRST_NOON = datetime(2026, 3, 2, 20, tzinfo=UTC)  # noon in Los Angeles


@dataclass(frozen=True)
class Schedule:
    """Events of a few people with their batches in two orders of arrival, and decisions."""

    events: tuple[Event, ...]
    orders: tuple[tuple[int, ...], tuple[int, ...]]
    apart: frozenset[tuple[str, str]]
    rejoined: frozenset[tuple[str, str]]


names = st.sampled_from(["", "", "1", "2", "3"])
pauses = st.sampled_from([0, 10, 29, 30, 31, 300, 24 * 60, 30 * 24 * 60])
visitors_and_customers = st.tuples(st.sampled_from(["1", "2", "3", "4", ""]), names)
sightings = st.tuples(visitors_and_customers, st.tuples(names, names, names), pauses)


def decisions_about(
    seen: Sequence[tuple[str, str]],
) -> st.SearchStrategy[frozenset[tuple[str, str]]]:
    """A few pairs that are set apart, or the first of them from everybody."""
    alone = [(one, "") for one, _ in seen]
    return st.frozensets(st.sampled_from([*seen, *alone]), max_size=3)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    at = FIRST_NOON
    events = []
    for number, ((visitor, customer), (phone, email, partner), minutes) in enumerate(
        draw(st.lists(sightings, min_size=2, max_size=8))
    ):
        at += timedelta(minutes=minutes)
        told = Identifiers(email_sha256=email, phone_sha256=phone, partner_id=partner)
        events.append(
            event(
                id=f"e{number}",
                time=at,
                visitorid=visitor,
                customerid=customer,
                data=Data(
                    identifiers=told if number % 2 else None,
                    page=SHOP_PAGE if number % 3 else None,
                ),
            )
        )
    batches = st.lists(st.integers(0, BATCHES - 1), min_size=len(events), max_size=len(events)).map(
        tuple
    )
    seen = sorted({pair for one in events for pair in combinations(oracle.identifiers_of(one), 2)})
    apart = draw(decisions_about(seen)) if seen else frozenset()
    rejoined = frozenset(one for one in sorted(apart) if draw(st.booleans()))
    return Schedule(tuple(events), (draw(batches), draw(batches)), apart, rejoined)


def test_two_hundred_schedules_give_the_persons_and_sessions_of_the_oracle_in_any_order(
    shop: MartsWorld,
) -> None:
    drawn: list[Schedule] = []

    @settings(max_examples=SCHEDULES, database=None)
    @given(schedules())
    def draw(one: Schedule) -> None:
        drawn.append(one)

    draw()
    worlds = {
        f"{number}.{order}": (one, batches)
        for number, one in enumerate(drawn)
        for order, batches in enumerate(one.orders)
    }
    for batch in range(BATCHES):
        play(shop, worlds, batch)
        build_dirty_days(
            shop,
            SESSIONS_ONLY,
            person_max_identifiers=AT_MOST,
            identifier_max_partners_per_day=A_DAY,
        )
    assert unseen_days(shop.warehouse) == {}
    persons = by_world(shop.warehouse.rows("select identifier, person from marts.identifiers"))
    sessions = by_world(
        shop.warehouse.rows(
            "select person, began_on, started_at, ended_at, event_count, server_event_count"
            " from marts.sessions"
        )
    )
    quarantines = 0
    for world, (one, batches) in worlds.items():
        released = {first for first, second in one.rejoined if not second}
        apart = one.apart - one.rejoined
        rules = {"a_day": A_DAY, "zone": ZONE, "released": released}
        expected = oracle.persons(one.events, apart, AT_MOST, **rules)
        shared = oracle.shared(one.events, apart, AT_MOST, **rules)
        quarantines += bool(oracle.quarantined(one.events, A_DAY, ZONE) - released)
        assert persons.get(world, set()) == set(expected.items()), (one, batches)
        wanted = set(sessions_of(one.events, expected, shared))
        assert sessions.get(world, set()) == wanted, (one, batches)
    assert quarantines
    assert len(drawn) >= SCHEDULES


def play(shop: MartsWorld, worlds: dict[str, tuple[Schedule, Sequence[int]]], batch: int) -> None:
    """Store what all worlds have in a batch; what is decided is decided along the way."""
    decisions: list[tuple[Any, ...]] = []
    messages = []
    for world, (one, batches) in worlds.items():
        for number, its_batch in enumerate(batches):
            if its_batch == batch:
                messages.append(Message(within(world, one.events[number]), number))
        if batch == 0:
            decisions += [(*placed(world, pair), "apart", FIRST_NOON) for pair in one.apart]
        if batch == BATCHES - 1:
            later = FIRST_NOON + timedelta(seconds=1)
            decisions += [(*turned(placed(world, pair)), "joined", later) for pair in one.rejoined]
    shop.arrive(messages)
    columns = ("identifier", "other_identifier", "decision", "decided_at")
    shop.warehouse.insert("reference.identity_decisions", columns, decisions)


def within(world: str, one: Event) -> Event:
    """An event of a world: every name in it bears the world's."""
    told = one.data.identifiers
    names = (
        {name: value and f"{value}@{world}" for name, value in msgspec.structs.asdict(told).items()}
        if told
        else {}
    )
    return msgspec.structs.replace(
        one,
        id=f"{one.id}@{world}",
        visitorid=one.visitorid and f"{one.visitorid}@{world}",
        customerid=one.customerid and f"{one.customerid}@{world}",
        data=msgspec.structs.replace(one.data, identifiers=Identifiers(**names) if told else None),
    )


def placed(world: str, pair: tuple[str, str]) -> tuple[str, str]:
    one, other = pair
    return f"{one}@{world}", other and f"{other}@{world}"


def turned(pair: tuple[str, str]) -> tuple[str, str]:
    """The same pair the other way round; one alone has no other way."""
    return pair[::-1] if pair[1] else pair


def by_world(rows: Iterable[tuple[Any, ...]]) -> dict[str, set[tuple[Any, ...]]]:
    """Rows without the worlds' names, by the world that their first column names."""
    found: dict[str, set[tuple[Any, ...]]] = {}
    for row in rows:
        world = row[0].partition("@")[2]
        found.setdefault(world, set()).add(tuple(plain(value) for value in row))
    return found


def plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    return value.partition("@")[0] if isinstance(value, str) else value


def sessions_of(
    events: Iterable[Event], persons: dict[str, str], shared: Collection[str]
) -> Iterable[tuple[str, date, datetime, datetime, int, int]]:
    for one in oracle.sessions(events, ZONE, persons, shared):
        began_on = one.began_at.astimezone(ZONE).date()
        counts = len(one.events), len(one.server_events)
        yield (one.person, began_on, one.began_at, one.ended_at, *counts)
