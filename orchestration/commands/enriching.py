"""`enrich`: today's rules and tables applied to events that were enriched by others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from orchestration.terminal import console, echo

if TYPE_CHECKING:
    from orchestration.enriching import Outcome, Plan


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be enriched anew, and why.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def enrich(dry_run: bool, as_json: bool) -> None:
    """Enrich stored events anew by today's rules and tables.

    After a change of channel rules, page rules, the geographic database, own hosts or a new version
    of this program: rows that other rules made are made again from the messages as received. The
    shop days whose rows changed become dirty, and the next build takes them in. Restart the stream
    worker first, so that new events follow the same rules. It may be stopped at any time; the same
    command goes on. A warehouse that goes away is waited for, ten minutes long. One at a time:
    others on this machine are refused, and no other machine may do it meanwhile.
    """
    from rich.progress import Progress

    from orchestration import enriching
    from streams.enrich.enrichment import Tables
    from streams.settings import StreamSettings
    from warehouse.client import Warehouse
    from warehouse.settings import WarehouseSettings

    settings = StreamSettings.from_env()
    tables = Tables.of(settings)
    with Warehouse.connect(WarehouseSettings.from_env(), "enrich") as warehouse:
        plan = enriching.plan(warehouse, tables)
        if dry_run or not plan.outdated:
            _tell_plan(plan, as_json)
            return
        with Progress(console=console(stderr=True), disable=as_json, transient=True) as progress:
            task = progress.add_task("enriching", total=plan.outdated)
            try:
                watcher = enriching.Watcher(
                    advance=lambda events: progress.advance(task, events),
                    wait=lambda reason: echo(reason, err=True),
                )
                outcome = enriching.enrich(warehouse, tables, settings.local_home, watcher)
            except enriching.EnrichingError as error:
                raise click.ClickException(str(error)) from None
    _tell_outcome(outcome, as_json)


def _tell_plan(plan: Plan, as_json: bool) -> None:
    if as_json:
        echo(json.dumps({"outdated": plan.outdated, "changed": plan.changed}))
    elif not plan.outdated:
        echo("Every event was enriched by today's rules.")
    else:
        why = f"; changed since: {', '.join(plan.changed)}" if plan.changed else ""
        echo(f"{plan.outdated:,} events would be enriched anew{why}")


def _tell_outcome(outcome: Outcome, as_json: bool) -> None:
    if as_json:
        told = {
            "enriched": outcome.events,
            "version": outcome.version,
            "refused": outcome.refused,
            "dirty_days": [day.isoformat() for day in sorted(outcome.days)],
        }
        echo(json.dumps(told))
        return
    echo(f"{outcome.events:,} events enriched anew as version {outcome.version}")
    echo(f"{len(outcome.days):,} shop days changed and wait for a build")
    if outcome.refused:
        echo(f"{outcome.refused:,} were left as they are: today's contract refuses them")
