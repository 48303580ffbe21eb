"""What happens by itself: dirty days are built, old runs are forgotten."""

# Without `from __future__ import annotations`: Dagster reads these annotations as types.
from datetime import UTC, datetime, timedelta

import dagster as dg

from orchestration.build_turn import is_somebody_building
from orchestration.days import Stretch
from orchestration.instance import end_lost_runs
from orchestration.instance import forget_old_runs as forget_old_runs_of
from orchestration.marts.assets import DIRTY_DAYS, SESSIONS
from orchestration.marts.dbt import Dbt
from orchestration.settings import OrchestrationSettings
from orchestration.waiting import waiting_now
from warehouse.client import Warehouse

JOB = "build_days"
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


def dirty_days_schedule(settings: OrchestrationSettings, dbt: Dbt) -> dg.ScheduleDefinition:
    """The schedule that asks for a run per stretch of dirty days, unless one is under way.

    A run begins by loading all definitions, so it may be of days that came before the first one
    that this location knew when it was loaded.
    """

    @dg.schedule(
        job_name=JOB,
        cron_schedule=settings.marts_schedule,
        execution_timezone=settings.shop_time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def build_dirty_days(
        context: dg.ScheduleEvaluationContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> dg.SkipReason | list[dg.RunRequest]:
        """Builds every shop day that is not up to date, and roll-ups that were edited."""
        end_lost_runs(context.instance, is_dagster_down=False)
        if is_somebody_building(settings.home) or _is_run_under_way(context.instance):
            return dg.SkipReason("a build is under way: the next tick sees what it left")
        waiting = waiting_now(warehouse, dbt.recipe(), settings)
        if not waiting.stretches:
            return dg.SkipReason("; ".join(waiting.reasons()) or "no shop day is dirty")
        context.log.info("; ".join(waiting.reasons()))
        return [_request(stretch) for stretch in waiting.stretches]

    return build_dirty_days


def _is_run_under_way(instance: dg.DagsterInstance) -> bool:
    return bool(instance.get_runs(dg.RunsFilter(job_name=JOB, statuses=UNDER_WAY), limit=1))


def _request(stretch: Stretch) -> dg.RunRequest:
    return dg.RunRequest(tags={**range_tags(stretch), **DIRTY_DAYS})
