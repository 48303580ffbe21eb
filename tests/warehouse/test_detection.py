"""Runs of detection: who is written to, once, whatever dies half-way."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from orchestration.detection import is_anything_due, preview
from orchestration.triggers.message import read_message
from tests.unit.trigger_builders import DAY, MICROSECOND, MONDAY, cart, shop, wall
from tests.warehouse.detection_world import ABANDONED_CART, TUESDAY, run


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
