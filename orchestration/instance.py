"""Dagster's instance of this machine: its home made ready, its history kept in order."""

from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg

from orchestration.settings import OrchestrationSettings

FILES = Path(__file__).with_name("dagster_home")
UNFINISHED = [
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def opened(settings: OrchestrationSettings) -> dg.DagsterInstance:
    """The instance, its home made and its file up to date."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    shutil.copy(FILES / "dagster.yaml", settings.dagster_home)
    return dg.DagsterInstance.from_config(str(settings.dagster_home))


def end_lost_runs(instance: dg.DagsterInstance) -> int:
    """Declare runs failed whose process ended without a word, when nothing can be running.

    Dagster cannot tell that itself on one machine; such a run would hold the pool and the schedule
    until its time was up.

    Returns:
        How many there were.
    """
    lost = instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))
    for run in lost:
        instance.report_run_failed(run, "its process ended together with the services")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return len(lost)
