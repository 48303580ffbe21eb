"""The generated shop: the same month from the same seed, and a truth that its messages bear out."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from streams.decode import Rejected, decode
from streams.events import KINDS, Event, key_of, kind_of
from streams.simulator import Simulation, simulate
from tests import oracle


@pytest.fixture(scope="module")
def month() -> Simulation:
    return simulate()


@pytest.fixture(scope="module")
def events(month: Simulation) -> list[Event]:
    """What the oracle can read, in the order of arrival, copies included."""
    return oracle.readable(payload for _, payload in month.messages)


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not() -> None:
    first, second = (simulate(seed=3, days=4, visitors=40) for _ in range(2))
    assert first == second
    assert simulate(seed=4, days=4, visitors=40).digest != first.digest


def test_what_a_month_amounts_to_can_be_written_as_json() -> None:
    expected = simulate(seed=3, days=2, visitors=40).expected
    assert json.loads(json.dumps(asdict(expected)))["kinds"] == dict(expected.kinds)


def test_a_month_has_tens_of_thousands_of_messages_of_every_kind(month: Simulation) -> None:
    assert 30_000 < month.expected.messages < 60_000
    untold = {"order.shipped", "order.changed"}  # known from imports; this shop does not tell them
    assert set(month.expected.kinds) == set(KINDS) - untold


def test_the_truth_counts_what_the_messages_say(month: Simulation, events: list[Event]) -> None:
    expected, distinct = month.expected, oracle.distinct(events)
    assert len(month.messages) == expected.messages
    assert len(events) == expected.messages - expected.broken
    assert len(distinct) == expected.events == len(events) - expected.duplicates
    assert Counter(map(kind_of, distinct)) == expected.kinds


def test_the_truth_about_orders_is_what_their_copies_add_up_to(
    month: Simulation, events: list[Event]
) -> None:
    found = oracle.orders(events).values()
    assert len(found) == month.expected.orders
    assert sum(order.revenue_minor for order in found) == month.expected.revenue_minor
    assert sum(len(order.skus) for order in found) == month.expected.order_lines
    unknown = [order for order in found if not order.is_revenue_known]
    assert len(unknown) == month.expected.orders_without_revenue > 0


def test_the_stream_rejects_the_broken_messages_and_no_other(
    month: Simulation, events: list[Event]
) -> None:
    read = [decode(payload) for _, payload in month.messages]
    rejects = [one for one in read if isinstance(one, Rejected)]
    assert len(rejects) == month.expected.broken
    assert {one.failure for one in rejects} == {"malformed", "unknown_kind", "invalid"}
    assert [one.event for one in read if not isinstance(one, Rejected)] == events


def test_messages_come_in_the_order_of_time_but_for_the_late_ones(
    month: Simulation, events: list[Event]
) -> None:
    seen: set[str] = set()
    reached = events[0].time
    late = 0
    for event in events:
        late += event.id not in seen and event.time < reached - timedelta(minutes=20)
        seen.add(event.id)
        reached = max(reached, event.time)
    assert 0 < late <= month.expected.late


def test_no_letter_can_come_of_a_generated_event(events: list[Event]) -> None:
    assert {event.origin for event in events} == {"import"}


def test_keys_are_those_of_the_contract(month: Simulation) -> None:
    for key, payload in month.messages:
        decoded = decode(payload)
        assert isinstance(decoded, Rejected) or key == key_of(decoded.event)


def test_the_month_holds_what_is_hard_to_get_right(events: list[Event]) -> None:
    lives = oracle.by_person(events)
    pauses = {
        after.time - before.time for life in lives.values() for before, after in pairwise(life)
    }
    assert {oracle.GAP, oracle.GAP + timedelta(microseconds=1)} <= pauses
    watched = [one for one in oracle.sessions(events) if one.person == "v:price-watcher"]
    assert len(watched) > 1
    assert any(person.startswith("v:0") for person in lives)
    assert oracle.abandoned_carts(events, datetime(2100, 1, 1, tzinfo=UTC))
    assert oracle.pairs(oracle.orders(events))


def test_a_short_month_of_few_visitors_is_a_month_too() -> None:
    assert simulate(days=1, visitors=1).expected.messages > 0
