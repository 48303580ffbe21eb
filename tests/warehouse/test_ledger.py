"""The ledger's rules on the real engine: who owns which offsets, and what a crash leaves."""

import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from orchestration.reporting import summary
from orchestration.waiting import Waiting
from streams import ledger, ranges
from streams.ledger import LedgerConflictError, Position, claim, delete_tail, is_owner
from streams.producer import LogEnds
from streams.ranges import RangeRows, range_rows, store
from streams.records import Origin
from streams.truncation import truncations
from streams.verify import repair, verify
from tests.builders import NOON, enrichment, event, record
from warehouse.client import Warehouse

TOPIC = "shop.events"
BY = enrichment()


def claimed(warehouse: Warehouse, first_offset: int = 0, topic_id: str = "T") -> Position:
    return claim(warehouse, topic_id, TOPIC, 0, first_offset=first_offset, owner="me")


def rows_of(
    position: Position,
    offsets: list[int],
    broken: frozenset[int] = frozenset(),
    leader_epoch: int = -1,
) -> RangeRows:
    records = [record(o, b"{" if o in broken else event(id=f"e{o}")) for o in offsets]
    return range_rows(
        [one._replace(leader_epoch=leader_epoch) for one in records],
        expected_from=position.next_offset,
        topic_id="T",
        origin=Origin(TOPIC, 0, position.generation),
        by=BY,
        ingested_at=NOON,
    )


def store_offsets(warehouse: Warehouse, offsets: list[int], **given: Any) -> Position:
    position = claimed(warehouse)
    store(warehouse, rows_of(position, offsets, **given), NOON)
    return position


def test_the_first_claim_begins_where_the_broker_does(warehouse: Warehouse) -> None:
    assert claimed(warehouse, first_offset=17) == Position(generation=1, next_offset=17)


def test_a_claim_goes_on_after_what_is_stored_under_a_generation_of_its_own(
    warehouse: Warehouse,
) -> None:
    store_offsets(warehouse, [0, 1, 2], broken=frozenset({1}))
    clock_ms = record(2, None).broker_time_ms
    assert claimed(warehouse) == Position(generation=2, next_offset=3, clock_ms=clock_ms)
    found = verify(warehouse).as_json()
    assert (found["ok"], found["lost"], found["doubled"]) == (True, 0, 0)


def test_a_claim_deletes_the_tail_that_a_crash_left(warehouse: Warehouse) -> None:
    store_offsets(warehouse, [0, 1])
    tail = rows_of(Position(1, 2), [2, 3])
    warehouse.insert_arrow("event_store.event_log", tail.log)
    warehouse.insert_arrow("analytics.events", tail.events)
    assert claimed(warehouse).next_offset == 2
    assert warehouse.scalar("select max(offset) from event_store.event_log") == 1
    assert warehouse.scalar("select max(offset) from analytics.events") == 1


def test_what_a_zombie_writes_counts_for_nothing_and_can_be_repaired(warehouse: Warehouse) -> None:
    zombie = store_offsets(warehouse, [0, 1])
    owner = claimed(warehouse)
    store(warehouse, rows_of(owner, [2, 3]), NOON)
    store(warehouse, rows_of(Position(zombie.generation, 2), [2, 3, 4]), NOON)  # it wakes

    assert claimed(warehouse).next_offset == 4
    verdict = verify(warehouse)
    assert verdict.is_ok
    assert sum(one.orphans for one in verdict.partitions) > 0
    repair(warehouse, verdict)
    assert warehouse.scalar("select count() from event_store.event_log") == 4
    assert sum(one.orphans for one in verify(warehouse).partitions) == 0


def test_the_summary_counts_what_the_ledger_counts_and_no_rows_of_a_zombie(
    warehouse: Warehouse,
) -> None:
    zombie = store_offsets(warehouse, [0, 1])
    store(warehouse, rows_of(claimed(warehouse), [2, 3]), NOON)
    store(warehouse, rows_of(Position(zombie.generation, 2), [2, 3, 4]), NOON)
    nothing_waits = Waiting({}, [], [], [], [])
    figures = summary(warehouse, "EUR", waiting=nothing_waits, outdated_events=0)
    assert (figures.events_read, figures.events_stored) == (4, 4)


def test_a_claim_that_was_frozen_deletes_nothing_of_a_newer_one(warehouse: Warehouse) -> None:
    store_offsets(warehouse, [0, 1])
    frozen = claimed(warehouse)  # before it deletes the tail, another worker takes over
    owner = claimed(warehouse)
    store(warehouse, rows_of(owner, [2, 3, 4]), NOON)
    delete_tail(warehouse, TOPIC, 0, frozen)  # it wakes
    verdict = verify(warehouse)
    assert verdict.is_ok
    assert warehouse.scalar("select count() from analytics.events") == 5


def test_a_zombies_range_is_void_even_when_its_successor_stored_nothing(
    warehouse: Warehouse,
) -> None:
    zombie = store_offsets(warehouse, [0, 1])
    claimed(warehouse)
    store(warehouse, rows_of(Position(zombie.generation, 2), [2, 3]), NOON)
    assert claimed(warehouse).next_offset == 2
    assert verify(warehouse).is_ok


def test_an_owner_is_told_when_another_claimed_its_partition(warehouse: Warehouse) -> None:
    first = claimed(warehouse)
    assert is_owner(warehouse, TOPIC, 0, first.generation)
    second = claimed(warehouse)
    assert not is_owner(warehouse, TOPIC, 0, first.generation)
    assert is_owner(warehouse, TOPIC, 0, second.generation)


def test_a_range_may_hold_events_of_more_months_than_an_insert_takes_by_itself(
    warehouse: Warehouse,
) -> None:
    position = claimed(warehouse)
    months = [
        NOON.replace(year=2010 + number // 12, month=1 + number % 12) for number in range(120)
    ]
    rows = range_rows(
        [record(n, event(id=f"e{n}", time=month)) for n, month in enumerate(months)],
        expected_from=position.next_offset,
        topic_id="T",
        origin=Origin(TOPIC, 0, position.generation),
        by=BY,
        ingested_at=NOON,
    )
    store(warehouse, rows, NOON)
    assert verify(warehouse).is_ok
    assert warehouse.scalar("select uniqExact(toYYYYMM(occurred_on)) from analytics.events") == 120


def test_a_topic_made_anew_is_refused(warehouse: Warehouse) -> None:
    store_offsets(warehouse, [0])
    with pytest.raises(LedgerConflictError, match="made anew"):
        claimed(warehouse, topic_id="another")


def test_retention_that_passed_the_ledger_is_refused_with_the_exact_gap(
    warehouse: Warehouse,
) -> None:
    store_offsets(warehouse, [0, 1])
    with pytest.raises(LedgerConflictError, match=r"offsets 2\.\.9 .* \(8 messages\)"):
        claimed(warehouse, first_offset=10)


@pytest.mark.parametrize(
    ("table", "lost"),
    [("event_store.event_log", 1), ("analytics.events", 1), ("event_store.dead_letters", 1)],
)
def test_verify_finds_a_lost_offset(warehouse: Warehouse, table: str, lost: int) -> None:
    store_offsets(warehouse, [0, 1, 2, 3], broken=frozenset({2}))
    offset = 2 if "dead" in table else 1
    warehouse.execute(f"delete from {table} where offset = {offset}")
    found = verify(warehouse).as_json()
    assert (found["ok"], found["lost"], found["doubled"]) == (False, lost, 0)


def test_verify_finds_a_doubled_offset(warehouse: Warehouse) -> None:
    position = store_offsets(warehouse, [0, 1, 2])
    again = rows_of(Position(position.generation, 1), [1])
    warehouse.insert_arrow("analytics.events", again.events)
    found = verify(warehouse).as_json()
    assert (found["ok"], found["lost"], found["doubled"]) == (False, 0, 1)


def test_verify_finds_a_hole_in_the_ledger_itself(warehouse: Warehouse) -> None:
    position = store_offsets(warehouse, [0, 1])
    store(warehouse, rows_of(Position(position.generation, 5), [5, 6]), NOON)
    assert verify(warehouse).as_json()["lost"] == 3


def test_declared_gaps_are_no_loss(warehouse: Warehouse) -> None:
    store_offsets(warehouse, [0, 3, 4])
    found = verify(warehouse).as_json()
    assert (found["ok"], found["gaps"]) == (True, 2)


def broker_log(end: int, epoch_ends: dict[int, int] | None = None) -> LogEnds:
    return LogEnds("T", {0: end}, epoch_ends or {})


@pytest.mark.parametrize(
    ("log", "words"),
    [
        pytest.param(broker_log(3), None, id="the broker holds it all"),
        pytest.param(broker_log(9, {0: 7}), None, id="and more, by the same leader"),
        pytest.param(broker_log(2), "log ends at 2", id="its tail is lost"),
        pytest.param(broker_log(0), "log ends at 0", id="all is lost"),
        pytest.param(broker_log(9, {0: 2}), "ends at 2", id="lost, and grown over since"),
        pytest.param(LogEnds("U", {0: 9}, {}), "made anew", id="another topic of that name"),
    ],
)
def test_a_broker_that_holds_less_than_the_ledger_is_contradicted(
    warehouse: Warehouse, log: LogEnds, words: str | None
) -> None:
    store_offsets(warehouse, [0, 1, 2], leader_epoch=4)
    asked: list[dict[int, int]] = []

    def ask(epochs: Mapping[int, int]) -> LogEnds:
        asked.append(dict(epochs))
        return log

    _, contradictions = truncations(warehouse, TOPIC, ask)
    assert asked == [{0: 4}]
    assert len(contradictions) == (words is not None)
    assert all(words in one and "To go on" in one for one in contradictions if words)


def test_the_clock_of_a_partition_goes_on_after_a_claim(warehouse: Warehouse) -> None:
    store_offsets(warehouse, [0, 1, 2])
    assert claimed(warehouse).clock_ms == record(2, None).broker_time_ms


class Standstill:
    """Lets somebody else act, once, in the middle of a worker's step."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
        self.meanwhile: Callable[[], None] | None = None
        owner, name = {
            "claim": (ledger, "delete_tail"),
            "delete": (ledger, "_clock_ms"),
            "insert": (Warehouse, "insert_arrow"),
            "ledger": (ranges, "record"),
        }[point]
        step = getattr(owner, name)

        def standing(*given: Any, **named: Any) -> Any:
            if point != "insert" or "analytics.events" in given:
                act, self.meanwhile = self.meanwhile, None
                if act:
                    act()
            return step(*given, **named)

        monkeypatch.setattr(owner, name, standing)


def taken_over(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, point: str, turns: int
) -> None:
    """Worker after worker stands still at a point while its successor stores, and then goes on."""
    chance = random.Random(point)
    standstill = Standstill(monkeypatch, point)
    end = 0

    def succeed() -> None:
        nonlocal end
        position = claimed(warehouse)
        assert position.next_offset == end
        offsets = list(range(end, end + chance.randrange(1, 6)))
        store(warehouse, rows_of(position, offsets, frozenset(offsets[1:2])), NOON)
        end = offsets[-1] + 1

    for _ in range(turns):
        standstill.meanwhile = succeed
        position = claimed(warehouse)
        offsets = list(range(position.next_offset, position.next_offset + chance.randrange(1, 9)))
        store(warehouse, rows_of(position, offsets, frozenset(offsets[2:3])), NOON)
        found = verify(warehouse).as_json()
        assert (found["ok"], found["lost"], found["doubled"]) == (True, 0, 0)
    assert claimed(warehouse).next_offset == end
    repair(warehouse, verify(warehouse))
    assert warehouse.scalar("select count() from event_store.event_log") == end
    assert verify(warehouse).is_ok


POINTS = ("claim", "delete", "insert", "ledger")


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_stands_still_at_a_point_takes_nothing_from_its_successor(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    taken_over(warehouse, monkeypatch, point, turns=3)


@pytest.mark.long
@pytest.mark.parametrize("point", POINTS)
def test_twenty_standstills_at_a_point_take_nothing_from_the_successors(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    taken_over(warehouse, monkeypatch, point, turns=20)
