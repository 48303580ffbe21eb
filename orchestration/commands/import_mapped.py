"""`active-analytics import events|orders|customers`: any shop's file, by a declared mapping.

The file is read as a whole before the first event leaves. Rows with mistakes are left out, listed
in a report, and make the exit code 3, unless `--strict` refuses to begin.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import click

from orchestration.commands.import_account import account_of, figures_of, found_in, preview_of
from orchestration.commands.import_progress import checkpoint_of, counted, said_plainly, shown
from streams.importers.mapped.history import MappedHistory, read_history
from streams.importers.mapped.reading import (
    SHIPPED,
    Made,
    ReadMapping,
    read_mapping,
    shipped_mappings,
)
from streams.importers.run import ImportReport, import_messages
from streams.producer import EventProducer
from streams.settings import StreamSettings

EXIT_MISTAKES = 3  # done, but rows with mistakes were left out
_WHAT: dict[Made, str] = {
    "events": "Import events: page views, searches, carts, orders as they happened.",
    "orders": "Import orders with their statuses: placed, paid, shipped, cancelled, returned.",
    "customers": "Import customers: registered, changed, subscribed.",
}
_FILES = "FILE is CSV, TSV, JSON lines (each also packed by gzip) or Parquet."
_HELP = """{what}

{files} The mapping is YAML that says which column becomes which field:

\b
{example}

Shipped mappings need no file, only their name: {names}. They are made to be copied, from
{folder}. Rows with mistakes are left out and listed in the report.

Exit codes: 0 all rows were imported; 1 an error; 3 rows with mistakes were left out.
"""
_MAPPINGS: dict[Made, str] = {
    "events": """makes: events
source: /shop/web-log
kind: {column: action, lookup: {view: product.viewed, page: page.viewed}}
fields:
  time: {column: at, format: "%d.%m.%Y %H:%M", zone: Europe/Berlin}
  visitorid: cookie
  page.url: address
products:
  fields: {sku: article, price_minor: {column: price, as: money}}""",
    "orders": """makes: orders
source: /shop/orders
file: {separator: ";", decimal_mark: ",", zone: Europe/Berlin}
fields:
  order_id: number
  customerid: client
  revenue_minor: {column: total, as: money}
statuses: {placed: created, paid: paid, shipped: sent, cancelled: cancelled}""",
    "customers": """makes: customers
source: /shop/customers
file: {zone: Europe/Berlin}
fields:
  customerid: id
  email_sha256: {column: e-mail, as: email_sha256}
registered: created
updated: changed""",
}
_OPTIONS = [
    click.Option(["--mapping"], required=True, help="YAML file, or the name of a shipped mapping."),
    click.Option(["--dry-run"], is_flag=True, help="Publish nothing; count, and show ten events."),
    click.Option(
        ["--report"],
        type=click.Path(path_type=Path, dir_okay=False),
        help="CSV file for all mistakes [in LOCAL_HOME/imports].",
    ),
    click.Option(["--strict"], is_flag=True, help="Publish nothing if any row has a mistake."),
    click.Option(
        ["--rate"], type=click.FloatRange(min=0, min_open=True), help="Events per second at most."
    ),
    click.Option(
        ["--limit"], type=click.IntRange(min=1), help="Stop after the first so many events."
    ),
    click.Option(
        ["--until"],
        type=click.DateTime(["%Y-%m-%d"]),
        help="Stop after this day of the shop [YYYY-MM-DD].",
    ),
    click.Option(
        ["--again"], is_flag=True, help="Publish from the beginning once more; changes no mart."
    ),
    click.Option(["--json", "as_json"], is_flag=True, help="One JSON object."),
]


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the caller asked for, in the words of the options."""

    rate: float | None
    limit: int | None
    until: datetime | None
    again: bool
    dry_run: bool
    strict: bool
    as_json: bool


def _command(makes: Made) -> click.Command:
    def run(file: Path, mapping: str, report: Path | None, **wish: Any) -> None:
        with said_plainly():
            _import(file, read_mapping(mapping, makes), report, _Wish(**wish))

    help_text = _HELP.format(
        what=_WHAT[makes],
        files=_FILES,
        example=_MAPPINGS[makes],
        names=", ".join(shipped_mappings(makes)),
        folder=SHIPPED,
    )
    argument = click.Argument(["file"], type=click.Path(path_type=Path))
    return click.Command(
        makes,
        params=[argument, *_OPTIONS],
        callback=run,
        help=help_text,
        short_help=_WHAT[makes],
    )


def _import(file: Path, read: ReadMapping, report: Path | None, wish: _Wish) -> None:
    settings = StreamSettings.from_env()
    history = _read(file, read, report, settings)
    if wish.strict and history.bad_rows and not wish.dry_run:
        raise click.ClickException(
            f"{history.bad_rows:,} rows have mistakes, and nothing was published; all of them are "
            f"in {history.report}"
        )
    wished = _wished(history, wish, settings)
    if wish.dry_run:
        click.echo(preview_of(history, wished, as_json=wish.as_json))
    else:
        done = _publish(history, wished, wish, settings)
        told = {**found_in(history), **figures_of(done)}
        click.echo(json.dumps(told) if wish.as_json else account_of(history, done, settings))
    if history.bad_rows:
        sys.exit(EXIT_MISTAKES)


def _read(
    file: Path, read: ReadMapping, report: Path | None, settings: StreamSettings
) -> MappedHistory:
    folder = settings.local_home / "imports"
    with counted(file.name) as progress:
        return read_history(
            file,
            read,
            folder=folder,
            report=report or folder / f"{read.name}-{file.name}.mistakes.csv",
            progress=progress,
        )


def _wished(history: MappedHistory, wish: _Wish, settings: StreamSettings) -> int:
    """How many events, in their order, the limit and the day asked for leave."""
    count = len(history.pile)
    if wish.until is not None:
        end = (wish.until + timedelta(days=1)).replace(tzinfo=settings.zone)
        count = history.pile.before(end)
    return min(count, wish.limit or count)


def _publish(
    history: MappedHistory, wished: int, wish: _Wish, settings: StreamSettings
) -> ImportReport:
    checkpoint = checkpoint_of(settings, history.name, history.identity)
    if wish.again:
        checkpoint.forget()
    already = checkpoint.sent()
    if already >= wished:
        return ImportReport(history.name, already, 0, 0.0)
    with EventProducer(settings) as producer, shown(history.name, already, wished) as progress:
        return import_messages(
            islice(history.pile.messages(), wished),
            producer,
            name=history.name,
            checkpoint=checkpoint,
            rate=wish.rate,
            progress=progress,
        )


MAPPED = [_command(makes) for makes in _WHAT]
