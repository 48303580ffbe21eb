"""Marts under Dagster, on the real engine: a range of days in one run, checks that block, ticks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from orchestration.days import Stretch, dirty_days, record_build, unseen_days
from orchestration.instance import opened
from orchestration.marts.assets import EVENTS, IDENTITY_PAIRS, SESSIONS
from orchestration.marts.dbt import Dbt, DbtError
from orchestration.marts.location import definitions
from orchestration.marts.schedules import JOB, range_tags
from orchestration.runs import BuildFailedError, build_days
from orchestration.settings import OrchestrationSettings
from orchestration.waiting import waiting_now
from streams import ledger
from streams.events import (
    CustomerData,
    CustomerLoggedIn,
    OrderData,
    OrderPlaced,
    Page,
    encode,
    key_of,
)
from streams.ranges import range_rows, store
from streams.records import Origin, Record
from streams.simulator import Simulation, simulate
from tests.builders import enrichment, event
from warehouse.client import Warehouse
from warehouse.settings import WarehouseSettings

FIRST = date(2026, 3, 1)
DAYS = Stretch(FIRST, FIRST + timedelta(days=6))
Message = tuple[bytes, bytes]
A_DAY = timedelta(days=1)
CUSTOMERS = dg.AssetKey(["marts", "customers"])
EVERY_EVENT = dg.AssetCheckKey(SESSIONS, "every_staged_event_is_in_a_session_or_outside_by_rule")
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> OrchestrationSettings:
    """Settings of a home in which dbt's project is parsed, as `up` does it."""
    home = tmp_path_factory.mktemp("home")
    settings = OrchestrationSettings(local_home=home, first_shop_day=FIRST)
    Dbt(settings.dbt_target).parse()
    return settings


@pytest.fixture
def marts(
    settings: OrchestrationSettings,
    warehouse_server: WarehouseSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> dg.Definitions:
    monkeypatch.setenv("WAREHOUSE_URL", warehouse_server.url)
    return definitions(settings)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture(scope="session")
def tests_of_dbt(settings: OrchestrationSettings) -> set[str]:
    nodes = Dbt(settings.dbt_target).manifest["nodes"].values()
    return {node["name"] for node in nodes if node["resource_type"] == "test"}


@pytest.fixture(scope="session")
def shop() -> Simulation:
    return simulate(days=7, visitors=150, first_day=FIRST)


class Stored:
    """Messages in the warehouse as the stream stores them, on one partition without a broker."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.position = ledger.claim(
            warehouse, "topic-id", "shop.events", 0, first_offset=0, owner="a test"
        )

    def add(self, messages: Sequence[Message]) -> None:
        first = self.position.next_offset
        began_ms = int(datetime(2026, 4, 1, tzinfo=UTC).timestamp() * 1000) + first
        records = [
            Record(first + n, key, payload, (), began_ms + n)
            for n, (key, payload) in enumerate(messages)
        ]
        rows = range_rows(
            records,
            expected_from=first,
            topic_id="topic-id",
            origin=Origin("shop.events", 0, self.position.generation),
            by=enrichment("UTC", "shop.example"),
            ingested_at=datetime.now(UTC),
        )
        store(self.warehouse, rows, datetime.now(UTC))
        self.position = ledger.Position(self.position.generation, first + len(records))


THANKS = "https://shop.example/thanks"


def order(event_id: str, day: date, revenue_minor: int, order_id: str = "ORD-1") -> Message:
    placed = event(
        OrderPlaced,
        id=event_id,
        time=datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
        data=OrderData(order_id=order_id, revenue_minor=revenue_minor, page=Page(url=THANKS)),
    )
    return key_of(placed), encode(placed)


def login(day: date) -> Message:
    logged_in = event(
        CustomerLoggedIn,
        id="login",
        customerid="anna",
        time=datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
        data=CustomerData(page=Page(url=THANKS)),
    )
    return key_of(logged_in), encode(logged_in)


def build(
    marts: dg.Definitions, instance: dg.DagsterInstance, stretch: Stretch
) -> dg.ExecuteInProcessResult:
    return run(marts.resolve_job_def(JOB), instance, stretch)


def run(
    job: dg.JobDefinition, instance: dg.DagsterInstance, stretch: Stretch
) -> dg.ExecuteInProcessResult:
    return job.execute_in_process(
        instance=instance, tags=range_tags(stretch), run_config=QUIET, raise_on_error=False
    )


def test_one_run_over_a_range_of_days_builds_every_mart_and_checks_it(
    marts: dg.Definitions,
    instance: dg.DagsterInstance,
    warehouse: Warehouse,
    shop: Simulation,
    tests_of_dbt: set[str],
) -> None:
    Stored(warehouse).add(shop.messages)
    result = build(marts, instance, DAYS)
    assert result.success
    in_sessions = "select sum(event_count + server_event_count) from marts.sessions"
    outside = "select countIf(not is_in_session) from intermediate.int_events_sessionized"
    counted = int(warehouse.scalar(in_sessions)) + int(warehouse.scalar(outside))
    assert counted == shop.expected.events
    assert warehouse.rows("select count(), sum(revenue_minor) from marts.orders") == [
        (shop.expected.orders, shop.expected.revenue_minor)
    ]
    assert dirty_days(warehouse).days == []
    built = instance.get_materialized_partitions(SESSIONS)
    assert built == {day.isoformat() for day in DAYS.days()}
    checked = {one.check_name for one in result.get_asset_check_evaluations()}
    warned_of = {"events_are_as_the_contract_wants_them", "nothing_is_in_quarantine"}
    assert checked == tests_of_dbt | warned_of | {EVERY_EVENT.name}
    assert not [one for one in result.all_events if one.is_asset_observation]


def test_a_missing_event_fails_the_check_and_nothing_behind_it_is_built(
    marts: dg.Definitions, instance: dg.DagsterInstance, warehouse: Warehouse, shop: Simulation
) -> None:
    Stored(warehouse).add(shop.messages[:500])
    job = marts.resolve_job_def(JOB)
    up_to_sessions = dg.AssetSelection.assets(SESSIONS).upstream()
    found = up_to_sessions.resolve(marts.resolve_asset_graph())
    assert run(job.get_subset(asset_selection=found), instance, DAYS).success
    warehouse.execute("alter table marts.sessions delete where event_count = 1")
    behind = job.get_subset(asset_selection={CUSTOMERS}, asset_check_selection={EVERY_EVENT})
    result = run(behind, instance, DAYS)
    checks = result.get_asset_check_evaluations()
    assert [(one.check_name, one.passed) for one in checks] == [(EVERY_EVENT.name, False)]
    assert not result.success
    assert result.asset_materializations_for_node("marts") == []


def test_the_schedule_asks_for_runs_until_no_day_is_dirty(
    marts: dg.Definitions,
    settings: OrchestrationSettings,
    warehouse: Warehouse,
    shop: Simulation,
) -> None:
    schedule = marts.resolve_schedule_def("build_dirty_days")
    stored = Stored(warehouse)
    with dg.instance_for_test() as instance:

        def tick() -> dg.ScheduleExecutionData:
            resources = {"warehouse": warehouse}
            return schedule.evaluate_tick(dg.build_schedule_context(instance, resources=resources))

        assert tick().skip_message == "no shop day is dirty"
        stored.add(shop.messages)
        [request] = tick().run_requests or []
        assert request.tags.items() >= range_tags(DAYS).items()
        recipe = Dbt(settings.dbt_target).recipe()
        record_build(warehouse, dirty_days(warehouse).counts, "a run", recipe.days_digest)
        assert tick().skip_message == "no shop day is dirty"


@pytest.mark.long
def test_a_late_copy_of_an_order_leaves_every_mart_as_if_it_had_come_in_time(
    marts: dg.Definitions, instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    stored = Stored(warehouse)
    stored.add([order("first", FIRST, 1_000), order("another", FIRST + 3 * A_DAY, 500, "ORD-2")])
    assert build(marts, instance, DAYS).success
    stored.add([order("late", FIRST + 5 * A_DAY, 2_000)])
    late = FIRST + 5 * A_DAY
    assert build(marts, instance, Stretch(late, late)).success
    assert dirty_days(warehouse).days == []
    rows = warehouse.rows("select order_id, revenue_minor, copy_count from marts.orders order by 1")
    assert rows == [("ORD-1", 2_000, 2), ("ORD-2", 500, 1)]


def test_a_run_over_the_day_of_a_login_also_builds_the_visitor_s_past(
    marts: dg.Definitions, instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    stored = Stored(warehouse)
    late = FIRST + 5 * A_DAY
    stored.add([order("another", FIRST + 3 * A_DAY, 500, "ORD-2"), order("first", FIRST, 1_000)])
    assert build(marts, instance, DAYS).success
    stored.add([login(late)])
    assert build(marts, instance, Stretch(late, late)).success
    assert dirty_days(warehouse).days == []
    rows = warehouse.rows("select person, session_count, order_count from marts.customers")
    assert rows == [("c:anna", 3, 2)]


def test_arrivals_are_counted_before_persons_are_resolved_and_marks_after(
    marts: dg.Definitions,
) -> None:
    graph = marts.resolve_asset_graph()
    edges, identifiers = (
        dg.AssetKey(["staging", "stg_identity_edges"]),
        dg.AssetKey(["marts", "identifiers"]),
    )
    assert IDENTITY_PAIRS in graph.get(edges).parent_keys
    assert {IDENTITY_PAIRS, identifiers} <= graph.get(EVENTS).parent_keys
    assert EVENTS in graph.get(dg.AssetKey(["staging", "stg_events"])).parent_keys


def test_a_build_without_a_parsed_project_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DbtError, match="active-analytics up"):
        Dbt(tmp_path).recipe()


def test_the_location_of_detection_carries_nothing_of_dbt() -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, orchestration.definitions_detection; print(*sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not {"dbt", "dagster_dbt", "great_expectations", "faust", "chdb"}.intersection(told)


def test_a_build_from_a_script_is_a_run_of_dagster_and_tells_why_it_failed(
    settings: OrchestrationSettings,
    warehouse: Warehouse,
    warehouse_server: WarehouseSettings,
    shop: Simulation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WAREHOUSE_URL", warehouse_server.url)
    Stored(warehouse).add(shop.messages[:500])
    run_id = build_days(settings, Stretch(FIRST, FIRST + A_DAY))
    with opened(settings) as instance:
        found = instance.get_run_by_id(run_id)
    assert found is not None
    assert found.status == dg.DagsterRunStatus.SUCCESS

    warehouse.execute("alter table marts.sessions add column mood String")
    with pytest.raises(BuildFailedError, match=r"sessions.* has other columns"):
        build_days(settings, Stretch(FIRST, FIRST))
    waiting = waiting_now(warehouse, Dbt(settings.dbt_target).recipe(), settings)
    assert "the run before failed" in waiting.days[FIRST]
    [stretch] = waiting.stretches
    build_days(settings, stretch)
    assert unseen_days(warehouse, Dbt(settings.dbt_target).recipe()) == {}
