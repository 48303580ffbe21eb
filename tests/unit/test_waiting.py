"""Why days wait for a build, in words, and which runs they ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import pytest

from orchestration.days import Build, Counts, Standing, Stretch
from orchestration.waiting import Waiting, stretches_to_build

DAY = date(2026, 3, 1)


def days(*numbers: int) -> list[date]:
    return [DAY + timedelta(days=number) for number in numbers]


def reasons(
    now: Counts,
    seen: Build | None,
    *,
    version: int = 0,
    changed: Mapping[str, Sequence[str]] | None = None,
    is_unfinished: bool = False,
    is_at_other_rates: bool = False,
) -> tuple[str, ...]:
    this_day = frozenset({DAY})
    stands = Standing(
        {DAY: (now, seen)},
        this_day if is_at_other_rates else frozenset(),
        this_day if is_unfinished else frozenset(),
        version,
        changed or {},
    )
    return stands.reasons(DAY)


def test_a_day_that_is_as_its_build_saw_it_is_clean() -> None:
    assert reasons(Counts(3, {"persons": 1}), Build(Counts(3, {"persons": 1}))) == ()


@pytest.mark.parametrize(
    ("now", "seen", "said"),
    [
        pytest.param(Counts(3), None, "events arrived", id="never built"),
        pytest.param(Counts(4), Build(Counts(3)), "events arrived", id="more than seen"),
        pytest.param(Counts(2), Build(Counts(3)), "events were taken away", id="a repaired ledger"),
        pytest.param(Counts(3, {"persons": 1}), Build(Counts(3)), "persons changed", id="a merge"),
        pytest.param(
            Counts(3, {"decision": 2}),
            Build(Counts(3, {"decision": 1})),
            "decision changed",
            id="another reason of marks",
        ),
        pytest.param(
            Counts(3, {"enrichment": 1}),
            Build(Counts(3), enrichment_version=3),
            "enrichment 4 instead of 3",
            id="enriched anew",
        ),
        pytest.param(
            Counts(3, {"enrichment": 2}),
            Build(Counts(3, {"enrichment": 1}), enrichment_version=4),
            "enrichment changed",
            id="enriched anew while it was built",
        ),
    ],
)
def test_a_day_is_dirty_for_what_its_build_did_not_see(
    now: Counts, seen: Build | None, said: str
) -> None:
    assert reasons(now, seen, version=4) == (said,)


def test_a_day_is_dirty_when_what_made_it_changed() -> None:
    changed = {"old": ["model orders"], "": ["model orders", "session_gap_seconds"]}
    seen = Counts(3)
    assert reasons(seen, Build(seen, "old"), changed=changed) == ("model orders changed",)
    assert reasons(seen, Build(seen, "new"), changed=changed) == ()
    assert reasons(seen, Build(seen), changed=changed) == ("built by an earlier version",)
    assert reasons(seen, None, changed=changed) == ("events arrived",)


def test_many_changed_parts_are_counted_and_not_all_named() -> None:
    changed = {"old": [f"model {letter}" for letter in "abcdef"]}
    assert reasons(Counts(3), Build(Counts(3), "old"), changed=changed) == (
        "model a, model b, model c, model d and 2 more changed",
    )


def test_a_day_tells_every_reason_that_it_has() -> None:
    said = reasons(Counts(4), Build(Counts(3)), is_unfinished=True, is_at_other_rates=True)
    assert said == ("events arrived", "currency rates changed", "the run before failed")


def test_reasons_are_told_with_the_number_of_their_days_the_most_first() -> None:
    one, two, early, late = days(1, 2, -5, 30)
    waiting = Waiting(
        {one: ["events arrived"], two: ["events arrived", "persons changed"]},
        *([early], [late], ["model customers"]),
        [],
    )
    assert waiting.reasons() == [
        "2 days: events arrived",
        "1 day: persons changed",
        "1 roll-up changed: customers",
        "1 day before FIRST_SHOP_DAY: never built",
        "1 day after today: built when it is their day",
    ]


def test_what_all_roll_ups_use_is_named_as_it_is() -> None:
    waiting = Waiting({}, [], [], ["attribution_lookback_days", "model orders"], [])
    assert waiting.reasons() == ["roll-ups: attribution_lookback_days, model orders changed"]


def test_dirty_days_far_apart_are_one_run_when_nothing_lies_between() -> None:
    dirty = days(0, 400)
    assert stretches_to_build(dirty, dirty) == [Stretch(*dirty)]


def test_dirty_days_with_many_clean_ones_between_are_two_runs() -> None:
    first, last = days(0, 20)
    runs = stretches_to_build([first, last], days(*range(21)))
    assert runs == [Stretch(first, first), Stretch(last, last)]
