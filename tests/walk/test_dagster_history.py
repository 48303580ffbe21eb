"""Dagster's own history on one machine: what is lost is ended, what is old is deleted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from orchestration.days import Stretch
from orchestration.instance import PROCESS, end_lost_runs, forget_old_runs, opened, process_tags
from orchestration.marts.schedules import range_tags
from orchestration.settings import OrchestrationSettings

DAYS = dg.DailyPartitionsDefinition("2026-03-01")
TOMORROW = datetime.now(UTC) + timedelta(days=1)
YESTERDAY = TOMORROW - timedelta(days=2)


@dg.asset(partitions_def=DAYS)
def sessions() -> None: ...


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with opened(OrchestrationSettings(local_home=tmp_path)) as instance:
        yield instance


def built(instance: dg.DagsterInstance, day: str) -> str:
    return dg.materialize([sessions], partition_key=day, instance=instance).run_id


def test_the_home_of_dagster_is_made_with_our_file(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    assert (tmp_path / "dagster" / "dagster.yaml").exists()
    assert instance.telemetry_enabled is False
    assert instance.nux_enabled is False
    assert instance.run_monitoring_enabled is True


def test_old_runs_are_deleted_but_not_the_last_one_of_a_day(instance: dg.DagsterInstance) -> None:
    first, other_day, last = (
        built(instance, day) for day in ("2026-03-01", "2026-03-02", "2026-03-01")
    )
    assert forget_old_runs(instance, TOMORROW, sessions.key) == 1
    assert set(instance.get_run_ids()) == {other_day, last}
    assert instance.get_materialized_partitions(sessions.key) == {"2026-03-01", "2026-03-02"}
    assert not list(Path(instance.root_directory).rglob(f"{first}*"))


def test_young_runs_are_kept(instance: dg.DagsterInstance) -> None:
    built(instance, "2026-03-01")
    built(instance, "2026-03-01")
    assert forget_old_runs(instance, YESTERDAY, sessions.key) == 0
    assert len(instance.get_run_ids()) == 2


def test_a_run_that_lost_its_process_is_ended_and_one_that_waits_is_not(
    instance: dg.DagsterInstance,
) -> None:
    lost = instance.add_run(dg.DagsterRun("build", status=dg.DagsterRunStatus.STARTED))
    waiting = instance.add_run(dg.DagsterRun("build", status=dg.DagsterRunStatus.NOT_STARTED))
    assert end_lost_runs(instance, is_dagster_down=True) == 1
    assert {run.run_id: run.status for run in instance.get_runs()} == {
        lost.run_id: dg.DagsterRunStatus.FAILURE,
        waiting.run_id: dg.DagsterRunStatus.NOT_STARTED,
    }


def test_a_build_whose_process_was_killed_is_ended_and_a_living_one_is_not(
    instance: dg.DagsterInstance,
) -> None:
    gone = {PROCESS: "999999999 long ago"}
    started = dg.DagsterRunStatus.STARTED
    lost = instance.add_run(dg.DagsterRun("build", status=started, tags=gone))
    ours = instance.add_run(dg.DagsterRun("build", status=started, tags=process_tags()))
    others = instance.add_run(dg.DagsterRun("build", status=started))
    assert end_lost_runs(instance, is_dagster_down=False) == 1
    assert {run.run_id: run.status for run in instance.get_runs()} == {
        lost.run_id: dg.DagsterRunStatus.FAILURE,
        ours.run_id: started,
        others.run_id: started,
    }


def test_ten_years_of_days_are_noted_in_batches_and_each_is_known(
    instance: dg.DagsterInstance,
) -> None:
    days = dg.DailyPartitionsDefinition("2016-01-01")

    @dg.asset(partitions_def=days, backfill_policy=dg.BackfillPolicy.single_run())
    def orders() -> None: ...

    made = dg.Definitions(assets=[orders], jobs=[dg.define_asset_job("build")])
    result = made.resolve_job_def("build").execute_in_process(
        instance=instance, tags=range_tags(Stretch(date(2016, 1, 1), date(2025, 12, 28)))
    )
    assert len(instance.get_materialized_partitions(orders.key)) == 3650
    newest = instance.get_latest_materialization_event(orders.key)
    assert newest is not None
    assert newest.asset_materialization is not None
    assert newest.asset_materialization.partition == "2025-12-28"
    kinds = Counter(str(one.dagster_event_type) for one in instance.all_logs(result.run_id))
    assert kinds[str(dg.DagsterEventType.ASSET_MATERIALIZATION)] == 3650
    assert kinds[str(dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED)] == 1
