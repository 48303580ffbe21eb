"""A job that brings stored events under today's rules, as `active-analytics enrich` does."""

# Without `from __future__ import annotations`: Dagster reads these annotations as types.
import dagster as dg

from orchestration import enriching
from orchestration.marts.assets import POOL
from streams.enrich.enrichment import Tables
from streams.settings import StreamSettings
from warehouse.client import Warehouse


class Enriching(dg.Config):
    """Whether to change anything: at first, only what would be done is told."""

    dry_run: bool = True


@dg.op(pool=POOL)
def enrich_events(
    context: dg.OpExecutionContext, config: Enriching, warehouse: dg.ResourceParam[Warehouse]
) -> None:
    """Rows that other rules made are made again; the days that change become dirty."""
    settings = StreamSettings.from_env()
    tables = Tables.of(settings)
    plan = enriching.plan(warehouse, tables)
    context.log.info(f"{plan.outdated:,} events to enrich anew; changed: {', '.join(plan.changed)}")
    if config.dry_run or not plan.outdated:
        return
    watcher = enriching.Watcher(advance=lambda _: None, wait=context.log.warning)
    outcome = enriching.enrich(warehouse, tables, settings.local_home, watcher)
    context.log.info(f"{outcome.events:,} enriched, {len(outcome.days)} shop days wait for a build")


@dg.job
def enrich_stored_events() -> None:
    """Enrich stored events by today's rules; dry run unless the config says otherwise."""
    enrich_events()


@dg.sensor(
    job=enrich_stored_events,
    minimum_interval_seconds=600,
    default_status=dg.DefaultSensorStatus.STOPPED,
)
def rules_changed(
    _context: dg.SensorEvaluationContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.RunRequest | dg.SkipReason:
    """Enriches the past anew whenever rules or tables change; switch it on if that is wanted."""
    plan = enriching.plan(warehouse, Tables.of(StreamSettings.from_env()))
    if not plan.outdated:
        return dg.SkipReason("every event was enriched by today's rules")
    return dg.RunRequest(run_config=dg.RunConfig({"enrich_events": Enriching(dry_run=False)}))
