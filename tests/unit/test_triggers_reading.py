from __future__ import annotations

from datetime import timedelta

import pytest

from orchestration.triggers.model import Rejected
from orchestration.triggers.reading import read_definition
from streams.events import KINDS
from tests.unit.trigger_builders import ABANDONED_CART, WHAT_IS_LEFT, definition


def errors(text: str) -> list[str]:
    read = read_definition(text, KINDS)
    assert isinstance(read, Rejected)
    return list(read.errors)


def test_a_definition_is_read_with_its_waits_in_hours() -> None:
    read = definition()
    assert (read.trigger, read.after) == ("abandoned_cart", "cart.item_added")
    assert (read.wait, read.stale_after) == (timedelta(hours=24), timedelta(hours=72))
    assert read.unless == {"order.placed", "order.paid"}


def test_every_mistake_is_named_at_once() -> None:
    found = errors(
        """
        trigger: Abandoned Cart
        title: ""
        after: page.viewed
        wait_hours: -1
        unless: [order.plaecd]
        repeat: [daily]
        wait_minutes: 5
        """
    )
    assert found == [
        "wait_minutes: no such field",
        "trigger: takes lower-case letters, digits and _, a letter first, at most 64, "
        "found 'Abandoned Cart'",
        "title: takes one line of text, found ''",
        "after: takes cart.item_added, found 'page.viewed'",
        "wait_hours: takes a whole number of hours, 1 to 8784, found -1",
        "repeat: takes once, found ['daily']",
        "stale_after_hours: is missing",
        "unless: the contract knows no event 'order.plaecd'",
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("", "takes a mapping", id="nothing"),
        pytest.param("- trigger: a", "takes a mapping", id="a list"),
        pytest.param("trigger: [", "is not YAML", id="an open bracket"),
        pytest.param(
            "trigger: !!python/object:os.system x", "is not YAML", id="an object of Python"
        ),
        pytest.param("? {a: 1}\n: b", "is not YAML", id="a mapping as a key"),
        pytest.param("[a, b]: c", "is not YAML", id="a list as a key"),
        pytest.param(
            ABANDONED_CART + "wait_hours: 1\n",
            "'wait_hours' stands there 2 times",
            id="a key twice",
        ),
        pytest.param("\x00", "is not YAML", id="a zero byte"),
    ],
)
def test_what_is_no_definition_at_all_is_refused_in_one_sentence(text, complaint) -> None:
    (found,) = errors(text)
    assert complaint in found


@pytest.mark.parametrize("hours", ["true", "24.0", '"24"', "0", "8785", "~", "[24]"])
def test_hours_are_whole_numbers_and_nothing_like_them(hours) -> None:
    (found,) = errors(ABANDONED_CART.replace("wait_hours: 24", f"wait_hours: {hours}"))
    assert found.startswith("wait_hours: takes a whole number of hours")


@pytest.mark.parametrize("kinds", ["[]", "order.placed", "[1]", "~", "{a: b}"])
def test_unless_takes_a_list_of_kinds(kinds) -> None:
    (found,) = errors(ABANDONED_CART.replace("[order.placed, order.paid]", kinds))
    assert found.startswith("unless: takes a list of kinds")


def test_the_version_follows_the_meaning_and_not_the_writing() -> None:
    reordered = ABANDONED_CART.replace("[order.placed, order.paid]", "[order.paid, order.placed]")
    changed = ABANDONED_CART.replace("wait_hours: 24", "wait_hours: 25")
    assert definition("# a note\n" + reordered).version == definition().version
    assert definition(changed).version != definition().version


def test_a_definition_that_says_nothing_of_it_asks_for_no_contents_and_for_any_consent() -> None:
    assert not definition().only_what_is_left
    assert definition().subscriptions == frozenset()
    named = definition(f"{WHAT_IS_LEFT}subscription: [Newsletter, ' sms ']\n")
    assert (named.only_what_is_left, named.subscriptions) == (True, {"newsletter", "sms"})
    assert definition(f"{ABANDONED_CART}subscription: offers\n").subscriptions == {"offers"}
    assert definition(f"{ABANDONED_CART}subscription: any\n").version == definition().version


@pytest.mark.parametrize("subscription", ["[]", "~", "['']", "[1]", "{a: b}", "true"])
def test_a_subscription_is_any_or_names(subscription) -> None:
    (complaint,) = errors(f"{ABANDONED_CART}subscription: {subscription}\n")
    assert complaint.startswith("subscription: takes any, or the names")


@pytest.mark.parametrize("answer", ["1", "'true'", "~", "[true]"])
def test_whether_only_what_is_left_counts_is_yes_or_no(answer) -> None:
    (complaint,) = errors(f"{ABANDONED_CART}only_what_is_left: {answer}\n")
    assert complaint.startswith("only_what_is_left: takes true or false")
