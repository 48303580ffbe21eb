"""The assets of a build, in a run's order.

Arrivals counted, persons, marks counted, sessions, other marts, note. Arrivals are counted before
persons are resolved, so that a login that comes right after is not forgotten: its day stays dirty.

A run first finds out who is who. Then it builds the days of its partitions and, wherever they lie,
those on which somebody turned out to be somebody else; and beside them the days that dirty ones
among them reach: then those are clean, however far the copies of an order lie apart.
"""

# Without `from __future__ import annotations`: Dagster reads these annotations as types.
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets
from dbt_common.events.base_types import EventMsg

from orchestration.build_turn import Turn
from orchestration.builds import (
    changed_roll_ups,
    known_days,
    note_begun,
    note_finished,
    note_recipe,
)
from orchestration.days import (
    DirtyDays,
    Stretch,
    arrivals,
    dirty_days,
    record_build,
    stretches,
    unseen_days,
)
from orchestration.marts.dbt import Dbt, DbtEvent, build
from orchestration.recipes import Recipe
from warehouse.client import Warehouse

EVENTS = dg.AssetKey(["analytics", "events"])
DAY_BUILDS = dg.AssetKey(["operations", "day_builds"])
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
ASKED_FOR = "active_analytics/asked_for"  # by the schedule: what no day needs any more is not built
DIRTY_DAYS = {ASKED_FOR: "dirty days"}

Watch = Callable[[EventMsg], None]


@dataclass(frozen=True, slots=True)
class Beginning:
    """How things stood when a run began: arrivals per day, and what it is made by."""

    arrivals: Mapping[date, int]
    recipe: Recipe


@dataclass(frozen=True, slots=True)
class Counted:
    """What a run builds: its dirty days, and by which recipe."""

    dirty: DirtyDays
    recipe: Recipe


def nobody(_event: EventMsg) -> None:
    """Nobody watches what dbt does."""


def stored_pairs(days: dg.DailyPartitionsDefinition, dbt: Dbt) -> dg.AssetsDefinition:
    """What the stream knows of who is who; a run counts what has arrived before it resolves it."""

    @dg.asset(
        key=IDENTITY_PAIRS,
        partitions_def=days,
        backfill_policy=SINGLE_RUN,
        group_name="analytics",
        io_manager_key="in_run",
        output_required=False,
    )
    def identity_pairs(
        context: dg.AssetExecutionContext,
        warehouse: dg.ResourceParam[Warehouse],
        turn: dg.ResourceParam[Turn],
    ) -> Iterator[dg.Output[Beginning]]:
        """One row per two identifiers seen together; passes on the arrivals that they are of."""
        recipe = dbt.recipe()
        if turn.was_awaited and _is_done_meanwhile(context, warehouse, recipe):
            context.log.info("another run built these days meanwhile: nothing is left to do")
            return
        note_recipe(warehouse, recipe)
        counted = arrivals(warehouse)
        yield dg.Output(
            Beginning(counted, recipe), metadata={"arrived_events": sum(counted.values())}
        )

    return identity_pairs


def _is_done_meanwhile(
    context: dg.AssetExecutionContext, warehouse: Warehouse, recipe: Recipe
) -> bool:
    """Whether a run that was asked for because days were dirty would find none that is."""
    if context.run.tags.get(ASKED_FOR) != DIRTY_DAYS[ASKED_FOR]:
        return False
    dirty = unseen_days(warehouse, recipe)
    is_dirty = not dirty.keys().isdisjoint(stretch_of(context).days())
    return not is_dirty and not changed_roll_ups(warehouse, recipe)


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
        ins={"beginning": dg.AssetIn(key=IDENTITY_PAIRS)},
        deps=[persons],
        partitions_def=days,
        backfill_policy=SINGLE_RUN,
        group_name="analytics",
        io_manager_key="in_run",
    )
    def events(
        context: dg.AssetExecutionContext,
        warehouse: dg.ResourceParam[Warehouse],
        beginning: Beginning,
    ) -> dg.Output[Counted]:
        """One row per event that could be read: what the stream has stored, counted here."""
        stretch = stretch_of(context)
        dirty = dirty_days(warehouse, beginning.recipe).as_arrived(beginning.arrivals)
        dirty = dirty.of_run(stretch)
        if _builds_everything(context):
            of_stretch = known_days(warehouse).intersection(stretch.days())
            note_begun(warehouse, context.run.run_id, of_stretch.union(dirty.days))
        return dg.Output(
            Counted(dirty, beginning.recipe),
            metadata={
                "dirty_days": len(dirty.counts),
                "their_events": sum(count.arrivals for count in dirty.counts.values()),
                "days_of_changed_persons": len(dirty.marked),
            },
        )

    return events


def _builds_everything(context: dg.AssetExecutionContext) -> bool:
    """Whether the run ends with the note that its days are built."""
    selected = context.run.asset_selection
    return not selected or DAY_BUILDS in selected


def persons_of_all_days(
    days: dg.DailyPartitionsDefinition, dbt: Dbt, watch: Watch = nobody
) -> dg.AssetsDefinition:
    """Who is who: not a matter of days, but each run finds it out anew."""
    return dbt_models(
        "persons",
        PERSON_MODELS,
        days,
        dbt,
        watch=watch,
        variables_of=lambda _warehouse, _stretch: {},
    )


def variables_of_run(warehouse: Warehouse, stretch: Stretch) -> Mapping[str, object]:
    """What dbt is told of a run's days: those of its stretch, and those that dirty ones reach.

    Days that are dirty because of what made them reach none that is not dirty for the same reason.
    """
    return day_variables(stretch, dirty_days(warehouse).of_run(stretch).days)


def dbt_models(
    step: str,
    names: Collection[str],
    days: dg.DailyPartitionsDefinition,
    dbt: Dbt,
    *,
    watch: Watch = nobody,
    variables_of: Callable[[Warehouse, Stretch], Mapping[str, object]] = variables_of_run,
) -> dg.AssetsDefinition:
    """Models that one step of a run builds and tests together.

    Args:
        step: its name.
        names: of the models.
        days: the shop days.
        dbt: the project, parsed.
        watch: told what dbt does, as it happens.
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
        yield from build(context, dbt, translator, variables, watch)

    return models


def day_builds(
    days: dg.DailyPartitionsDefinition, built: Sequence[dg.AssetsDefinition], dbt: Dbt
) -> dg.AssetsDefinition:
    """The note that days are built; it comes last, and only when everything before succeeded."""

    @dg.asset(
        key=DAY_BUILDS,
        ins={"counted": dg.AssetIn(key=EVENTS)},
        deps=built,
        partitions_def=days,
        backfill_policy=SINGLE_RUN,
        group_name="operations",
    )
    def note(
        context: dg.AssetExecutionContext,
        warehouse: dg.ResourceParam[Warehouse],
        counted: Counted,
    ) -> dg.MaterializeResult[None]:
        """How much of each day the marts have seen, as counted when the run began."""
        recipe = counted.recipe
        if dbt.recipe() != recipe:
            context.log.warning("models were edited while the run built them: its days stay dirty")
            return dg.MaterializeResult(metadata={"days_now_clean": 0})
        run_id, counts = context.run.run_id, counted.dirty.counts
        version = counted.dirty.enrichment_version
        record_build(warehouse, counts, run_id, recipe.days_digest, version)
        note_finished(warehouse, run_id, recipe)
        return dg.MaterializeResult(metadata={"days_now_clean": len(counts)})

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
