"""`active-analytics import`: a shop's past, published as if it happened again.

An import may be stopped and started again at will: it goes on where it was, and what it repeats
changes no mart. Imported history never causes a letter, except on a shop clock.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

import click

from orchestration.commands.import_mapped import MAPPED
from orchestration.commands.import_progress import checkpoint_of, said_plainly, shown
from orchestration.commands.import_wish import Wish, publish, wish_options
from orchestration.terminal import echo
from streams.events import Event, encode, kind_of
from streams.importers.run import ImportReport, import_messages, message_of
from streams.importers.source import History
from streams.producer import EventProducer
from streams.settings import StreamSettings

_EXAMPLES = 10


@click.group("import")
def import_history() -> None:
    """Publish a shop's past events, in time order, as origin=import."""


@import_history.command("ga-hits", params=wish_options())
@click.argument("folder", type=click.Path(path_type=Path))
def ga_hits(folder: Path, **wish: Any) -> None:
    """Import a Google Analytics export: FOLDER holds hits.parquet and sessions.parquet."""
    from streams.importers import ga_hits as importer

    with said_plainly():
        _import(importer.history(folder), Wish(**wish))


@import_history.command("online-retail", params=wish_options())
@click.argument("file", type=click.Path(path_type=Path))
def online_retail(file: Path, **wish: Any) -> None:
    """Import order lines: FILE is online_retail.parquet or online_retail.csv.gz."""
    from streams.importers import online_retail as importer

    with said_plainly():
        _import(importer.history(file), Wish(**wish))


@import_history.command("simulated")
@click.option("--seed", default=1, show_default=True, help="Another seed is another month.")
@click.option("--days", default=31, show_default=True, type=click.IntRange(min=1))
@click.option("--visitors", default=1_900, show_default=True, type=click.IntRange(min=1))
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def simulated(seed: int, days: int, visitors: int, as_json: bool) -> None:
    """Publish a generated shop, with the late, doubled and broken messages that real ones send."""
    from streams.simulator import simulate

    settings = StreamSettings.from_env()
    simulation = simulate(seed=seed, days=days, visitors=visitors)
    with said_plainly():
        checkpoint = checkpoint_of(settings, "simulated", simulation.digest)
        already, count = checkpoint.sent(), len(simulation.messages)
        with EventProducer(settings) as producer, shown("simulated", already, count) as progress:
            report = import_messages(
                simulation.messages,
                producer,
                name="simulated",
                checkpoint=checkpoint,
                progress=progress,
            )
    told = {"name": report.name, "already": already, "published": report.published}
    expected = asdict(simulation.expected)
    if as_json:
        echo(json.dumps({**told, "expected": expected}))
    else:
        echo(
            f"simulated: {report.published:,} messages published, {already:,} were there: "
            f"{expected['duplicates']:,} of them copies, {expected['broken']:,} broken, "
            f"{expected['late']:,} late; {expected['orders']:,} orders"
        )


def _import(history: History, wish: Wish) -> None:
    settings = StreamSettings.from_env()
    events = _wished(history.events(), wish, settings)
    if wish.dry_run:
        _show_preview(history, events, wish.as_json)
        return
    report = publish(
        map(message_of, events),
        min(history.count, wish.limit or history.count),
        wish,
        settings,
        name=history.name,
        identity=history.identity,
    )
    echo(json.dumps(_found(history, report)) if wish.as_json else _told(history, report, settings))


def _wished(events: Iterator[Event], wish: Wish, settings: StreamSettings) -> Iterator[Event]:
    """The events up to the limit and the day asked for."""
    if (end := wish.end(settings)) is not None:
        events = takewhile(lambda event: event.time < end, events)
    return islice(events, wish.limit)


def _found(history: History, report: ImportReport) -> dict[str, Any]:
    return {
        "name": history.name,
        "events": history.count,
        "already": report.already,
        "published": report.published,
        "seconds": round(report.seconds, 3),
        "events_per_second": round(report.events_per_second),
        "rows": dict(history.rows),
    }


def _told(history: History, report: ImportReport, settings: StreamSettings) -> str:
    there = report.already + report.published
    place = f"{there:,} of {history.count:,} events are in {settings.events_topic}"
    if not report.published:
        return f"{history.name}: nothing to do, {place}; --again publishes them once more"
    done = f"{report.published:,} events published in {report.seconds:,.1f} s"
    lines = [
        f"{history.name}: {done} ({report.events_per_second:,.0f}/s); {place}",
        *_rows(history),
    ]
    return "\n".join(lines)


def _rows(history: History) -> list[str]:
    return [f"  {count:>9,}  {what}" for what, count in history.rows.items()]


def _show_preview(history: History, events: Iterator[Event], as_json: bool) -> None:
    """Count the events by kind, with the first one of each of ten kinds as an example."""
    kinds: Counter[str] = Counter()
    examples: list[str] = []
    for event in events:
        kind = kind_of(event)
        if not kinds[kind] and len(examples) < _EXAMPLES:
            examples.append(encode(event).decode())
        kinds[kind] += 1
    if as_json:
        found = {"name": history.name, "events": kinds.total(), "kinds": kinds}
        echo(json.dumps(found | {"rows": dict(history.rows)}))
        return
    counts = [f"  {count:>9,}  {kind}" for kind, count in kinds.most_common()]
    heading = f"{history.name}: {kinds.total():,} events would be published"
    echo("\n".join((heading, *counts, "rows of the source:", *_rows(history), *examples)))


for made in MAPPED:
    import_history.add_command(made)
