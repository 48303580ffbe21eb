from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration import detection
from orchestration.candidates import answers
from orchestration.clocks import shop_clock
from orchestration.days import Counts, record_build
from orchestration.detection import (
    DetectionRefusedError,
    Report,
    detect,
    is_anything_due,
    preview,
    tick,
)
from orchestration.same_person import resolved
from orchestration.triggers.decide import Answer, Cart, Clock, decide
from orchestration.triggers.message import read_message
from streams.producer import read_topic
from streams.settings import StreamSettings
from tests.unit.trigger_builders import DAY, MICROSECOND, MONDAY, cart, definition, shop, wall
from tests.warehouse.detection_world import ListFeed, Names, ShopWorld, session_of
from warehouse.client import Warehouse
from warehouse.settings import WarehouseSettings

TUESDAY = MONDAY + DAY
ABANDONED_CART = definition()


@pytest.fixture
def world(warehouse: Warehouse) -> ShopWorld:
    return ShopWorld(warehouse)


@pytest.fixture
def feed() -> ListFeed:
    return ListFeed()


def run(world: ShopWorld, feed: ListFeed, clock: Clock) -> Report:
    return detect(world.warehouse, feed, [ABANDONED_CART], clock)


def test_a_cart_left_for_a_day_is_recorded_published_and_marked(world, feed) -> None:
    world.cart(skus=["MUG"], names=["A mug"])
    report = run(world, feed, wall(TUESDAY))
    assert (report.fired, report.published) == (1, 1)
    assert world.ledger() == [("v:ann", TUESDAY.replace(tzinfo=None))]
    ((key, value),) = feed.messages
    fired = read_message(value)
    assert key == b"ann"
    assert fired.data.facts.names == ["A mug"]
    assert world.warehouse.rows(
        "select firing_id, partition, offset from triggers.publications"
    ) == [(fired.id, 0, 0)]


def test_a_second_run_writes_to_nobody_again(world, feed) -> None:
    world.cart()
    run(world, feed, wall(TUESDAY))
    world.cart(session_id="s2", event_id="e2", added_at=MONDAY + timedelta(hours=2))
    report = run(world, feed, wall(TUESDAY + DAY))
    assert report.tallies[0].candidates == 0
    assert feed.persons() == ["ann"]


def test_the_wall_clock_writes_nothing_about_imported_history_and_the_shops_clock_does(
    world, feed
) -> None:
    world.cart(origin="import")
    assert run(world, feed, wall(TUESDAY)).fired == 0
    assert run(world, feed, shop(TUESDAY)).fired == 1


def test_what_is_long_overdue_is_not_sent_any_more_on_the_walls_clock(world, feed) -> None:
    world.cart()
    late = TUESDAY + timedelta(hours=72)
    assert run(world, feed, wall(late + MICROSECOND)).fired == 0
    assert run(world, feed, wall(late)).fired == 1


def test_an_order_that_the_marts_do_not_know_yet_stops_the_letter_right_before_firing(
    world, feed
) -> None:
    world.cart()
    world.order(TUESDAY - timedelta(minutes=1), is_staged=False)
    report = run(world, feed, wall(TUESDAY))
    assert report.tallies[0].refused == {"answered": 1}
    assert (report.fired, feed.messages, world.ledger()) == (0, [], [])


def test_an_order_of_somebody_else_and_another_kind_of_event_stop_nothing(world, feed) -> None:
    world.cart()
    world.order(MONDAY, visitor_id="bob")
    world.order(MONDAY, kind="order.cancelled")
    assert run(world, feed, wall(TUESDAY)).fired == 1


def test_a_shop_day_that_is_no_day_of_utc_hides_no_cart(world, feed) -> None:
    added_at = datetime(2016, 8, 2, 1, tzinfo=UTC)
    for visitor, shop_day in (("ann", date(2016, 8, 1)), ("bob", date(2016, 8, 3))):
        world.carts([cart(person=f"v:{visitor}", visitor_id=visitor, added_at=added_at)], shop_day)
    assert run(world, feed, wall(added_at + DAY)).fired == 2


def test_a_dry_run_tells_and_does_nothing(world, feed) -> None:
    world.cart()
    report = preview(world.warehouse, [ABANDONED_CART], wall(TUESDAY))
    assert (report.fired, report.published, world.ledger()) == (1, 0, [])


def test_nothing_due_is_known_without_a_feed(world, feed) -> None:
    world.cart()
    assert not is_anything_due(world.warehouse, [ABANDONED_CART], wall(TUESDAY - MICROSECOND))
    assert is_anything_due(world.warehouse, [ABANDONED_CART], wall(TUESDAY))


class DyingFeed(ListFeed):
    """A feed whose user dies before or after a publication."""

    def __init__(self, *, is_published: bool) -> None:
        super().__init__()
        self._is_published = is_published

    def publish(self, messages):
        if self._is_published:
            super().publish(messages)
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    "is_published", [pytest.param(False, id="unpublished"), pytest.param(True, id="unmarked")]
)
def test_what_a_dead_run_left_is_in_the_feed_exactly_once(world, is_published) -> None:
    world.cart()
    feed = DyingFeed(is_published=is_published)
    with pytest.raises(KeyboardInterrupt):
        run(world, feed, wall(TUESDAY))
    after = ListFeed()
    after.messages = feed.messages
    assert is_anything_due(world.warehouse, [ABANDONED_CART], wall(TUESDAY))
    report = run(world, after, wall(TUESDAY))
    assert report.tallies[0].recovered == 1
    assert report.published == (0 if is_published else 1)
    assert after.persons() == ["ann"]
    assert not is_anything_due(world.warehouse, [ABANDONED_CART], wall(TUESDAY))


def test_a_letter_of_a_demo_that_was_left_unpublished_never_leaves_by_the_walls_clock(
    world,
) -> None:
    world.cart()
    with pytest.raises(KeyboardInterrupt):
        run(world, DyingFeed(is_published=False), shop(TUESDAY))
    feed = ListFeed()
    assert run(world, feed, wall(TUESDAY)).tallies[0].recovered == 0
    assert feed.messages == []


def test_carts_of_many_people_are_fired_in_batches_and_each_once(world, feed) -> None:
    world.carts(
        [
            cart(
                person=f"v:{n % 1200:04}",
                visitor_id=f"{n % 1200:04}",
                event_id=f"e{n}",
                session_id=f"s{n}",
            )
            for n in range(1500)
        ]
    )
    report = run(world, feed, shop(TUESDAY))
    assert (report.fired, report.tallies[0].refused) == (1200, {"already_fired": 300})
    assert len(set(feed.persons())) == len(feed.messages) == 1200


# One person under several names.

ANN_AND_BOB = {"c:1": "c:1", "v:ann": "c:1", "v:bob": "c:1"}


def bobs(number: int = 2, **told):
    return {"person": "v:bob", "visitor_id": "bob", "session_id": f"s{number}", **told}


def test_a_visitor_who_turns_out_to_be_the_one_written_to_gets_no_second_letter(
    world, feed
) -> None:
    world.cart()
    run(world, feed, wall(TUESDAY))
    world.resolve(ANN_AND_BOB)
    world.cart(**bobs(added_at=MONDAY + timedelta(hours=3)))
    world.cart(**bobs(3, customer_id="1", visitor_id=""))
    report = run(world, feed, wall(TUESDAY + DAY))
    assert report.tallies[0].candidates == 0
    assert feed.persons() == ["ann"]


def test_two_visitors_of_one_person_get_one_letter_in_a_run(world, feed) -> None:
    world.resolve(ANN_AND_BOB)
    world.cart()
    world.cart(**bobs())
    report = run(world, feed, wall(TUESDAY))
    assert report.tallies[0].refused == {"already_fired": 1}
    assert world.ledger() == [("c:1", TUESDAY.replace(tzinfo=None))]


def test_after_a_separation_nobody_gets_the_letter_that_he_had_and_others_do(world, feed) -> None:
    world.cart(**bobs(1))
    run(world, feed, wall(TUESDAY))
    world.resolve(ANN_AND_BOB)
    world.cart(customer_id="1")
    assert run(world, feed, wall(TUESDAY)).fired == 0
    world.resolve({})
    world.cart(**bobs(9))
    run(world, feed, wall(TUESDAY))
    assert feed.persons() == ["bob", "ann"]


def test_after_a_separation_the_visitor_and_the_customer_of_a_letter_both_had_it(
    world, feed
) -> None:
    world.resolve(ANN_AND_BOB)
    world.cart(customer_id="1")
    run(world, feed, wall(TUESDAY))
    world.resolve({})
    world.cart(session_id="s2")
    world.cart(person="c:1", visitor_id="", customer_id="1", session_id="s3")
    assert run(world, feed, wall(TUESDAY)).tallies[0].candidates == 0
    world.cart(**bobs())
    assert run(world, feed, wall(TUESDAY)).fired == 1


@pytest.mark.parametrize("is_staged", [True, False], ids=["built", "not built yet"])
def test_an_order_under_another_name_of_the_person_stops_the_letter(world, feed, is_staged) -> None:
    world.resolve(ANN_AND_BOB)
    world.cart()
    world.order(MONDAY + timedelta(hours=1), visitor_id="bob", is_staged=is_staged)
    report = run(world, feed, wall(TUESDAY))
    assert (report.fired, report.tallies[0].candidates) == (0, 0 if is_staged else 1)


def test_an_order_that_names_the_customer_stops_the_letter_from_whatever_visitor_it_comes(
    world, feed
) -> None:
    world.resolve(ANN_AND_BOB)
    world.cart()
    world.order(MONDAY + timedelta(hours=1), visitor_id="new", customer_id="1", is_staged=False)
    assert run(world, feed, wall(TUESDAY)).tallies[0].refused == {"answered": 1}


# Customers at a shared visitor: it was split, or too much hangs together with it.

ALICE = {"c:alice": "c:alice", "v:phone": "c:alice"}


def at_kiosk(customer: str, number: int = 1, **told):
    return {
        "person": "v:kiosk",
        "visitor_id": "kiosk",
        "customer_id": customer,
        "session_id": f"kiosk {number}",
        "event_id": f"kiosk {number}",
        **told,
    }


def test_a_customer_who_had_her_letter_gets_none_at_a_shared_visitor(world, feed) -> None:
    world.resolve(ALICE)
    world.cart(person="v:phone", visitor_id="phone", customer_id="alice")
    run(world, feed, wall(TUESDAY))
    world.cart(**at_kiosk("alice"))
    assert run(world, feed, wall(TUESDAY)).tallies[0].candidates == 0
    assert world.ledger() == [("c:alice", TUESDAY.replace(tzinfo=None))]


@pytest.mark.parametrize("is_staged", [True, False], ids=["built", "not built yet"])
def test_an_order_at_her_own_visitor_stops_the_letter_about_a_shared_one(
    world, feed, is_staged
) -> None:
    world.resolve(ALICE)
    world.cart(**at_kiosk("alice"))
    world.order(MONDAY, visitor_id="phone", is_staged=is_staged)
    assert run(world, feed, wall(TUESDAY)).fired == 0


def test_a_customer_at_three_visitors_of_too_large_a_component_gets_one_letter(world, feed) -> None:
    for number in range(3):
        world.cart(**at_kiosk("alice", number, visitor_id=f"{number}", person=f"v:{number}"))
    assert run(world, feed, wall(TUESDAY)).fired == 1
    assert world.ledger() == [("c:alice", TUESDAY.replace(tzinfo=None))]


def test_a_letter_to_one_customer_at_a_shared_visitor_leaves_the_others_theirs(world, feed) -> None:
    world.cart(**at_kiosk("alice"))
    run(world, feed, wall(TUESDAY))
    world.cart(**at_kiosk("bob", 2))
    world.cart(**at_kiosk("alice", 3))
    world.order(MONDAY, visitor_id="kiosk", customer_id="alice")
    assert run(world, feed, wall(TUESDAY)).fired == 1
    assert [person for person, _ in world.ledger()] == ["c:alice", "c:bob"]


def test_after_a_split_neither_customer_nor_visitor_of_a_letter_gets_it_again(world, feed) -> None:
    world.resolve({"c:alice": "c:alice", "c:bob": "c:alice", "v:kiosk": "c:alice"})
    world.cart(**at_kiosk("bob"))
    run(world, feed, wall(TUESDAY))
    world.resolve({})
    for number, customer in enumerate(["alice", "bob", ""], 2):
        world.cart(**at_kiosk(customer, number))
    assert run(world, feed, wall(TUESDAY)).tallies[0].candidates == 0
    world.cart(**at_kiosk("carl", 9))
    assert run(world, feed, wall(TUESDAY)).fired == 1


def test_of_a_customer_and_a_stranger_at_one_visitor_the_cadence_of_runs_decides_nothing(
    world, feed
) -> None:
    world.cart(**at_kiosk("alice"))
    world.cart(**at_kiosk("", 2, added_at=MONDAY + timedelta(hours=1)))
    assert run(world, feed, shop(TUESDAY + DAY)).fired == 1
    world.forget_firings()
    assert run(world, feed, shop(TUESDAY)).fired == 1
    assert run(world, feed, shop(TUESDAY + DAY)).fired == 0


# Who somebody is, is found out by the next build.


def test_a_stranger_who_had_a_letter_and_then_names_himself_waits_for_a_build_and_gets_none(
    world, feed
) -> None:
    world.cart()
    run(world, feed, wall(TUESDAY))
    world.cart(customer_id="1", session_id="s2", event_id="e2")
    world.meet("c:1", "v:ann")
    assert run(world, feed, wall(TUESDAY)).tallies[0].candidates == 0
    world.resolve({"c:1": "c:1", "v:ann": "c:1"})
    assert run(world, feed, wall(TUESDAY)).tallies[0].candidates == 0
    assert feed.persons() == ["ann"]


@pytest.mark.parametrize("names", [("c:1", "v:ann"), ("c:1", "v:bob")], ids=["his", "another's"])
def test_a_letter_about_somebody_just_named_waits_for_a_build_and_is_written_then(
    world, feed, names
) -> None:
    world.resolve({"c:1": "c:1", "t:9": "c:1"})
    world.cart(customer_id="1")
    world.meet(*names)
    assert run(world, feed, wall(TUESDAY)).tallies[0].candidates == 0
    world.resolve({"c:1": "c:1", "t:9": "c:1", "v:ann": "c:1", "v:bob": "c:1"})
    assert run(world, feed, wall(TUESDAY)).fired == 1
    assert world.ledger() == [("c:1", TUESDAY.replace(tzinfo=None))]


# A build finds out who is who while detection runs.


class MergingFeed(ListFeed):
    """A feed at whose first publication bob turns out to be customer 1."""

    def __init__(self, world: ShopWorld) -> None:
        super().__init__()
        self._world = world

    def publish(self, messages):
        self._world.resolve(ANN_AND_BOB)
        return super().publish(messages)


def written_to_customer(world: ShopWorld) -> None:
    world.cart(person="c:1", visitor_id="", customer_id="1")
    run(world, ListFeed(), wall(TUESDAY))


def test_persons_merged_between_two_batches_get_no_second_letter(world) -> None:
    written_to_customer(world)
    first_batch = [f"a{number:03}" for number in range(500)]
    world.carts(
        [cart(person=f"v:{one}", visitor_id=one, session_id=one) for one in [*first_batch, "bob"]]
    )
    feed = MergingFeed(world)
    assert run(world, feed, wall(TUESDAY)).fired == 500
    assert "bob" not in feed.persons()


def test_persons_merged_between_two_reads_of_one_batch_get_no_second_letter(
    world, feed, monkeypatch
) -> None:
    written_to_customer(world)
    world.cart(**bobs())

    def answers_and_a_merge(*arguments):
        told = answers(*arguments)
        world.resolve(ANN_AND_BOB)
        monkeypatch.undo()
        return told

    monkeypatch.setattr(detection, "answers", answers_and_a_merge)
    assert run(world, feed, wall(TUESDAY)).tallies[0].refused == {"already_fired": 1}


# The two faces: SQL and Python on the same small histories.

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


def by_person(persons, orders: list[tuple[Names, Answer]]) -> dict[str, list[Answer]]:
    """Orders of everybody whose names they bear."""
    told: dict[str, list[Answer]] = {}
    for names, order in orders:
        for name in names.both:
            told.setdefault(persons.get(name, name), []).append(order)
    return told


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


on_the_engine = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(on_the_engine, max_examples=40)
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
    expected = decide(ABANDONED_CART, of_today, told, (), clock).firings
    fired = [read_message(value) for _, value in feed.messages]
    assert {(one.id, one.time) for one in fired} == {
        (one.firing_id, one.due_at) for one in expected
    }
    # SQL leaves nothing to the rules but to choose among the carts of one person
    assert set(report.tallies[0].refused) <= {"already_fired"}


@settings(on_the_engine, max_examples=15)
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


# The shop's clock.


def reach(world: ShopWorld, partition: int, occurred_max: datetime, **told: object) -> None:
    """Note a stored range in the ledger of the stream, by the partition's owner."""
    topic = told.get("topic", "shop.events")
    world.warehouse.insert("event_store.claims", ["topic", "partition"], [[topic, partition]])
    row = {
        "topic_id": "t",
        "topic": "shop.events",
        "partition": partition,
        "event_count": 1,
        "occurred_max": occurred_max,
    } | told
    world.warehouse.insert("event_store.ranges", list(row), [list(row.values())])


def test_the_shop_has_no_time_before_an_event_is_stored(world) -> None:
    assert shop_clock(world.warehouse, StreamSettings()) is None


def test_the_shops_clock_is_the_smallest_time_that_partitions_have_reached(world) -> None:
    reach(world, 0, TUESDAY)
    reach(world, 0, MONDAY)
    reach(world, 1, TUESDAY - MICROSECOND)
    reach(world, 2, datetime(1970, 1, 1, tzinfo=UTC), event_count=0)
    reach(world, 3, MONDAY, topic="shop.other")
    assert shop_clock(world.warehouse, StreamSettings()) == shop(TUESDAY - MICROSECOND)


def test_the_shops_clock_waits_for_the_marts_at_the_beginning_of_the_first_unbuilt_day(
    world,
) -> None:
    zone = StreamSettings(shop_time_zone="Europe/London")
    days = {date(2016, 8, 1): 5, date(2016, 8, 2): 7}
    reach(world, 0, datetime(2016, 8, 2, 20, tzinfo=UTC), arrivals=days)
    record_build(world.warehouse, {date(2016, 8, 1): Counts(5)}, "run")
    assert shop_clock(world.warehouse, zone) == shop(datetime(2016, 8, 1, 23, tzinfo=UTC))
    record_build(world.warehouse, {date(2016, 8, 2): Counts(7)}, "run")
    assert shop_clock(world.warehouse, zone) == shop(datetime(2016, 8, 2, 20, tzinfo=UTC))


# A tick, from settings.


def test_the_shops_clock_refuses_a_ledger_on_another_machine() -> None:
    elsewhere = WarehouseSettings(url="https://warehouse.example:8443")
    with pytest.raises(DetectionRefusedError, match=r"the warehouse is warehouse\.example"):
        tick(StreamSettings(), elsewhere, "shop")


def test_the_shops_clock_refuses_a_feed_on_another_machine(warehouse_server) -> None:
    elsewhere = StreamSettings(kafka_brokers="127.0.0.1:9092,kafka.example:9092")
    with pytest.raises(DetectionRefusedError, match=r"kafka\.example"):
        tick(elsewhere, warehouse_server, "shop")


def test_a_tick_before_anything_is_stored_or_built_says_so(warehouse, warehouse_server) -> None:
    nobody = StreamSettings(kafka_brokers="127.0.0.1:1")
    assert tick(nobody, warehouse_server, "shop").note == "no event is stored yet"
    assert tick(nobody, warehouse_server, "wall").note == "the marts are not built yet"


def test_a_tick_asks_no_broker_when_nothing_is_due(world, warehouse_server) -> None:
    report = tick(StreamSettings(kafka_brokers="127.0.0.1:1"), warehouse_server, "wall")
    assert (report.fired, report.note) == (0, "")


def test_a_tick_on_the_shops_clock_fires_into_the_topic(
    world, warehouse_server, stream_settings
) -> None:
    world.cart(origin="import")
    reach(world, 0, TUESDAY, topic=stream_settings.events_topic)
    report = tick(stream_settings, warehouse_server, "shop")
    assert (report.fired, report.published) == (1, 1)
    (record,) = read_topic(stream_settings, stream_settings.triggers_topic)
    assert read_message(record.value).visitorid == "ann"
    assert tick(stream_settings, warehouse_server, "shop").fired == 0
