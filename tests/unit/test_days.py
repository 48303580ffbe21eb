"""Which days a dirty day reaches, and how days become stretches."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.days import Counts, DirtyDays, Stretch, reach, stretches
from orchestration.marts.assets import day_variables

AUGUST = date(2016, 8, 1)


def day(number: int) -> date:
    return AUGUST + timedelta(days=number - 1)


def days(*numbers: int) -> list[date]:
    return [day(number) for number in numbers]


def test_a_dirty_day_reaches_its_neighbours() -> None:
    assert reach(day(5), days(4, 5, 6), ()) == set(days(4, 5, 6))


def test_a_neighbour_that_never_had_an_event_is_not_reached() -> None:
    assert reach(day(1), days(1, 2), ()) == set(days(1, 2))


def test_a_late_copy_reaches_the_day_of_the_other_copy_and_that_days_neighbours() -> None:
    assert reach(day(20), days(*range(1, 32)), days(3, 20)) == set(days(2, 3, 4, 19, 20, 21))


def test_days_to_build_are_those_of_all_dirty_days_in_order() -> None:
    dirty = DirtyDays(
        {day(9): Counts(5), day(2): Counts(1)},
        {day(9): frozenset(days(9, 10)), day(2): frozenset(days(2, 9))},
    )
    assert dirty.days == days(2, 9, 10)


def test_nothing_dirty_is_nothing_to_build() -> None:
    assert DirtyDays({}, {}).days == []


def test_a_run_builds_the_dirty_days_of_its_stretch_and_all_they_reach() -> None:
    dirty = DirtyDays(
        {day(9): Counts(5), day(2): Counts(1)},
        {day(9): frozenset(days(2, 9, 10)), day(2): frozenset(days(2))},
    )
    kept = dirty.of_run(Stretch(day(5), day(9)))
    assert kept.counts == {day(9): Counts(5)}
    assert kept.days == days(2, 9, 10)


def test_a_run_builds_the_days_on_which_persons_changed_wherever_they_lie() -> None:
    dirty = DirtyDays(
        {day(20): Counts(5), day(9): Counts(1), day(2): Counts(1, {"persons": 1})},
        {day(20): frozenset(days(20)), day(9): frozenset(days(9)), day(2): frozenset(days(2, 3))},
        marked=frozenset(days(2)),
    )
    kept = dirty.of_run(Stretch(day(20), day(20)))
    assert list(kept.counts) == days(20, 2)
    assert kept.days == days(2, 3, 20)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param([], [], id="no day"),
        pytest.param([3], [(3, 3)], id="one day"),
        pytest.param([3, 1, 2, 2], [(1, 3)], id="neighbours in any order"),
        pytest.param([1, 2, 4], [(1, 2), (4, 4)], id="a gap ends a stretch"),
    ],
)
def test_days_become_stretches(asked: list[int], found: list[tuple[int, int]]) -> None:
    assert stretches(days(*asked)) == [(day(first), day(last)) for first, last in found]


def test_dbt_is_told_the_days_outside_a_run_s_stretch_as_stretches_of_their_own() -> None:
    told = day_variables(Stretch(day(10), day(12)), days(3, 4, 9, 11, 13, 20))
    assert told == {
        "from_day": "2016-08-10",
        "to_day": "2016-08-12",
        "also_stretches": [
            ["2016-08-03", "2016-08-04"],
            ["2016-08-09", "2016-08-09"],
            ["2016-08-13", "2016-08-13"],
            ["2016-08-20", "2016-08-20"],
        ],
    }


def test_a_short_gap_is_bridged_and_a_longer_one_is_not() -> None:
    assert stretches(days(1, 4, 8), bridged_days=2) == [(day(1), day(4)), (day(8), day(8))]


@given(st.sets(st.dates(date(2015, 1, 1), date(2016, 12, 31))))
def test_stretches_hold_exactly_the_days_asked_for(asked: set[date]) -> None:
    found = stretches(asked)
    assert [one for stretch in found for one in stretch.days()] == sorted(asked)


@given(st.sets(st.dates(date(2015, 1, 1), date(2015, 12, 31))), st.integers(0, 40))
def test_bridged_stretches_lie_further_apart_than_the_bridge(
    asked: set[date], bridged: int
) -> None:
    found = stretches(asked, bridged)
    assert all(
        (later.from_day - earlier.to_day).days > bridged + 1 for earlier, later in pairwise(found)
    )
