"""What happens by itself: dirty days are built, old runs are forgotten."""

# Without `from __future__ import annotations`: Dagster reads these annotations as types.
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from orchestration.days import Stretch, stretches, unseen_days
from orchestration.instance import end_lost_runs
from orchestration.instance import forget_old_runs as forget_old_runs_of
from orchestration.marts.assets import SESSIONS
from warehouse.client import Warehouse

JOB = "build_days"
BRIDGED_DAYS = 7  # a week of clean days built again costs less than the start of another run
UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def forgetting_sensor(keep_days: int) -> dg.SensorDefinition:
    """The sensor that keeps Dagster's history from growing for ever."""

    @dg.sensor(minimum_interval_seconds=3600, default_status=dg.DefaultSensorStatus.RUNNING)
    def forget_old_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        """Deletes runs that nobody will look at any more."""
        before = datetime.now(UTC) - timedelta(days=keep_days)
        count = forget_old_runs_of(context.instance, before, SESSIONS)
        return dg.SkipReason(f"{count} runs older than {keep_days} days were deleted")

    return forget_old_runs


def range_tags(stretch: Stretch) -> dict[str, str]:
    """The tags by which Dagster knows the partitions of a run that builds several."""
    return {
        "dagster/asset_partition_range_start": stretch.from_day.isoformat(),
        "dagster/asset_partition_range_end": stretch.to_day.isoformat(),
    }


def stretches_to_build(dirty: Iterable[date], first_day: date, today: date) -> list[Stretch]:
    """The runs that dirty days ask for; days before the first shop day or after today wait.

    Args:
        dirty: the dirty days themselves; what they reach is built with them.
        first_day: the first day that has a partition.
        today: the last one.
    """
    return stretches([day for day in dirty if first_day <= day <= today], BRIDGED_DAYS)


def dirty_days_schedule(cron: str, zone: str, first_day: date) -> dg.ScheduleDefinition:
    """The schedule that asks for a run per stretch of dirty days, unless one is under way."""

    @dg.schedule(
        job_name=JOB,
        cron_schedule=cron,
        execution_timezone=zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def build_dirty_days(
        context: dg.ScheduleEvaluationContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> dg.SkipReason | list[dg.RunRequest]:
        """Builds every shop day whose arrivals or marks no build has seen."""
        end_lost_runs(context.instance, is_dagster_down=False)
        if context.instance.get_runs(dg.RunsFilter(job_name=JOB, statuses=UNDER_WAY), limit=1):
            return dg.SkipReason("a build is under way: the next tick sees what it left")
        today = datetime.now(ZoneInfo(zone)).date()
        dirty = unseen_days(warehouse)
        wanted = stretches_to_build(dirty, first_day, today)
        if not wanted and dirty:
            return dg.SkipReason(f"{len(dirty)} dirty days lie before {first_day} or after today")
        if not wanted:
            return dg.SkipReason("no shop day is dirty")
        return [dg.RunRequest(tags=range_tags(stretch)) for stretch in wanted]

    return build_dirty_days
