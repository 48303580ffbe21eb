"""The code location of the marts, put together."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import dagster as dg

from orchestration.marts.assets import (
    PERSON_MODELS,
    SESSION_MODELS,
    day_builds,
    dbt_models,
    persons_of_all_days,
    stored_events,
    stored_pairs,
)
from orchestration.marts.checks import (
    events_are_as_the_contract_wants_them,
    every_staged_event_is_in_a_session_or_outside_by_rule,
    nothing_is_in_quarantine,
)
from orchestration.marts.dbt import Dbt
from orchestration.marts.enrichment import enrich_stored_events, rules_changed
from orchestration.marts.reference import currency_rates, daily_rates, rates_job
from orchestration.marts.schedules import JOB, dirty_days_schedule, forgetting_sensor
from orchestration.settings import OrchestrationSettings
from warehouse.client import Warehouse
from warehouse.settings import WarehouseSettings


@dg.resource
def warehouse() -> Iterator[Warehouse]:
    """A connection of the run, the tick or the check that asked for it."""
    with Warehouse.connect(WarehouseSettings.from_env(), "dagster") as connection:
        yield connection


def definitions(settings: OrchestrationSettings) -> dg.Definitions:
    """All definitions of the location.

    Args:
        settings: the first shop day, the shop's time zone, how often dirty days are built.

    Raises:
        DbtError: dbt's project was not parsed.
    """
    warnings.filterwarnings("ignore", category=dg.BetaWarning)  # backfill policies are beta in 1.13
    dbt = Dbt(settings.dbt_target)
    days = dg.DailyPartitionsDefinition(
        settings.first_shop_day.isoformat(),
        timezone=settings.shop_time_zone,
        end_offset=1,  # today too
    )
    persons = persons_of_all_days(days, dbt)
    models = [
        dbt_models("sessions", SESSION_MODELS, days, dbt),
        dbt_models("marts", dbt.models - PERSON_MODELS - SESSION_MODELS, days, dbt),
    ]
    of_days = dg.AssetSelection.all() - dg.AssetSelection.groups("reference")
    schedules = [
        dirty_days_schedule(
            settings.marts_schedule, settings.shop_time_zone, settings.first_shop_day
        )
    ]
    if settings.currency_rates_file:
        schedules.append(daily_rates(settings.currency_rates_file))
    return dg.Definitions(
        assets=[
            *(stored_pairs(days), persons, stored_events(days, persons)),
            *(*models, day_builds(days, models)),
            currency_rates(settings.shop_currency),
        ],
        asset_checks=[
            every_staged_event_is_in_a_session_or_outside_by_rule,
            events_are_as_the_contract_wants_them,
            nothing_is_in_quarantine,
        ],
        jobs=[dg.define_asset_job(JOB, of_days), rates_job(), enrich_stored_events],
        schedules=schedules,
        sensors=[forgetting_sensor(settings.keep_runs_days), rules_changed],
        resources={"warehouse": warehouse, "in_run": dg.mem_io_manager},
        executor=dg.in_process_executor,  # a process per step would cost 6 CPU seconds each
    )
