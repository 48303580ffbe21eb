"""The assets of a build, in a run's order.

Arrivals counted, persons, marks counted, sessions, other marts, note. Arrivals are counted before
persons are resolved, so that a login that comes right after is not forgotten: its day stays dirty.

A run first finds out who is who. Then it builds the days of its partitions and, wherever they lie,
those on which somebody turned out to be somebody else; and beside them the days that dirty ones
among them reach: then those are clean, however far the copies of an order lie apart.
"""

# Without `from __future__ import annotations`: Dagster reads these annotations as types.
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets

from orchestration.days import (
    DirtyDays,
    Stretch,
    arrivals,
    dirty_days,
    record_build,
    stretches,
)
from orchestration.marts.dbt import Dbt, DbtEvent, build
from warehouse.client import Warehouse

EVENTS = dg.AssetKey(["analytics", "events"])
IDENTITY_PAIRS = dg.AssetKey(["analytics", "identity_pairs"])
SESSIONS = dg.AssetKey(["marts", "sessions"])
PERSON_MODELS = frozenset(
    {
        "stg_identity_decisions",
        "stg_quarantined_identifiers",
        "stg_identity_edges",
        "int_identifiers_connected",
        "identifiers",
    }
)
SESSION_MODELS = frozenset({"stg_events", "int_events_sessionized", "sessions"})
SINGLE_RUN = dg.BackfillPolicy.single_run()
POOL = "warehouse"  # one build at a time writes to the marts


def stored_pairs(days: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    """What the stream knows of who is who; a run counts what has arrived before it resolves it."""

    @dg.asset(
        key=IDENTITY_PAIRS,
        partitions_def=days,
        backfill_policy=SINGLE_RUN,
        group_name="analytics",
        io_manager_key="in_run",
    )
    def identity_pairs(warehouse: dg.ResourceParam[Warehouse]) -> dg.Output[dict[date, int]]:
        """One row per two identifiers seen together; passes on the arrivals that they are of."""
        counted = arrivals(warehouse)
        return dg.Output(counted, metadata={"arrived_events": sum(counted.values())})

    return identity_pairs


def stored_events(
    days: dg.DailyPartitionsDefinition, persons: dg.AssetsDefinition
) -> dg.AssetsDefinition:
    """The asset that the stream fills; a run finds its dirty days before any day is built.

    Args:
        days: the shop days.
        persons: who is who; it comes before, because it marks the days on which that changed.
    """

    @dg.asset(
        key=EVENTS,
        ins={"arrived": dg.AssetIn(key=IDENTITY_PAIRS)},
        deps=[persons],
        partitions_def=days,
        backfill_policy=SINGLE_RUN,
        group_name="analytics",
        io_manager_key="in_run",
    )
    def events(
        context: dg.AssetExecutionContext,
        warehouse: dg.ResourceParam[Warehouse],
        arrived: dict[date, int],
    ) -> dg.Output[DirtyDays]:
        """One row per event that could be read: what the stream has stored, counted here."""
        counted = dirty_days(warehouse).as_arrived(arrived).of_run(stretch_of(context))
        return dg.Output(
            counted,
            metadata={
                "dirty_days": len(counted.counts),
                "their_events": sum(count.arrivals for count in counted.counts.values()),
                "days_of_changed_persons": len(counted.marked),
            },
        )

    return events


def persons_of_all_days(days: dg.DailyPartitionsDefinition, dbt: Dbt) -> dg.AssetsDefinition:
    """Who is who: not a matter of days, but each run finds it out anew."""
    return dbt_models("persons", PERSON_MODELS, days, dbt, lambda _warehouse, _stretch: {})


def variables_of_run(warehouse: Warehouse, stretch: Stretch) -> Mapping[str, object]:
    """What dbt is told of a run's days: those of its stretch, and those that dirty ones reach."""
    return day_variables(stretch, dirty_days(warehouse).of_run(stretch).days)


def dbt_models(
    step: str,
    names: Collection[str],
    days: dg.DailyPartitionsDefinition,
    dbt: Dbt,
    variables_of: Callable[[Warehouse, Stretch], Mapping[str, object]] = variables_of_run,
) -> dg.AssetsDefinition:
    """Models that one step of a run builds and tests together.

    Args:
        step: its name.
        names: of the models.
        days: the shop days.
        dbt: the project, parsed.
        variables_of: what dbt is told of the days.
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
        variables = variables_of(warehouse, stretch_of(context))
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
        """How much of each day the marts have seen, as counted when the run began."""
        record_build(warehouse, counted.counts, context.run.run_id)
        return dg.MaterializeResult(metadata={"days_now_clean": len(counted.counts)})

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
        "also_stretches": [
            [one.from_day.isoformat(), one.to_day.isoformat()]
            for one in stretches(day for day in reached if day not in inside)
        ],
    }
