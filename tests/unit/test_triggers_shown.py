from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from orchestration import definitions_detection
from orchestration.catalogue import CatalogueError
from orchestration.commands import detecting
from orchestration.commands.detecting import line_of, told
from orchestration.detection import Report, Tally
from orchestration.triggers.decide import Cart, Clock, People, decide
from orchestration.triggers.message import message_of
from tests.unit.trigger_builders import DAY, MONDAY, cart, definition, shop, wall


def shown(of: Cart, clock: Clock) -> str:
    (firing,) = decide(definition(), [of], People(), (), clock).firings
    return line_of(message_of(firing)[1])


def test_a_letter_is_one_line_of_when_what_who_and_the_cart() -> None:
    line = shown(cart(skus=("MUG", "CAP"), names=("A mug", "")), wall(MONDAY + DAY))
    assert line == "2016-08-02 12:00  abandoned_cart  ann  A mug, CAP"


def test_a_letter_of_played_history_says_so() -> None:
    assert shown(cart(), shop(MONDAY + DAY)).endswith("  (shop's clock)")


def test_a_full_cart_is_cut_short() -> None:
    many = cart(skus=tuple("ABCDEFGH"), names=("A rather long name",) * 8)
    line = shown(many, wall(MONDAY + DAY))
    assert line.endswith("…")
    assert len(line) < 110


def test_what_is_no_letter_of_ours_is_shown_and_stops_nothing() -> None:
    assert line_of(b"{}").startswith("not a letter of ours")
    assert line_of(b"").startswith("not a letter of ours")
    assert line_of(b"\xff").startswith("not a letter of ours")


def test_a_report_reads_as_one_json_object() -> None:
    report = Report(wall(MONDAY), (Tally("abandoned_cart", 3, {"answered": 1}, 2, 2),))
    read = json.loads(json.dumps(told(report)))
    assert (read["clock"], read["fired"], read["published"]) == ("wall", 2, 2)
    assert read["triggers"][0]["refused"] == {"answered": 1}
    assert json.loads(json.dumps(told(Report(None, note="no event is stored yet"))))["now"] is None


def test_a_definition_that_cannot_be_used_fails_the_command_after_the_others(monkeypatch) -> None:
    report = Report(
        wall(MONDAY),
        (Tally("abandoned_cart", 1, {}, 1, 1),),
        rejected={"new.yml": ("title: is missing",)},
    )
    monkeypatch.setattr(detecting, "tick", lambda *_, **__: report)
    shown = CliRunner().invoke(detecting.detect, [])
    assert shown.exit_code == 1
    assert "abandoned_cart: 1 candidates, 1 fired" in shown.output
    assert "triggers that cannot be used: new.yml: title: is missing" in shown.output


def test_a_tick_of_dagster_names_the_bad_definitions_in_what_it_wrote_or_else_fails() -> None:
    bad = {"new.yml": ("title: is missing",)}
    fired = Report(wall(MONDAY), (Tally("abandoned_cart", 1, {}, 1, 1),), rejected=bad)
    (written,) = definitions_detection.told(fired).asset_events
    assert "new.yml: title: is missing" in str(written.metadata["rejected_definitions"].value)
    with pytest.raises(CatalogueError, match=r"new\.yml: title: is missing"):
        definitions_detection.told(Report(wall(MONDAY), rejected=bad))
