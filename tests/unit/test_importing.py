"""The command `import`, as far as it goes without a broker."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestration.commands.importing import import_history
from tests.ga_export import export, hit, product, session


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    hits = [
        hit(),
        hit(hit_number=2, ts=datetime(2016, 8, 1, 23, 59, 59)),
        hit(hit_number=3, ts=datetime(2016, 8, 2), action_type="2", products=[product()]),
    ]
    return export(tmp_path / "export", hits, [session()])


def test_a_dry_run_counts_by_kind_and_shows_an_example_of_each(folder: Path) -> None:
    answer = run("ga-hits", str(folder), "--dry-run")
    assert answer.exit_code == 0
    assert "ga-hits: 3 events would be published" in answer.stdout
    assert "        2  page.viewed" in answer.stdout
    assert answer.stdout.count('"specversion":"1.0"') == 2


def test_a_dry_run_for_scripts_is_one_object(folder: Path) -> None:
    answer = run("ga-hits", str(folder), "--dry-run", "--json")
    assert json.loads(answer.stdout) == {
        "name": "ga-hits",
        "events": 3,
        "kinds": {"page.viewed": 2, "product.viewed": 1},
        "rows": {"hits": 3, "in events": 3},
    }


@pytest.mark.parametrize(
    ("cut", "zone", "count"),
    [
        pytest.param(["--limit", "1"], "UTC", 1, id="so many events"),
        pytest.param(["--until", "2016-08-01"], "UTC", 2, id="a day, the day included"),
        pytest.param(["--until", "2016-08-01"], "America/Los_Angeles", 3, id="a day of the shop"),
    ],
)
def test_an_import_may_stop_early(folder: Path, cut: list[str], zone: str, count: int) -> None:
    answer = run("ga-hits", str(folder), "--dry-run", "--json", *cut, zone=zone)
    assert json.loads(answer.stdout)["events"] == count


def test_what_a_person_can_mend_is_one_sentence(tmp_path: Path) -> None:
    answer = run("online-retail", str(tmp_path / "absent.csv"))
    assert answer.exit_code == 1
    assert answer.stderr.startswith("Error: ")
    assert "absent.csv is not a file" in answer.stderr


def test_a_rate_of_nothing_is_refused(folder: Path) -> None:
    assert run("ga-hits", str(folder), "--rate", "0").exit_code == 2


def run(*arguments: str, zone: str = "UTC") -> Result:
    environment = {"SHOP_TIME_ZONE": zone, "KAFKA_BROKERS": "127.0.0.1:9"}
    return CliRunner().invoke(import_history, arguments, env=environment)
