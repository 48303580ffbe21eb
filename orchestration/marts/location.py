"""The code location of the marts, put together."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg

from orchestration.build_turn import Turn, turn
from orchestration.marts.assets import (
    PERSON_MODELS,
    SESSION_MODELS,
    Watch,
    day_builds,
    dbt_models,
    nobody,
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
from orchestration.waiting import first_shop_day
from warehouse.client import Warehouse, WarehouseError
from warehouse.settings import WarehouseSettings


@dg.resource
def warehouse() -> Iterator[Warehouse]:
    """A connection of the run, the tick or the check that asked for it."""
    with Warehouse.connect(WarehouseSettings.from_env(), "dagster") as connection:
        yield connection


def turn_in(home: Path) -> dg.ResourceDefinition:
    """The turn to build, which a run has from its beginning to its end."""

    @dg.resource
    def of_run(context: dg.InitResourceContext) -> Iterator[Turn]:
        with turn(home, wait=(context.log or dg.get_dagster_logger()).info) as mine:
            yield mine

    return of_run


def first_shop_day_now(settings: OrchestrationSettings) -> date:
    """The first day of the partitions; today while the warehouse cannot be asked."""
    if settings.first_shop_day:
        return settings.first_shop_day
    try:
        with Warehouse.connect(WarehouseSettings.from_env(), "dagster") as connection:
            return first_shop_day(settings, connection)
    except WarehouseError:
        return settings.today()


def definitions(settings: OrchestrationSettings, watch: Watch = nobody) -> dg.Definitions:
    """All definitions of the location, by dbt's project as it is now.

    Args:
        settings: the first shop day, the shop's time zone, how often dirty days are built.
        watch: told what dbt does in runs of this process, as it happens.

    Raises:
        DbtError: dbt's project cannot be parsed; the message says why.
    """
    warnings.filterwarnings("ignore", category=dg.BetaWarning)  # backfill policies are beta in 1.13
    dbt = Dbt(settings.dbt_target)
    dbt.parse_if_edited()
    days = dg.DailyPartitionsDefinition(
        first_shop_day_now(settings).isoformat(),
        timezone=settings.shop_time_zone,
        end_offset=1,  # today too
    )
    persons = persons_of_all_days(days, dbt, watch)
    models = [
        dbt_models("sessions", SESSION_MODELS, days, dbt, watch=watch),
        dbt_models("marts", dbt.models - PERSON_MODELS - SESSION_MODELS, days, dbt, watch=watch),
    ]
    of_days = dg.AssetSelection.all() - dg.AssetSelection.groups("reference")
    schedules = [dirty_days_schedule(settings, dbt)]
    if settings.currency_rates_file:
        schedules.append(daily_rates(settings.currency_rates_file))
    return dg.Definitions(
        assets=[
            *(stored_pairs(days, dbt), persons, stored_events(days, persons)),
            *(*models, day_builds(days, models, dbt)),
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
        resources={
            "warehouse": warehouse,
            "turn": turn_in(settings.home),
            "in_run": dg.mem_io_manager,
        },
        executor=dg.in_process_executor,  # a process per step would cost 6 CPU seconds each
    )
