from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.triggers.decide import Answer, Cart, Clock, People, decide, refusal
from orchestration.triggers.firing import Firing, firing_id
from tests.unit.trigger_builders import (
    ABANDONED_CART,
    DAY,
    MICROSECOND,
    MONDAY,
    answer,
    cart,
    definition,
    shop,
    wall,
)

TUESDAY = MONDAY + DAY


def refused(of: Cart, *answers: Answer, clock: Clock | None = None) -> str | None:
    return refusal(definition(), of, People({of.person: answers}), clock or wall(TUESDAY))


def test_a_cart_is_due_when_the_wait_is_over_and_not_a_microsecond_before() -> None:
    assert refused(cart(), clock=wall(TUESDAY - MICROSECOND)) == "not_due"
    assert refused(cart(), clock=wall(TUESDAY)) is None


@pytest.mark.parametrize(
    ("ordered_at", "reason"),
    [
        pytest.param(MONDAY - MICROSECOND, None, id="before the cart was filled"),
        pytest.param(MONDAY, "answered", id="at the instant of the addition"),
        pytest.param(TUESDAY, "answered", id="at the instant it is due"),
        pytest.param(TUESDAY + MICROSECOND, None, id="after it was due"),
    ],
)
def test_an_order_within_the_wait_answers_the_cart(ordered_at, reason) -> None:
    assert refused(cart(), answer(ordered_at), clock=shop(TUESDAY + DAY)) == reason


@pytest.mark.parametrize(
    ("ordered_at", "reason"),
    [
        pytest.param(TUESDAY + DAY, "answered", id="until the letter is sent"),
        pytest.param(TUESDAY + DAY + MICROSECOND, None, id="after it"),
    ],
)
def test_on_the_walls_clock_an_order_answers_the_cart_until_the_letter_is_sent(
    ordered_at, reason
) -> None:
    assert refused(cart(), answer(ordered_at), clock=wall(TUESDAY + DAY)) == reason


@pytest.mark.parametrize(
    ("next_added_at", "reason"),
    [
        pytest.param(MONDAY + timedelta(minutes=5), "superseded", id="within the wait"),
        pytest.param(TUESDAY, "superseded", id="at the instant it is due"),
        pytest.param(TUESDAY + MICROSECOND, None, id="after it was due"),
    ],
)
def test_a_later_addition_of_the_session_takes_the_place_of_an_earlier_one(
    next_added_at, reason
) -> None:
    assert refused(cart(next_added_at=next_added_at), clock=wall(TUESDAY + DAY)) == reason


def test_the_wall_clock_writes_nothing_about_imported_history() -> None:
    imported = cart(origin="import")
    assert refused(imported, clock=wall(TUESDAY)) == "imported"
    assert refused(imported, clock=shop(TUESDAY)) is None


def test_an_imported_order_answers_a_cart_on_the_shops_clock_only() -> None:
    ordered = answer(MONDAY + timedelta(hours=1), origin="import")
    assert refused(cart(), ordered, clock=wall(TUESDAY)) is None
    assert refused(cart(), ordered, clock=shop(TUESDAY)) == "answered"


def test_what_is_long_overdue_is_stale_on_the_walls_clock_only() -> None:
    late = TUESDAY + timedelta(hours=72)
    assert refused(cart(), clock=wall(late)) is None
    assert refused(cart(), clock=wall(late + MICROSECOND)) == "stale"
    assert refused(cart(), clock=shop(late + MICROSECOND)) is None


def test_of_two_carts_of_a_person_the_earlier_due_is_fired_in_whatever_order_they_come() -> None:
    early = cart(session_id="s1", event_id="e1")
    late = cart(session_id="s2", event_id="e2", added_at=MONDAY + timedelta(hours=3))
    decided = decide(definition(), [late, early], People(), (), wall(TUESDAY + DAY))
    assert [firing.facts.event_id for firing in decided.firings] == ["e1"]
    assert decided.refusals == ((late, "already_fired"),)


def test_a_person_in_the_ledger_is_not_written_to_again() -> None:
    ledger = [firing_id("abandoned_cart", "v:ann", "", "ever")]
    decided = decide(definition(), [cart()], People(), ledger, wall(TUESDAY))
    assert decided.firings == ()
    assert decided.refusals == ((cart(), "already_fired"),)


def test_an_order_of_one_person_answers_no_other_persons_cart() -> None:
    ann, bob = cart(), cart(person="v:bob", visitor_id="bob")
    answers = {"v:ann": [answer(MONDAY)]}
    decided = decide(definition(), [ann, bob], People(answers), (), wall(TUESDAY))
    assert [firing.person for firing in decided.firings] == ["v:bob"]


def test_a_firing_tells_what_it_rests_on() -> None:
    (firing,) = decide(definition(), [cart()], People(), (), wall(TUESDAY + DAY)).firings
    assert (firing.due_at, firing.decided_at, firing.clock) == (TUESDAY, TUESDAY + DAY, "wall")
    assert (firing.instance, firing.period) == ("", "ever")
    assert firing.trigger_version == definition().version
    assert firing.facts.skus == ["MUG"]
    assert firing.facts.wait_hours == 24
    assert firing.facts.unless == ["order.paid", "order.placed"]


def test_the_id_of_a_firing_hangs_on_trigger_person_instance_and_period_and_nothing_else() -> None:
    retitled = definition(ABANDONED_CART.replace("Left something", "Forgot something"))
    (before,) = decide(definition(), [cart()], People(), (), wall(TUESDAY)).firings
    (after,) = decide(retitled, [cart(skus=("CAP",))], People(), (), shop(TUESDAY + DAY)).firings
    assert before.trigger_version != after.trigger_version
    assert before.firing_id == after.firing_id
    assert str(before.firing_id) == "b0bca260-9721-5e40-804b-6609210f824f"


def test_ids_of_firings_do_not_run_together() -> None:
    assert firing_id("a", "bc", "", "ever") != firing_id("ab", "c", "", "ever")


moments = st.integers(0, 72).map(lambda hours: MONDAY + timedelta(hours=hours))
persons = st.sampled_from(["v:ann", "v:bob", "c:3"])


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Cart], dict[str, list[Answer]]]:
    """Carts, each the last of its session, and orders."""
    added = draw(st.lists(st.tuples(persons, moments), max_size=8))
    carts = [
        cart(person=person, added_at=at, session_id=f"s{number}", event_id=f"e{number}")
        for number, (person, at) in enumerate(added)
    ]
    answers: dict[str, list[Answer]] = {}
    for person, at in draw(st.lists(st.tuples(persons, moments), max_size=4)):
        answers.setdefault(person, []).append(answer(at))
    return carts, answers


def seen(firing: Firing) -> Firing:
    return replace(firing, decided_at=MONDAY)


@given(histories(), st.lists(st.integers(0, 120), max_size=6))
def test_any_cadence_of_runs_gives_the_letters_of_one_run_at_the_end(history, hours) -> None:
    carts, answers = history
    end = MONDAY + timedelta(hours=120)
    ledger: dict[object, Firing] = {}
    for now in [*sorted(MONDAY + timedelta(hours=hour) for hour in hours), end]:
        visible = [one for one in carts if one.added_at <= now]
        told = {
            who: [one for one in all_ if one.occurred_at <= now] for who, all_ in answers.items()
        }
        for firing in decide(definition(), visible, People(told), ledger.keys(), shop(now)).firings:
            assert firing.firing_id not in ledger
            ledger[firing.firing_id] = seen(firing)
    at_once = decide(definition(), carts, People(answers), (), shop(end)).firings
    assert ledger == {firing.firing_id: seen(firing) for firing in at_once}
