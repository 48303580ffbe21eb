"""What a build asked for by a person comes to: which runs, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestration import enriching
from orchestration.builds import days_built_since
from orchestration.days import Stretch
from orchestration.dbt_project_files import is_edited, parsed_recipe
from orchestration.settings import OrchestrationSettings
from orchestration.waiting import first_shop_day, waiting_now
from streams.enrich.enrichment import Tables
from streams.settings import StreamSettings
from warehouse.client import Warehouse
from warehouse.settings import WarehouseSettings


class BuildError(Exception):
    """The build asked for cannot begin; the message says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The runs to make, why there are days to build, and how many events bear older rules."""

    stretches: Sequence[Stretch]
    reasons: Sequence[str]
    outdated_events: int


def plan_of(
    settings: OrchestrationSettings, named: Stretch | None, awaited: datetime | None
) -> Plan:
    """What to build, by dbt's project as it is now.

    Args:
        settings: where dbt's project was parsed to, the first shop day, the time zone.
        named: the days asked for; those that are not up to date, when none are.
        awaited: the instant since which another build was waited for, if one was: what it built of
            the days named is not built again.

    Raises:
        BuildError: dbt's project cannot be parsed, or the days named cannot be built.
    """
    _parse_if_edited(settings)
    recipe = parsed_recipe(settings.dbt_target)
    with Warehouse.connect(WarehouseSettings.from_env(), "build") as warehouse:
        waiting = waiting_now(warehouse, recipe, settings)
        outdated = enriching.plan(warehouse, Tables.of(StreamSettings.from_env())).outdated
        if named is None:
            return Plan(waiting.stretches, waiting.reasons(), outdated)
        _refuse_other_days(settings, warehouse, named)
        built = days_built_since(warehouse, awaited) if awaited else set()
    is_done = not built.isdisjoint(named.days()) and waiting.days.keys().isdisjoint(named.days())
    return Plan([] if is_done else [named], [], outdated)


def _parse_if_edited(settings: OrchestrationSettings) -> None:
    if not is_edited(settings.dbt_target):
        return
    from orchestration.marts.dbt import Dbt, DbtError

    try:
        Dbt(settings.dbt_target).parse_if_edited()
    except DbtError as error:
        raise BuildError(str(error)) from None


def _refuse_other_days(
    settings: OrchestrationSettings, warehouse: Warehouse, named: Stretch
) -> None:
    first, today = first_shop_day(settings, warehouse), settings.today()
    if named.from_day < first or named.to_day > today:
        raise BuildError(
            f"days are built from the first shop day, {first}, to today, {today}; "
            f"asked for were {named.from_day} to {named.to_day}"
        )
