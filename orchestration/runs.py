"""Builds of days asked for by a script: one run of Dagster, in this process.

The run is one like all others, with its steps, checks and partitions on Dagster's pages; only its
start does not wait for the queue, and no other process has to be started for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from orchestration.days import Stretch
from orchestration.instance import end_lost_runs, opened, process_tags
from orchestration.settings import OrchestrationSettings

if TYPE_CHECKING:
    import dagster as dg
    from dagster_shared.error import SerializableErrorInfo
    from dbt_common.events.base_types import EventMsg

_SLICE = re.compile(r"slice (?P<number>\d+) of (?P<count>\d+) of (?P<model>\w+)$")
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class BuildFailedError(Exception):
    """A run did not build its days; the message names what failed, and why."""


RunProgress = Callable[[int, int, str], None]  # steps done, steps in all, the model or test


def unseen(_done: int, _total: int, _what: str) -> None:
    """Nobody looks how far the run is."""


def build_days(
    settings: OrchestrationSettings, stretch: Stretch, progress: RunProgress = unseen
) -> str:
    """Build a stretch of days in one run.

    Args:
        settings: where Dagster's home is.
        stretch: the days, all between the first shop day and today.
        progress: told how far it is.

    Returns:
        The id of the run.

    Raises:
        BuildFailedError: a step failed; the days stay dirty.
    """
    from orchestration.marts.dbt import Dbt
    from orchestration.marts.location import definitions
    from orchestration.marts.schedules import JOB, range_tags

    steps = _Steps(Dbt(settings.dbt_target).step_count, progress)
    job = definitions(settings, steps.watch).resolve_job_def(JOB)
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


class _Steps:
    """Counts the models and tests that dbt has done; each further slice of a model is a step."""

    def __init__(self, total: int, progress: RunProgress) -> None:
        self._done, self._total, self._progress = 0, total, progress

    def watch(self, event: EventMsg) -> None:
        """Look at what dbt says it does."""
        info: Any = event.info  # its class declares none of its fields
        if info.name == "NodeFinished":
            self._done += 1
            self._progress(self._done, self._total, event.data.node_info.node_name)
            return
        slice_of_model = _SLICE.search(info.msg)
        if slice_of_model:
            number, count = int(slice_of_model["number"]), int(slice_of_model["count"])
            self._total += count - 1 if number == 1 else 0
            self._done += number > 1
            what = f"{slice_of_model['model']}, slice {number} of {count}"
            self._progress(self._done, self._total, what)


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
