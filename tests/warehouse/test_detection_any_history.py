"""Detection by SQL and by the rules in Python, on the same small histories."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.same_person import resolved
from orchestration.triggers.contents import ADDED, BOUGHT, REMOVED, CartEvent, Line
from orchestration.triggers.decide import Answer, Cart, Clock, People, decide
from orchestration.triggers.message import read_message
from tests.unit.trigger_builders import MICROSECOND, MONDAY, WHAT_IS_LEFT, cart, definition, shop
from tests.warehouse.detection_world import ABANDONED_CART, ListFeed, Names, run, session_of

ONLY_WHAT_IS_LEFT = definition(WHAT_IS_LEFT)

hours = st.integers(0, 60).map(lambda hour: MONDAY + timedelta(hours=hour))
ticks = st.sampled_from([timedelta(0), MICROSECOND, -MICROSECOND])
moments = st.builds(lambda hour, tick: hour + tick, hours, ticks)
people = st.sampled_from(
    [
        Names("ann"),
        Names("ann", "3"),
        Names("bob"),
        Names("", "3"),
        Names("kiosk", "3"),
        Names("kiosk", "4"),
        Names("kiosk"),
    ]
)
resolutions = st.sampled_from(
    [
        {},
        {"v:ann": "v:ann", "v:bob": "v:ann"},
        {"c:3": "c:3", "v:bob": "c:3"},
        {"c:3": "c:3", "v:ann": "c:3", "v:bob": "c:3"},
        {"c:3": "c:3", "v:bob": "c:3", "c:4": "c:4", "v:ann": "c:4"},
        {"c:4": "c:4", "v:kiosk": "c:4"},
    ]
)
origins = st.sampled_from(["live", "live", "import"])


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Cart], list[tuple[Names, Answer]]]:
    added = draw(
        st.lists(st.tuples(people, st.sets(moments, min_size=1, max_size=3), origins), max_size=4)
    )
    carts = []
    for session, (names, instants, origin) in enumerate(added):
        in_order = sorted(instants)
        for here, after in zip(in_order, [*in_order[1:], None], strict=True):
            carts.append(
                cart(
                    person=names.raw_person,
                    visitor_id=names.visitor_id,
                    customer_id=names.customer_id,
                    session_id=f"s{session}",
                    event_id=f"e{len(carts)}",
                    origin=origin,
                    added_at=here,
                    next_added_at=after,
                )
            )
    orders = draw(st.lists(st.tuples(people, st.builds(Answer, moments, origins)), max_size=4))
    return carts, orders


lines = st.builds(
    Line,
    st.sampled_from(["MUG", "CAP"]),
    quantity=st.sampled_from(["0", "1", "2", "0.5", "-1"]).map(Decimal),
)
minutes = st.integers(-15, 15).map(lambda minute: timedelta(minutes=minute))


@st.composite
def happenings(draw: st.DrawFn, carts: list[Cart]) -> list[tuple[Names, CartEvent]]:
    """What each cart's addition put in, and what else changed carts, much of it around these."""
    happened = [
        (
            Names(one.visitor_id, one.customer_id),
            CartEvent(
                event_id=one.event_id,
                kind=ADDED,
                occurred_at=one.added_at,
                origin=one.origin,
                lines=draw(st.lists(lines, min_size=1, max_size=2)),
            ),
        )
        for one in carts
    ]
    additions = [one.added_at for one in carts] or [MONDAY]
    around = st.builds(lambda at, off: at + off, st.sampled_from(additions), minutes)
    for number in range(draw(st.integers(0, 4))):
        other = CartEvent(
            event_id=f"x{number}",
            kind=draw(st.sampled_from([ADDED, REMOVED, REMOVED, *BOUGHT])),
            occurred_at=draw(st.one_of(moments, around)),
            origin=draw(origins),
            lines=draw(st.lists(lines, max_size=2)),
            visit_sequence=draw(st.integers(0, 1)),
        )
        happened.append((draw(people), other))
    return happened


def by_person(persons, orders: list[tuple[Names, Answer]]) -> dict[str, list[Answer]]:
    """Orders of everybody whose names they bear."""
    told: dict[str, list[Answer]] = {}
    for names, order in orders:
        for name in names.both:
            told.setdefault(persons.get(name, name), []).append(order)
    return told


def changes_by_person(persons, happened, orders) -> dict[str, list[CartEvent]]:
    """What changed the carts of everybody whose names it bears; an order told no products."""
    told = [
        CartEvent(f"order-{number}", BOUGHT[1], order.occurred_at, order.origin)
        for number, (_, order) in enumerate(orders)
    ]
    everything = [*happened, *zip((names for names, _ in orders), told, strict=True)]
    changes: dict[str, list[CartEvent]] = {}
    for names, one in everything:
        for person in {persons.get(name, name) for name in names.both}:
            changes.setdefault(person, []).append(one)
    return changes


def known_at(now: datetime, carts: list[Cart], orders: list[tuple[Names, Answer]]):
    """What the marts can tell at an instant: the next addition is not known before it happens."""
    return (
        [
            replace(one, next_added_at=None)
            if one.next_added_at and one.next_added_at > now
            else one
            for one in carts
            if one.added_at <= now
        ],
        [(names, order) for names, order in orders if order.occurred_at <= now],
    )


# An example costs up to a second of the engine; seldom cases are drawn by `make test-all`.
on_the_engine = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
SHARE = 1 if settings.get_current_profile_name() == "long" else 4


@settings(on_the_engine, max_examples=40 // SHARE)
@given(histories(), resolutions, st.integers(-24, 140), st.sampled_from(["wall", "shop"]))
def test_candidates_by_sql_are_what_the_rules_would_fire(
    world, history, persons, hour, mode
) -> None:
    carts, orders = history
    world.resolve(persons)
    feed = ListFeed()
    clock = Clock(MONDAY + timedelta(hours=hour), mode)
    world.forget_firings()
    world.tell(carts, orders)
    report = run(world, feed, clock)
    told = by_person(persons, orders)
    as_stored = [replace(one, session_id=str(session_of(one))) for one in carts]  # they part ties
    of_today = [resolved(one, persons) for one in as_stored]
    expected = decide(ABANDONED_CART, of_today, People(told), (), clock).firings
    fired = [read_message(value) for _, value in feed.messages]
    assert {(one.id, one.time) for one in fired} == {
        (one.firing_id, one.due_at) for one in expected
    }
    # SQL leaves nothing to the rules but to choose among the carts of one person
    assert set(report.tallies[0].refused) <= {"already_fired"}


@settings(on_the_engine, max_examples=60 // SHARE)
@given(st.data(), resolutions, st.integers(20, 140), st.sampled_from(["wall", "shop"]))
def test_sql_and_the_rule_agree_on_what_is_left_in_carts(world, data, persons, hour, mode) -> None:
    carts, orders = data.draw(histories())
    happened = data.draw(happenings(carts))
    orders = orders[:1]
    world.resolve(persons)
    feed = ListFeed()
    clock = Clock(MONDAY + timedelta(hours=hour), mode)
    world.forget_firings()
    world.tell(carts, orders, happened)
    report = run(world, feed, clock, ONLY_WHAT_IS_LEFT)
    as_stored = [replace(one, session_id=str(session_of(one))) for one in carts]
    of_today = [resolved(one, persons) for one in as_stored]
    bought = [
        (names, Answer(one.occurred_at, one.origin))
        for names, one in happened
        if one.kind in BOUGHT
    ]
    known = People(
        by_person(persons, [*orders, *bought]), changes_by_person(persons, happened, orders)
    )
    expected = decide(ONLY_WHAT_IS_LEFT, of_today, known, (), clock).firings
    fired = [read_message(value) for _, value in feed.messages]
    assert {(one.id, one.time, tuple(one.data.facts.items)) for one in fired} == {
        (one.firing_id, one.due_at, tuple(one.facts.items)) for one in expected
    }
    assert set(report.tallies[0].refused) <= {"already_fired"}


@settings(on_the_engine, max_examples=16 // SHARE)
@given(histories(), resolutions, st.lists(st.integers(0, 90), max_size=4))
def test_any_cadence_of_runs_leaves_the_ledger_of_one_run_at_the_end(
    world, history, persons, clocks
) -> None:
    carts, orders = history
    world.resolve(persons)
    end = MONDAY + timedelta(hours=140)
    world.forget_firings()
    world.tell(carts, orders)
    run(world, ListFeed(), shop(end))
    at_once = world.ledger()
    world.forget_firings()
    for now in [*sorted(MONDAY + timedelta(hours=hour) for hour in clocks), end]:
        world.tell(*known_at(now, carts, orders))
        run(world, ListFeed(), shop(now))
    assert world.ledger() == at_once
