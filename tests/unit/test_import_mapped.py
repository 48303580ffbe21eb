"""The commands `import events|orders|customers`, as far as they go without a broker."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestration.commands.importing import import_history
from streams.importers.mapped.outcome import Mistake
from streams.importers.mapped.report import Report
from tests.mapped_files import EVENTS, as_csv, as_json_lines, visit


@pytest.fixture
def mapping(tmp_path: Path) -> str:
    (tmp_path / "shop.yml").write_text(EVENTS)
    return str(tmp_path / "shop.yml")


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Three good rows and a bad one, in no order."""
    rows = [
        visit(at="2026-03-02T00:30:00"),
        visit(at="soon"),
        visit(at="2026-03-01T10:00:00", who="c-2"),
        visit(at="2026-03-01T23:59:59"),
    ]
    return str(as_csv(tmp_path, rows, "log.csv"))


def test_a_dry_run_shows_counts_mistakes_and_examples(
    tmp_path: Path, file: str, mapping: str
) -> None:
    answer = run(tmp_path, "events", file, "--mapping", mapping, "--dry-run")
    lines = answer.stdout.splitlines()
    assert lines[0] == "shop-log: 3 events would be published"
    assert "          3  page.viewed" in lines
    assert "          1  left out for mistakes" in lines
    assert "  row 3, at: 'soon' is not an instant of the format 'iso'" in lines
    assert [json.loads(one)["visitorid"] for one in lines if one.startswith("{")] == [
        "c-2",
        "c-1",
        "c-1",
    ]


def test_rows_with_mistakes_make_the_exit_code_three(
    tmp_path: Path, file: str, mapping: str
) -> None:
    good = str(as_csv(tmp_path, [visit()], "good.csv"))
    assert run(tmp_path, "events", file, "--mapping", mapping, "--dry-run").exit_code == 3
    assert run(tmp_path, "events", good, "--mapping", mapping, "--dry-run").exit_code == 0


def test_a_dry_run_for_scripts_is_one_object(tmp_path: Path, file: str, mapping: str) -> None:
    answer = run(tmp_path, "events", file, "--mapping", mapping, "--dry-run", "--json")
    told = json.loads(answer.stdout)
    report = Path(told.pop("report"))
    assert [one["time"] for one in told.pop("examples")] == [
        "2026-03-01T10:00:00Z",
        "2026-03-01T23:59:59Z",
        "2026-03-02T00:30:00Z",
    ]
    assert report == tmp_path / "home" / "imports" / "shop-log.csv.mistakes.csv"
    assert told == {
        "name": "shop-log",
        "events": 3,
        "kinds": {"page.viewed": 3},
        "rows": {"rows": 4, "in events": 3, "left out for mistakes": 1},
        "bad_rows": 1,
        "mistakes": 1,
        "warned_rows": 0,
        "warnings": 0,
        "warning_counts": {},
        "bots": {},
        "columns_not_found": [],
        "would_publish": 3,
    }


def test_all_mistakes_stand_in_the_report(tmp_path: Path, mapping: str) -> None:
    rows = [visit(at=f"day {number}") for number in range(50)]
    file, report = as_csv(tmp_path, rows), tmp_path / "mistakes.csv"
    run(
        tmp_path,
        *("events", str(file), "--mapping", mapping, "--dry-run", "--report", str(report)),
    )
    with report.open(newline="") as lines:
        told = list(csv.DictReader(lines))
    assert [int(one["row"]) for one in told] == list(range(2, 52))
    assert told[0] == {
        "row": "2",
        "column": "at",
        "value": "day 0",
        "mistake": "is not an instant of the format 'iso'",
        "warning": "",
        "field": "",
    }


@pytest.mark.parametrize("cell", ["=1+1", "+1 day", "-day", "@today", "\t=1", "\r=1"])
def test_a_cell_of_the_report_is_no_formula(tmp_path: Path, cell: str) -> None:
    with Report(tmp_path / "mistakes.csv") as report:
        report.add([Mistake(2, cell, cell, "is no instant")])
    with (tmp_path / "mistakes.csv").open(newline="") as lines:
        _, written = csv.reader(lines)
    assert written[:4] == ["2", f"'{cell}", f"'{cell}", "is no instant"]


@pytest.mark.parametrize(
    ("cut", "count"),
    [
        pytest.param(["--limit", "2"], 2, id="so many events"),
        pytest.param(["--until", "2026-03-01"], 2, id="a day, the day included"),
    ],
)
def test_an_import_may_stop_early(
    tmp_path: Path, file: str, mapping: str, cut: list[str], count: int
) -> None:
    arguments = ["events", file, "--mapping", mapping, "--dry-run", "--json", *cut]
    told = json.loads(run(tmp_path, *arguments).stdout)
    assert told["would_publish"] == count


def test_a_dry_run_shows_only_what_would_go(tmp_path: Path, file: str, mapping: str) -> None:
    arguments = ["events", file, "--mapping", mapping, "--dry-run", "--until"]
    some = run(tmp_path, *arguments, "2026-03-01").stdout.splitlines()
    assert some[0] == "shop-log: 2 events would be published"
    assert some[1] == "          2  page.viewed"
    assert sum(one.startswith("{") for one in some) == 2
    none = run(tmp_path, *arguments, "2020-01-01").stdout
    assert "page.viewed" not in none


def test_a_day_is_one_of_the_shop(tmp_path: Path, file: str, mapping: str) -> None:
    arguments = ["events", file, "--mapping", mapping, "--dry-run", "--json", "--until"]
    told = json.loads(run(tmp_path, *arguments, "2026-03-01", zone="America/New_York").stdout)
    assert told["would_publish"] == 3


@pytest.mark.parametrize("dry_run", [[], ["--dry-run"]], ids=["at once", "a dry run"])
def test_a_strict_import_refuses_to_begin(
    tmp_path: Path, file: str, mapping: str, dry_run: list[str]
) -> None:
    answer = run(tmp_path, "events", file, "--mapping", mapping, "--strict", *dry_run)
    assert answer.exit_code == 1
    assert answer.stdout.startswith("shop-log: 3 events would be published" if dry_run else "")
    assert "1 rows have mistakes, and nothing was published" in answer.stderr


SHOP = EVENTS + "  channel: {column: url, lookup: {mail: Email}}\n"


@pytest.fixture
def warned(tmp_path: Path) -> tuple[str, str]:
    """A file of two good rows, one of which loses a detail, and its mapping."""
    (tmp_path / "shop.yml").write_text(SHOP)
    rows = [visit(url="mail"), visit(url="fax")]
    return str(as_csv(tmp_path, rows, "log.csv")), str(tmp_path / "shop.yml")


def test_a_warning_is_told_and_leaves_the_exit_code_at_nought(
    tmp_path: Path, warned: tuple[str, str]
) -> None:
    file, mapping = warned
    answer = run(tmp_path, "events", file, "--mapping", mapping, "--dry-run")
    lines = answer.stdout.splitlines()
    assert answer.exit_code == 0
    assert "          1  in events with warnings" in lines
    assert any(one.startswith("1 warnings of 1 rows that are imported, in ") for one in lines)
    assert "          1  unreadable channel" in lines
    assert "  row 3, url: 'fax' is not in the lookup" in lines
    assert "mistakes" not in answer.stdout.replace(".mistakes.csv", "")


def test_scripts_learn_of_mistakes_and_of_warnings_apart(tmp_path: Path) -> None:
    (tmp_path / "shop.yml").write_text(SHOP)
    rows = [visit(url="fax"), visit(at="soon", url="fax"), visit(url="mail")]
    file, mapping = str(as_csv(tmp_path, rows)), str(tmp_path / "shop.yml")
    answer = run(tmp_path, "events", file, "--mapping", mapping, "--dry-run", "--json")
    told = json.loads(answer.stdout)
    assert answer.exit_code == 3
    assert (told["bad_rows"], told["warned_rows"], told["warnings"]) == (1, 1, 1)
    assert told["warning_counts"] == {"unreadable channel": 1}
    with Path(told["report"]).open(newline="") as lines:
        report = [(one["row"], one["column"], one["warning"]) for one in csv.DictReader(lines)]
    assert report == [("2", "url", "unreadable"), ("3", "at", ""), ("3", "url", "")]


@pytest.mark.parametrize("dry_run", [[], ["--dry-run"]], ids=["at once", "a dry run"])
def test_a_strict_import_refuses_warnings_too(
    tmp_path: Path, warned: tuple[str, str], dry_run: list[str]
) -> None:
    file, mapping = warned
    answer = run(tmp_path, "events", file, "--mapping", mapping, "--strict", *dry_run)
    assert answer.exit_code == 1
    assert "1 rows would lose details, and nothing was published" in answer.stderr


def test_a_report_of_an_older_version_is_replaced(tmp_path: Path, warned: tuple[str, str]) -> None:
    file, mapping = warned
    report = tmp_path / "old.csv"
    report.write_text("row,column,value,mistake\n2,at,soon,is no time\n")
    arguments = ["--mapping", mapping, "--dry-run", "--report", str(report)]
    assert run(tmp_path, "events", file, *arguments).exit_code == 0
    assert "fax" in report.read_text()


@pytest.mark.parametrize("dry_run", [[], ["--dry-run"]], ids=["at once", "a dry run"])
def test_a_strict_import_refuses_a_mapping_whose_columns_no_row_has(
    tmp_path: Path, dry_run: list[str]
) -> None:
    rows = [{key: told for key, told in visit(at="2026-03-01T10:00Z").items() if key != "url"}]
    file, named = str(as_json_lines(tmp_path, rows)), tmp_path / "shop.yml"
    named.write_text(EVENTS)
    answer = run(tmp_path, "events", file, "--mapping", str(named), "--strict", *dry_run)
    assert answer.exit_code == 1
    assert "no row was seen to have url, and nothing was published" in answer.stderr


def test_columns_that_were_not_found_are_told_before_the_first_event_leaves(
    tmp_path: Path,
) -> None:
    rows = [{key: told for key, told in visit(at="2026-03-01T10:00Z").items() if key != "url"}]
    file, named = str(as_json_lines(tmp_path, rows)), tmp_path / "shop.yml"
    named.write_text(EVENTS)
    answer = run(tmp_path, "events", file, "--mapping", str(named))
    assert answer.exit_code == 1  # there is no broker
    assert answer.stderr.startswith("columns of the mapping that were not found: url")


@pytest.mark.parametrize("rows", [[visit()], [visit(at="soon")]], ids=["no mistake", "a mistake"])
def test_a_report_takes_the_place_of_no_other_file(
    tmp_path: Path, mapping: str, rows: list[dict[str, str]]
) -> None:
    file = as_csv(tmp_path, rows)
    before = file.read_bytes()
    answer = run(
        tmp_path, "events", str(file), "--mapping", mapping, "--dry-run", "--report", str(file)
    )
    assert answer.exit_code == 1
    assert "is there, and is no report of mistakes" in answer.stderr
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["orders", "--mapping", "order"], "did you mean orders?", id="near a name"),
        pytest.param(["orders", "--mapping", "ga4"], "use `import events`", id="another's mapping"),
        pytest.param(["events", "--mapping", "x.yml"], "there is no file x.yml", id="no mapping"),
        pytest.param(["events", "--mapping", "events"], "no such column", id="another's file"),
    ],
)
def test_what_a_person_can_mend_is_said_plainly(
    tmp_path: Path, file: str, arguments: list[str], words: str
) -> None:
    makes, *others = arguments
    answer = run(tmp_path, makes, file, *others)
    assert answer.exit_code == 1
    assert answer.stderr.startswith("Error: ")
    assert words in answer.stderr


@pytest.mark.parametrize("makes", ["events", "orders", "customers"])
def test_help_shows_a_mapping_that_can_be_used(tmp_path: Path, makes: str) -> None:
    answer = run(tmp_path, makes, "--help")
    lines = answer.stdout.splitlines()
    begin = next(at for at, one in enumerate(lines) if one.startswith(f"  makes: {makes}"))
    end = lines.index("", begin)
    (tmp_path / "help.yml").write_text("\n".join(one[2:] for one in lines[begin:end]))
    columns = "action at cookie address article price number client total created paid sent"
    names = [*columns.split(), "cancelled", "id", "e-mail", "changed"]
    separator = ";" if makes == "orders" else ","
    (tmp_path / "file.csv").write_text(f"{separator.join(names)}\n{separator * (len(names) - 1)}\n")
    told = run(
        tmp_path,
        *(makes, str(tmp_path / "file.csv"), "--mapping", str(tmp_path / "help.yml"), "--dry-run"),
    )
    assert told.exit_code == 3
    assert "1  left out for mistakes" in told.stdout


def run(folder: Path, *arguments: str, zone: str = "UTC") -> Result:
    environment = {
        "SHOP_TIME_ZONE": zone,
        "KAFKA_BROKERS": "nowhere",  # refused at once, where one that is away is waited for
        "LOCAL_HOME": str(folder / "home"),
    }
    return CliRunner().invoke(import_history, arguments, env=environment)
