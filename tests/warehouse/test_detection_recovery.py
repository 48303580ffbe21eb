"""What a run left that died between the ledger and the feed: each letter once, and only if due."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestration.detection import detect, is_anything_due
from orchestration.firing_ledger import repair, repeated_rows
from orchestration.triggers.contents import ADDED, REMOVED, CartEvent, Line
from orchestration.triggers.message import read_message
from tests.unit.trigger_builders import ABANDONED_CART as ABANDONED_CART_TEXT
from tests.unit.trigger_builders import MONDAY, WHAT_IS_LEFT, cart, definition, shop, wall
from tests.warehouse.detection_world import ABANDONED_CART, TUESDAY, ListFeed, Names, run


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


def leave_unpublished(world, clock) -> None:
    """Leave a letter to ann in the ledger, whose detector died before it was published."""
    world.cart()
    with pytest.raises(KeyboardInterrupt):
        run(world, DyingFeed(is_published=False), clock)


def order_before_the_letter(world) -> None:
    world.order(MONDAY + timedelta(hours=23))


def order_after_the_letter(world) -> None:
    world.order(TUESDAY + timedelta(hours=2))


def unsubscribe(world) -> None:
    world.subscribe(TUESDAY + timedelta(hours=1), "newsletter: off", visitor_id="ann")


@pytest.mark.parametrize(
    ("happen", "hours", "reason"),
    [
        pytest.param(lambda _: None, 24 * 30, "stale", id="thirty days late"),
        pytest.param(order_before_the_letter, 3, "answered", id="an order that arrived late"),
        pytest.param(order_after_the_letter, 3, "answered", id="an order since"),
        pytest.param(unsubscribe, 3, "unsubscribed", id="unsubscribed since"),
    ],
)
def test_a_letter_that_is_not_due_any_more_is_withdrawn(world, feed, happen, hours, reason) -> None:
    leave_unpublished(world, wall(TUESDAY))
    happen(world)
    later = wall(TUESDAY + timedelta(hours=hours))
    report = run(world, feed, later)
    assert (report.tallies[0].recovered, report.tallies[0].withdrawn) == (1, {reason: 1})
    assert (report.published, feed.messages) == (0, [])
    assert not is_anything_due(world.warehouse, [ABANDONED_CART], later)


def test_a_withdrawn_letter_was_had_by_nobody_and_the_next_cart_gets_one(world, feed) -> None:
    leave_unpublished(world, wall(TUESDAY))
    month = timedelta(days=30)
    assert run(world, feed, wall(TUESDAY + month)).published == 0
    world.cart(event_id="e2", session_id="s2", added_at=MONDAY + month)
    assert run(world, feed, wall(TUESDAY + month)).published == 1
    assert run(world, feed, wall(TUESDAY + month)).published == 0
    assert feed.persons() == ["ann"]


def test_of_two_letters_to_visitors_who_turned_out_to_be_one_person_the_earlier_goes_out(
    world, feed
) -> None:
    world.carts([cart(), cart(person="v:bob", visitor_id="bob", event_id="e2", session_id="s2")])
    with pytest.raises(KeyboardInterrupt):
        run(world, DyingFeed(is_published=False), wall(TUESDAY))
    world.resolve({"v:ann": "v:ann", "v:bob": "v:ann"})
    report = run(world, feed, wall(TUESDAY))
    assert (report.published, report.tallies[0].withdrawn) == (1, {"already_fired": 1})


def test_letters_of_a_second_trigger_are_looked_up_before_the_first_publishes_anything(
    world,
) -> None:
    both = [ABANDONED_CART, definition(ABANDONED_CART_TEXT.replace("abandoned_cart", "second"))]
    world.cart()
    feed = ListFeed()
    assert detect(world.warehouse, feed, both[:1], wall(TUESDAY)).published == 1
    dying = DyingFeed(is_published=True)
    dying.messages = feed.messages
    with pytest.raises(KeyboardInterrupt):
        detect(world.warehouse, dying, both, wall(TUESDAY))
    world.cart(person="v:bob", visitor_id="bob", event_id="e2", session_id="s2")
    report = detect(world.warehouse, feed, both, wall(TUESDAY))
    letters = [read_message(value) for _, value in feed.messages]
    assert sorted((one.data.trigger, one.visitorid) for one in letters) == [
        ("abandoned_cart", "ann"),
        ("abandoned_cart", "bob"),
        ("second", "ann"),
        ("second", "bob"),
    ]
    assert [one.recovered for one in report.tallies] == [0, 1]


def test_a_letter_withdrawn_and_fired_again_at_one_instant_of_the_shops_clock_is_fired_once(
    world, feed
) -> None:
    leave_unpublished(world, shop(TUESDAY))
    world.order(MONDAY + timedelta(minutes=1))
    world.cart(event_id="e2", session_id="s2", added_at=MONDAY - timedelta(hours=2))
    world.cart(event_id="e3", session_id="s3", added_at=MONDAY - timedelta(hours=30))
    report = run(world, feed, shop(TUESDAY))
    assert (report.published, report.tallies[0].withdrawn) == (1, {"answered": 1})
    assert run(world, feed, shop(TUESDAY)).published == 0
    assert feed.persons() == ["ann"]


def test_a_cart_that_was_emptied_since_gets_no_letter(world, feed) -> None:
    what_is_left = definition(WHAT_IS_LEFT)
    ann = Names("ann")
    mug = [Line("MUG")]
    world.cart()
    world.happen([(ann, CartEvent("e1", ADDED, MONDAY, "live", mug))])
    with pytest.raises(KeyboardInterrupt):
        run(world, DyingFeed(is_published=False), wall(TUESDAY), what_is_left)
    since = TUESDAY + timedelta(hours=1)
    world.happen([(ann, CartEvent("e2", REMOVED, since, "live", mug))], is_staged=False)
    report = run(world, feed, wall(TUESDAY + timedelta(hours=2)), what_is_left)
    assert report.tallies[0].withdrawn == {"emptied": 1}
    assert feed.messages == []


def test_letters_of_a_trigger_that_is_not_in_force_are_marked_and_come_back_only_once(
    world, feed
) -> None:
    second = definition(ABANDONED_CART_TEXT.replace("abandoned_cart", "second"))
    world.cart()
    dying = DyingFeed(is_published=True)
    dying.messages = feed.messages
    with pytest.raises(KeyboardInterrupt):
        detect(world.warehouse, dying, [second], wall(TUESDAY))
    detect(world.warehouse, feed, [ABANDONED_CART], wall(TUESDAY))
    detect(world.warehouse, feed, [ABANDONED_CART, second], wall(TUESDAY))
    letters = [read_message(value).data.trigger for _, value in feed.messages]
    assert sorted(letters) == ["abandoned_cart", "second"]


def repeat_firings(warehouse, **replaced: str) -> None:
    """Record every firing again, as a detector does that woke late."""
    columns = ", ".join(f"{value} as {name}" for name, value in replaced.items())
    warehouse.execute(
        f"insert into triggers.firings select * replace ({columns}) from triggers.firings limit 1"
    )


def test_rows_that_repeat_a_firing_are_no_letters_and_repair_deletes_what_tells_nothing_new(
    world, feed
) -> None:
    world.cart()
    run(world, feed, wall(TUESDAY))
    for decided_at in ("decided_at", "decided_at + 7"):
        repeat_firings(world.warehouse, decided_at=decided_at, record_id="generateUUIDv4()")
    repeat_firings(world.warehouse, customer_id="'3'", record_id="generateUUIDv4()")
    assert repeated_rows(world.warehouse) == 2
    assert run(world, feed, wall(TUESDAY)).published == 0
    assert repair(world.warehouse) == 2
    assert repeated_rows(world.warehouse) == 0
    kept = world.warehouse.rows("select customer_id, count() from triggers.firings group by all")
    assert sorted(kept) == [("", 1), ("3", 1)]


def test_all_rows_of_a_withdrawn_letter_are_withdrawn(world, feed) -> None:
    leave_unpublished(world, wall(TUESDAY))
    repeat_firings(world.warehouse, decided_at="decided_at + 7", record_id="generateUUIDv4()")
    order_after_the_letter(world)
    later = wall(TUESDAY + timedelta(hours=3))
    assert run(world, feed, later).tallies[0].withdrawn == {"answered": 1}
    assert run(world, feed, later).tallies[0].recovered == 0


def test_a_letter_of_a_demo_that_was_left_unpublished_never_leaves_by_the_walls_clock(
    world,
) -> None:
    world.cart()
    with pytest.raises(KeyboardInterrupt):
        run(world, DyingFeed(is_published=False), shop(TUESDAY))
    feed = ListFeed()
    assert run(world, feed, wall(TUESDAY)).tallies[0].recovered == 0
    assert feed.messages == []
