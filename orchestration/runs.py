"""Builds of days asked for by a script: one run of Dagster, in this process.

The run is one like all others, with its steps, checks and partitions on Dagster's pages; only its
start does not wait for the queue, and no other process has to be started for it.
"""

from __future__ import annotations

from orchestration.days import Stretch
from orchestration.instance import opened
from orchestration.settings import OrchestrationSettings

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class BuildFailedError(Exception):
    """A run did not build its days; the message names the steps and checks that failed."""


def build_days(settings: OrchestrationSettings, stretch: Stretch) -> str:
    """Build a stretch of days in one run.

    Args:
        settings: where Dagster's home is.
        stretch: the days, all between the first shop day and today.

    Returns:
        The id of the run.

    Raises:
        BuildFailedError: a step failed; the days stay dirty.
    """
    from orchestration.definitions_marts import defs
    from orchestration.marts.schedules import JOB, range_tags

    with opened(settings) as instance:
        result = defs.resolve_job_def(JOB).execute_in_process(
            instance=instance, tags=range_tags(stretch), run_config=QUIET, raise_on_error=False
        )
    if not result.success:
        failed = [event.step_key for event in result.get_step_failure_events()]
        checks = [one for one in result.get_asset_check_evaluations() if not one.passed]
        names = [*failed, *(one.check_name for one in checks)]
        raise BuildFailedError(f"run {result.run_id}: {', '.join(map(str, names))} failed")
    return str(result.run_id)
