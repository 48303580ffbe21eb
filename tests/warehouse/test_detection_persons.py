"""Detection and persons: nobody gets a letter twice under another of his names."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestration import detection
from orchestration.addressees import people
from tests.unit.trigger_builders import DAY, MONDAY, cart, shop, wall
from tests.warehouse.detection_world import TUESDAY, ListFeed, ShopWorld, run

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

    def people_and_a_merge(*arguments):
        known = people(*arguments)
        world.resolve(ANN_AND_BOB)
        monkeypatch.undo()
        return known

    monkeypatch.setattr(detection, "people", people_and_a_merge)
    assert run(world, feed, wall(TUESDAY)).tallies[0].refused == {"already_fired": 1}
