"""`enrich`: today's rules and tables applied to events that were enriched by others."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from streams.enrich.enrichment import Enrichment
    from warehouse.client import Warehouse


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be enriched anew, and why.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def enrich(dry_run: bool, as_json: bool) -> None:
    """Enrich stored events anew by today's rules and tables.

    After a change of channel rules, page rules, the geographic database, own hosts or a new version
    of this program: rows that other rules made are made again from the messages as received. The
    shop days whose rows changed become dirty, and the next build takes them in; nobody gets a
    letter by it. Restart the stream worker first, so that new events follow the same rules. It may
    be stopped at any time; the same command goes on.
    """
    from streams import anew, versions
    from streams.enrich.enrichment import Enrichment, Tables, differing
    from streams.settings import StreamSettings
    from warehouse.client import Warehouse
    from warehouse.settings import WarehouseSettings

    settings = StreamSettings.from_env()
    tables = Tables.of(settings)
    with Warehouse.connect(WarehouseSettings.from_env(), "enrich") as warehouse:
        version, digest, parts = versions.newest(warehouse)
        changed = differing(parts, tables.parts())
        is_known = digest == versions.digest_of(tables.parts())
        counts = anew.versions(warehouse)
        outdated = sum(count for one, count in counts.items() if not is_known or one != version)
        if dry_run or not outdated:
            _tell_plan(outdated, changed, as_json)
            return
        with _alone(settings.local_home):
            by = Enrichment(tables, versions.registered(warehouse, tables.parts()))
            events, days, refused = _enrich(warehouse, by, outdated, is_silent=as_json)
    told = {"enriched": events, "version": by.version, "refused": refused}
    if as_json:
        click.echo(json.dumps({**told, "dirty_days": [day.isoformat() for day in sorted(days)]}))
        return
    click.echo(f"{events:,} events enriched anew as version {by.version}")
    click.echo(f"{len(days):,} shop days changed and wait for a build")
    if refused:
        click.echo(f"{refused:,} events were left as they are: today's contract refuses them")


def _tell_plan(outdated: int, changed: list[str], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"outdated": outdated, "changed": changed}))
    elif not outdated:
        click.echo("Every event was enriched by today's rules.")
    else:
        why = f"; changed since: {', '.join(changed)}" if changed else ""
        click.echo(f"{outdated:,} events would be enriched anew{why}")


def _enrich(
    warehouse: Warehouse, by: Enrichment, outdated: int, *, is_silent: bool
) -> tuple[int, set[date], int]:
    from rich.console import Console
    from rich.progress import Progress

    from streams import anew

    events = refused = 0
    days: set[date] = set()
    with Progress(console=Console(stderr=True), disable=is_silent, transient=True) as progress:
        task = progress.add_task("enriching", total=outdated)
        for part in anew.slices(warehouse, by.version):
            done = anew.enrich_anew(warehouse, part, by)
            events, refused, days = events + done.events, refused + done.refused, days | done.days
            progress.advance(task, part.event_count)
    return events, days, refused


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Two at once would enrich a slice twice."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "enrich.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise click.ClickException("events are being enriched anew already") from None
        yield
