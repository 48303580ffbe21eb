"""Dagster's instance of this machine: its home made ready, its history kept in order."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log import SqliteEventLogStorage

from orchestration.settings import OrchestrationSettings
from streams.local_kafka.running import Running

PROCESS = "active_analytics/process"

FILES = Path(__file__).with_name("dagster_home")
FINISHED = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]
UNFINISHED = [
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def opened(settings: OrchestrationSettings) -> dg.DagsterInstance:
    """The instance, its home made and its file up to date."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    ours = (FILES / "dagster.yaml").read_text()
    placed = ours.replace("base_dir: DAGSTER_HOME", f"base_dir: {settings.dagster_home}")
    (settings.dagster_home / "dagster.yaml").write_text(placed)
    return dg.DagsterInstance.from_config(str(settings.dagster_home))


def forget_old_runs(
    instance: dg.DagsterInstance, before: datetime, asset: dg.AssetKey, limit: int = 200
) -> int:
    """Delete finished runs with all that is kept of them: Dagster itself never does.

    A run that was the last to build some day stays, however old it is: the pages would show that
    day as missing without it.

    Args:
        instance: of which the runs are.
        before: runs created before this instant are old.
        asset: the one whose days tell which run was the last.
        limit: at most so many at once.

    Returns:
        How many were deleted.
    """
    finished = dg.RunsFilter(statuses=FINISHED, created_before=before)
    lasting = last_builders(instance, asset)
    old = [one for one in instance.get_run_ids(finished) if one not in lasting][:limit]
    for run_id in old:
        instance.delete_run(run_id)
        instance.compute_log_manager.delete_logs(prefix=[run_id])
        if isinstance(instance.event_log_storage, SqliteEventLogStorage):
            Path(instance.event_log_storage.path_for_shard(run_id)).unlink(missing_ok=True)
    return len(old)


def last_builders(instance: dg.DagsterInstance, asset: dg.AssetKey) -> set[str]:
    """The runs that were, for some partition of an asset, the last to build it."""
    newest = instance.event_log_storage.get_latest_storage_id_by_partition(
        asset, dg.DagsterEventType.ASSET_MATERIALIZATION
    )
    found = dg.AssetRecordsFilter(asset, storage_ids=list(newest.values()))
    records = instance.fetch_materializations(found, limit=max(1, len(newest))).records
    return {record.run_id for record in records}


def process_tags() -> dict[str, str]:
    """The tag by which a run in this process tells whose it is."""
    this = Running.of(os.getpid())
    return {PROCESS: f"{this.pid} {this.started}"} if this else {}


def end_lost_runs(instance: dg.DagsterInstance, *, is_dagster_down: bool) -> int:
    """Declare runs failed whose process ended without a word.

    Dagster cannot tell that itself on one machine; such a run would hold the pool and the schedule
    until its time was up.

    Args:
        instance: of which the runs are.
        is_dagster_down: whether the code locations do not run, whose children all runs are but
            those that name a process of their own.

    Returns:
        How many there were.
    """
    unfinished = instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))
    lost = [run for run in unfinished if _is_lost(run, is_dagster_down)]
    for run in lost:
        instance.report_run_failed(run, "its process ended before it did")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return len(lost)


def _is_lost(run: dg.DagsterRun, is_dagster_down: bool) -> bool:
    pid, _, started = run.tags.get(PROCESS, "").partition(" ")
    return not Running(int(pid), started).is_alive() if pid.isdigit() else is_dagster_down
