"""The assets of a build, in a run's order: events counted, sessions, other marts, the note.

A run builds the days of its partitions, and beside them the days that dirty ones among them reach:
then those are clean, however far the copies of an order lie apart.
"""

# Without `from __future__ import annotations`: Dagster reads these annotations as types.
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets

from orchestration.days import DirtyDays, Stretch, dirty_days, record_build
from orchestration.marts.dbt import Dbt, DbtEvent, build
from warehouse.client import Warehouse

EVENTS = dg.AssetKey(["analytics", "events"])
SESSIONS = dg.AssetKey(["marts", "sessions"])
SESSION_MODELS = frozenset({"stg_events", "int_events_sessionized", "sessions"})
SINGLE_RUN = dg.BackfillPolicy.single_run()
POOL = "warehouse"  # one build at a time writes to the marts


def stored_events(days: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    """The asset that the stream fills; a run counts it before anything is built."""

    @dg.asset(
        key=EVENTS,
        partitions_def=days,
        backfill_policy=SINGLE_RUN,
        group_name="analytics",
        io_manager_key="in_run",
    )
    def events(
        context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> dg.Output[DirtyDays]:
        """One row per event that could be read: what the stream has stored, counted here."""
        counted = dirty_days(warehouse).within(stretch_of(context))
        arrivals = sum(counted.arrivals.values())
        return dg.Output(
            counted, metadata={"dirty_days": len(counted.arrivals), "their_events": arrivals}
        )

    return events


def dbt_models(
    step: str, names: Collection[str], days: dg.DailyPartitionsDefinition, dbt: Dbt
) -> dg.AssetsDefinition:
    """Models that one step of a run builds and tests together.

    Args:
        step: its name.
        names: of the models.
        days: the shop days.
        dbt: the project, parsed.
    """
    translator = LayerTranslator()

    @dbt_assets(
        name=step,
        manifest=dbt.manifest,
        select=" ".join(sorted(names)),
        partitions_def=days,
        backfill_policy=SINGLE_RUN,
        dagster_dbt_translator=translator,
        pool=POOL,
    )
    def models(
        context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> Iterator[DbtEvent]:
        stretch = stretch_of(context)
        variables = day_variables(stretch, dirty_days(warehouse).within(stretch).days)
        yield from build(context, dbt, translator, variables)

    return models


def day_builds(
    days: dg.DailyPartitionsDefinition, built: Sequence[dg.AssetsDefinition]
) -> dg.AssetsDefinition:
    """The note that days are built; it comes last, and only when everything before succeeded."""

    @dg.asset(
        key=["operations", "day_builds"],
        ins={"counted": dg.AssetIn(key=EVENTS)},
        deps=built,
        partitions_def=days,
        backfill_policy=SINGLE_RUN,
        group_name="operations",
    )
    def note(
        context: dg.AssetExecutionContext,
        warehouse: dg.ResourceParam[Warehouse],
        counted: DirtyDays,
    ) -> dg.MaterializeResult[None]:
        """How many arrivals of each day the marts have seen, as counted when the run began."""
        record_build(warehouse, counted.arrivals, context.run.run_id)
        return dg.MaterializeResult(metadata={"days_now_clean": len(counted.arrivals)})

    return note


class LayerTranslator(DagsterDbtTranslator):
    """dbt's models as assets named database/table, grouped by layer."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The layer of the model: staging, intermediate or marts."""
        return str(dbt_resource_props["fqn"][1])


def stretch_of(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> Stretch:
    """The days of a run."""
    window = context.partition_key_range
    return Stretch(date.fromisoformat(window.start), date.fromisoformat(window.end))


def day_variables(stretch: Stretch, reached: Sequence[date]) -> Mapping[str, object]:
    """What dbt is told of the days to build.

    Args:
        stretch: the days of the run.
        reached: the days that its dirty days reach, inside the stretch or outside.
    """
    inside = set(stretch.days())
    return {
        "from_day": stretch.from_day.isoformat(),
        "to_day": stretch.to_day.isoformat(),
        "also_days": [day.isoformat() for day in reached if day not in inside],
    }
