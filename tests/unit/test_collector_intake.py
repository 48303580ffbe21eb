"""What senders are told of their events, and what is remembered of them."""

from __future__ import annotations

import pytest

from streams.collector.intake import Outcome, RecentIds
from streams.collector.page import page_script


@pytest.mark.parametrize(
    ("accepted", "refused", "failure", "status"),
    [
        pytest.param(2, 0, "", 202, id="all taken"),
        pytest.param(0, 0, "", 202, id="there were none"),
        pytest.param(1, 1, "", 207, id="some taken"),
        pytest.param(0, 2, "", 400, id="none taken"),
        pytest.param(1, 1, "no room", 503, id="no room for the rest"),
    ],
)
def test_the_status_says_what_became_of_the_events(
    accepted: int, refused: int, failure: str, status: int
) -> None:
    outcome = Outcome(accepted, failure=failure)
    for index in range(refused):
        outcome.refuse(index, ("why",))
    assert outcome.status == status


def test_the_body_names_each_refused_event_and_a_bounded_number_of_reasons() -> None:
    outcome = Outcome(accepted=1)
    outcome.refuse(3, ("x" * 1000,) * 50)
    told = outcome.body().decode()
    assert told.startswith('{"accepted":1,"refused":[{"index":3,"reasons":["xxx')
    assert len(told) < 4000


def test_the_oldest_of_too_many_ids_is_forgotten() -> None:
    recent = RecentIds(at_most=2)
    for event_id in ("a", "b", "b", "c"):
        recent.add(event_id)
    assert [one in recent for one in ("a", "b", "c")] == [False, True, True]


def test_the_script_for_pages_is_served_in_4_kilobytes_without_comments() -> None:
    script = page_script()
    assert len(script) <= 4_096
    assert b"//" not in script
    assert b"sendBeacon" in script
