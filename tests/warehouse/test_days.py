"""Dirty days, as the real engine finds them from the ledger, the events and the noted builds."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from orchestration.days import Counts, arrivals, dirty_days, record_build, unseen_days
from streams import ledger
from warehouse.client import Warehouse

TOPIC = "shop.events"
EVENT_COLUMNS = ("event_id", "kind", "person", "order_id", "occurred_on", "occurred_at")
STORED_AT = datetime(2016, 9, 1, tzinfo=UTC)


class Ledger:
    """The ledger of a topic with one partition, written the way the stream writes it."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.position = self.claimed()

    def claimed(self) -> ledger.Position:
        return ledger.claim(self.warehouse, "topic-id", TOPIC, 0, first_offset=0, owner="a test")

    def stores(self, arrivals: dict[date, int], position: ledger.Position | None = None) -> None:
        position = position or self.position
        count = sum(arrivals.values())
        last = position.next_offset + count - 1
        stored = ledger.StoredRange(
            topic_id="topic-id",
            topic=TOPIC,
            partition=0,
            generation=position.generation,
            from_offset=position.next_offset,
            to_offset=last,
            event_count=count,
            dead_letter_count=0,
            gaps=(),
            arrivals=arrivals,
            occurred_max=STORED_AT,
        )
        ledger.record(self.warehouse, stored, STORED_AT)
        self.position = ledger.Position(position.generation, last + 1)


@pytest.fixture
def stored(warehouse: Warehouse) -> Ledger:
    return Ledger(warehouse)


def happened(warehouse: Warehouse, event_id: str, order_id: str, day: date) -> None:
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    row = (event_id, "order.placed", "v:1", order_id, day, at)
    warehouse.insert("analytics.events", EVENT_COLUMNS, [row])


def august(day: int) -> date:
    return date(2016, 8, day)


def test_an_empty_ledger_has_no_dirty_day(warehouse: Warehouse) -> None:
    assert dirty_days(warehouse).days == []


def test_arrivals_of_a_day_are_summed_over_ranges(warehouse: Warehouse, stored: Ledger) -> None:
    stored.stores({august(1): 3, august(2): 1})
    stored.stores({august(2): 4})
    assert dirty_days(warehouse).counts == {august(1): Counts(3), august(2): Counts(5)}


def test_a_built_day_is_clean_until_something_arrives(warehouse: Warehouse, stored: Ledger) -> None:
    stored.stores({august(1): 3, august(2): 1})
    record_build(warehouse, dirty_days(warehouse).counts, "first")
    assert dirty_days(warehouse).days == []
    stored.stores({august(1): 1})
    assert dirty_days(warehouse).counts == {august(1): Counts(4)}


def test_what_arrives_while_a_build_runs_leaves_the_day_dirty(
    warehouse: Warehouse, stored: Ledger
) -> None:
    stored.stores({august(1): 3})
    before = dirty_days(warehouse)
    stored.stores({august(1): 1})
    record_build(warehouse, before.counts, "first")
    assert dirty_days(warehouse).counts == {august(1): Counts(4)}


def test_the_newest_build_of_a_day_counts(warehouse: Warehouse, stored: Ledger) -> None:
    stored.stores({august(1): 3})
    record_build(warehouse, {august(1): Counts(3)}, "one that saw it all")
    record_build(warehouse, {august(1): Counts(2)}, "a slower one that began earlier")
    assert dirty_days(warehouse).counts == {august(1): Counts(3)}


def test_a_dirty_day_is_built_with_neighbours_that_have_events(
    warehouse: Warehouse, stored: Ledger
) -> None:
    stored.stores({august(4): 1, august(5): 1, august(6): 1, august(8): 1})
    record_build(warehouse, dirty_days(warehouse).counts, "first")
    stored.stores({august(5): 1, august(8): 1})
    assert dirty_days(warehouse).days == [august(4), august(5), august(6), august(8)]


def test_a_late_copy_of_an_order_has_the_days_of_its_other_copies_built(
    warehouse: Warehouse, stored: Ledger
) -> None:
    stored.stores({august(2): 1, august(9): 1, august(20): 1})
    record_build(warehouse, dirty_days(warehouse).counts, "first")
    happened(warehouse, "first copy", "ORD-1", august(2))
    happened(warehouse, "late copy", "ORD-1", august(20))
    happened(warehouse, "another order", "ORD-2", august(9))
    stored.stores({august(20): 1})
    assert dirty_days(warehouse).days == [august(2), august(20)]


def test_a_copy_of_an_event_on_another_day_has_that_day_built(
    warehouse: Warehouse, stored: Ledger
) -> None:
    stored.stores({august(2): 1, august(9): 1, august(20): 1})
    record_build(warehouse, dirty_days(warehouse).counts, "first")
    happened(warehouse, "one event", "", august(2))
    happened(warehouse, "one event", "", august(20))
    happened(warehouse, "another event", "", august(9))
    stored.stores({august(20): 1})
    assert dirty_days(warehouse).days == [august(2), august(20)]


def test_an_order_that_an_event_tells_of_no_more_has_the_days_of_its_other_copies_built(
    warehouse: Warehouse, stored: Ledger
) -> None:
    stored.stores({august(1): 1, august(9): 1, august(10): 1, august(20): 1})
    record_build(warehouse, dirty_days(warehouse).counts, "first")
    happened(warehouse, "E", "ORD-2", august(1))
    happened(warehouse, "F", "ORD-2", august(10))
    happened(warehouse, "another", "ORD-3", august(20))
    happened(warehouse, "E", "ORD-1", august(5))
    stored.stores({august(5): 1})
    assert dirty_days(warehouse).days == [august(1), august(5), august(9), august(10)]


def test_what_arrives_after_persons_were_resolved_leaves_its_day_dirty(
    warehouse: Warehouse, stored: Ledger
) -> None:
    stored.stores({august(1): 3})
    before = arrivals(warehouse)
    mark(warehouse, august(1))
    stored.stores({august(1): 1, august(2): 1})
    record_build(warehouse, dirty_days(warehouse).as_arrived(before).counts, "first")
    marks = {"persons": 1}
    assert dirty_days(warehouse).counts == {august(1): Counts(4, marks), august(2): Counts(1)}


def test_ranges_of_a_woken_zombie_make_no_day_dirty(warehouse: Warehouse, stored: Ledger) -> None:
    stored.stores({august(1): 3})
    zombie = stored.position
    record_build(warehouse, dirty_days(warehouse).counts, "first")
    stored.claimed()
    stored.stores({august(1): 2}, position=zombie)
    assert dirty_days(warehouse).days == []


def mark(warehouse: Warehouse, *days: date, reason: str = "persons") -> None:
    rows = [(day, reason, STORED_AT) for day in days]
    warehouse.insert("operations.day_marks", ("shop_day", "reason", "marked_at"), rows)


def test_a_marked_day_is_dirty_until_a_build_has_seen_its_marks(
    warehouse: Warehouse, stored: Ledger
) -> None:
    stored.stores({august(1): 3, august(2): 1})
    record_build(warehouse, dirty_days(warehouse).counts, "first")
    mark(warehouse, august(1))
    before = unseen_days(warehouse)
    assert before == {august(1): Counts(3, {"persons": 1})}
    mark(warehouse, august(1))
    record_build(warehouse, before, "second")
    assert dirty_days(warehouse).counts == {august(1): Counts(3, {"persons": 2})}
    record_build(warehouse, dirty_days(warehouse).counts, "third")
    assert dirty_days(warehouse).days == []


def test_a_mark_and_an_arrival_less_do_not_outweigh_each_other(
    warehouse: Warehouse, stored: Ledger
) -> None:
    stored.stores({august(1): 3})
    record_build(warehouse, {august(1): Counts(4)}, "one that saw a range since repaired")
    mark(warehouse, august(1))
    assert dirty_days(warehouse).counts == {august(1): Counts(3, {"persons": 1})}


def test_a_marked_day_that_never_had_an_event_can_be_built(warehouse: Warehouse) -> None:
    mark(warehouse, august(1))
    record_build(warehouse, dirty_days(warehouse).counts, "first")
    assert dirty_days(warehouse).days == []


def test_changed_persons_reach_the_neighbours_and_not_the_copies_of_orders(
    warehouse: Warehouse, stored: Ledger
) -> None:
    stored.stores({august(day): 1 for day in (2, 8, 9, 20)})
    record_build(warehouse, dirty_days(warehouse).counts, "first")
    happened(warehouse, "placed", "ORD-1", august(9))
    happened(warehouse, "paid", "ORD-1", august(20))
    mark(warehouse, august(9))
    dirty = dirty_days(warehouse)
    assert (dirty.days, dirty.marked) == ([august(8), august(9)], {august(9)})
    mark(warehouse, august(9), reason="enrichment")
    assert dirty_days(warehouse).days == [august(8), august(9), august(20)]
