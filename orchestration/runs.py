"""Builds of days asked for by a script: one run of Dagster, in this process.

The run is one like all others, with its steps, checks and partitions on Dagster's pages; only its
start does not wait for the queue, and no other process has to be started for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestration.days import Stretch
from orchestration.instance import end_lost_runs, opened, process_tags
from orchestration.settings import OrchestrationSettings

if TYPE_CHECKING:
    import dagster as dg
    from dagster_shared.error import SerializableErrorInfo

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class BuildFailedError(Exception):
    """A run did not build its days; the message names what failed, and why."""


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
    from orchestration.marts.location import definitions
    from orchestration.marts.schedules import JOB, range_tags

    job = definitions(settings).resolve_job_def(JOB)
    with opened(settings) as instance:
        end_lost_runs(instance, is_dagster_down=False)
        result = job.execute_in_process(
            instance=instance,
            tags={**range_tags(stretch), **process_tags()},
            run_config=QUIET,
            raise_on_error=False,
        )
    if not result.success:
        raise BuildFailedError(f"run {result.run_id} failed: {'; '.join(_reasons(result))}")
    return str(result.run_id)


def _reasons(result: dg.ExecuteInProcessResult) -> Iterator[str]:
    """What each failed step said, without Dagster's own wrapping."""
    for event in result.all_events:
        error = _error_of(event)
        if error:
            wrapped = error.cause if (error.cls_name or "").startswith("Dagster") else None
            yield f"{event.step_key or 'start'}: {(wrapped or error).message.strip()}"


def _error_of(event: dg.DagsterEvent) -> SerializableErrorInfo | None:
    if event.is_step_failure:
        return event.step_failure_data.error
    return event.engine_event_data.error if event.is_resource_init_failure else None
