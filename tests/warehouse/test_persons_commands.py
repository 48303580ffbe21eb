"""`active-analytics persons`, as a shell sees it."""

from __future__ import annotations

import json
from datetime import date, datetime

import pytest
from click.testing import CliRunner, Result

from orchestration.cli import cli
from orchestration.days import record_build, unseen_days
from orchestration.persons import shortest_way
from tests.warehouse.marts_world import EVERY_DAY, MartsWorld, Message
from tests.warehouse.test_persons import login, seen
from warehouse.client import Warehouse
from warehouse.settings import WarehouseSettings

# dbt's logger forgets to close the file it wrote
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")

PERSONS_ONLY = ("--select", "+unmerged_identifiers")
LAST_DAY = date(2026, 3, 4)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["persons", *arguments])


def test_a_person_is_shown_split_reported_and_joined_again(shop: MartsWorld) -> None:
    logins = [login("a", "1", 1), login("b", "1", 2), login("b", "2", 3), login("a", "2", 4)]
    shop.arrive([Message(one, 0) for one in [seen("c", 1), *logins]])
    shop.build(EVERY_DAY, options=PERSONS_ONLY)
    record_build(shop.warehouse, unseen_days(shop.warehouse), "a test")

    shown = json.loads(run("show", "v:b", "--json").stdout)
    assert shown["person"] == "c:1"
    assert [one["identifier"] for one in shown["identifiers"]] == ["c:1", "c:2", "v:a", "v:b"]
    assert {(one["identifier"], one["other_identifier"]) for one in shown["pairs"]} == {
        ("c:1", "v:a"),
        ("c:1", "v:b"),
        ("c:2", "v:a"),
        ("c:2", "v:b"),
    }
    assert "person c:1" in run("show", "v:a").stdout
    assert "never seen together" in run("show", "v:c").stdout

    said = run("split", "c:1", "v:b", "--why", "a borrowed phone").stdout
    assert "still hang together, through c:1 - v:a - c:2 - v:b" in said
    assert list(unseen_days(shop.warehouse)) == [LAST_DAY]
    said = run("split", "c:2", "--why", "the till's account").stdout
    assert "c:2 is kept apart from everybody. It takes effect with the next build." in said
    shop.build(EVERY_DAY, options=PERSONS_ONLY)
    assert json.loads(run("show", "v:b", "--json").stdout)["person"] == "v:b"
    said = run("report").stdout
    assert "set apart: c:1 from v:b (a borrowed phone)" in said
    assert "set apart: c:2 from everybody (the till's account)" in said

    assert run("join", "v:b", "c:1", "--why", "her own phone").exit_code == 0
    assert run("join", "c:2", "--why", "no till").exit_code == 0
    shop.build(EVERY_DAY, options=PERSONS_ONLY)
    shown = json.loads(run("show", "v:b", "--json").stdout)
    assert shown["person"] == "c:1"
    assert [one["reason"] for one in shown["decisions"]] == [
        "a borrowed phone",
        "the till's account",
        "her own phone",
        "no till",
    ]
    assert json.loads(run("report", "--json").stdout) == {"unmerged": []}


@pytest.fixture
def unbuilt(
    warehouse: Warehouse, warehouse_server: WarehouseSettings, monkeypatch: pytest.MonkeyPatch
) -> Warehouse:
    monkeypatch.setenv("WAREHOUSE_URL", warehouse_server.url)
    return warehouse


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["show", "anna"], "'anna' is no identifier", id="no kind"),
        pytest.param(["split", "x:1", "--why", "so"], "'x:1' is no identifier", id="other kind"),
        pytest.param(["split", "c:1", "v:", "--why", "so"], "'v:' is no identifier", id="no value"),
        pytest.param(["split", "c:1", "c:1", "--why", "so"], "the same identifier", id="itself"),
        pytest.param(["split", "c:1"], "--why", id="no reason"),
        pytest.param(["show", "c:1"], "`active-analytics build`", id="not built"),
        pytest.param(["report"], "`active-analytics build`", id="no report yet"),
    ],
)
def test_what_cannot_be_done_is_said_and_records_nothing(
    unbuilt: Warehouse, arguments: list[str], said: str
) -> None:
    result = run(*arguments)
    assert result.exit_code != 0
    assert said in result.output
    assert unbuilt.scalar("select count() from reference.identity_decisions") == 0


def test_a_decision_before_the_first_build_is_kept_for_it_and_a_slip_would_be_noticed(
    unbuilt: Warehouse,
) -> None:
    pair = ("e:" + "ab" * 32, "v:b", datetime(2026, 3, 1), datetime(2026, 3, 1))
    columns = ("identifier", "other_identifier", "first_seen_at", "last_seen_at")
    unbuilt.insert("analytics.identity_pairs", columns, [pair])
    told = run("split", "v:B", "e:" + "AB" * 32, "--why", "known beforehand")
    assert told.exit_code == 0
    assert "No event has ever named v:B" in told.stderr
    assert "named e:" not in told.stderr
    assert unbuilt.rows(
        "select identifier, other_identifier from reference.identity_decisions"
    ) == [("v:B", pair[0])]
    assert unseen_days(unbuilt) == {}


def test_the_shortest_way_is_found_among_longer_ones() -> None:
    edges = [("a", "b"), ("c", "b"), ("c", "d"), ("d", "e"), ("a", "e"), ("x", "y")]
    assert shortest_way(edges, "a", "d") == ["a", "e", "d"]
    assert shortest_way(edges, "a", "x") == []
    assert shortest_way(edges, "a", "q") == []
