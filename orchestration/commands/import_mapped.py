"""`active-analytics import events|orders|customers`: any shop's file, by a declared mapping.

The file is read as a whole before the first event leaves. Rows with mistakes are left out, listed
in a report, and make the exit code 3, unless `--strict` refuses to begin. What costs only a detail
of an event is a warning: the event is imported, and the exit code stays 0.
"""

from __future__ import annotations

import json
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import click

from orchestration.commands.import_account import (
    account_of,
    figures_of,
    found_in,
    notes_of,
    preview_of,
)
from orchestration.commands.import_progress import counted, said_plainly
from orchestration.commands.import_wish import Wish, publish, wish_options
from orchestration.terminal import echo
from streams.importers.mapped.history import MappedHistory, read_history
from streams.importers.mapped.reading import (
    SHIPPED,
    Made,
    ReadMapping,
    read_mapping,
    shipped_mappings,
)
from streams.settings import StreamSettings

EXIT_MISTAKES = 3  # done, but for what has mistakes
_WHAT: dict[Made, str] = {
    "events": "Import events: page views, searches, carts, orders as they happened.",
    "orders": "Import orders with their statuses: placed, changed, paid, shipped, returned …",
    "customers": "Import customers: registered, changed, subscribed.",
}
_FILES = "FILE is CSV, TSV, JSON lines (each also packed by gzip) or Parquet."
_HELP = """{what}

{files} The mapping is YAML that says which column becomes which field:

\b
{example}

Shipped mappings need no file, only their name: {names}. They are made to be copied, from
{folder}. Rows whose events would be unusable (no kind, no time, an impossible one) are left out and
listed in the report as mistakes. Any other fault costs its detail only, which stands in the report
as a warning.

Exit codes: 0 all rows were imported, if with warnings; 1 an error; 3 rows with mistakes were left
out.
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
    click.Option(
        ["--report"],
        type=click.Path(path_type=Path, dir_okay=False),
        help="CSV file for all mistakes and warnings [in LOCAL_HOME/imports].",
    ),
    click.Option(
        ["--strict"],
        is_flag=True,
        help="Publish nothing if there is any mistake, any warning (a detail lost), or a column "
        "that no row was seen to have.",
    ),
]


def _command(makes: Made) -> click.Command:
    def run(file: Path, mapping: str, report: Path | None, *, strict: bool, **wish: Any) -> None:
        with said_plainly():
            _import(file, read_mapping(mapping, makes), report, Wish(**wish), is_strict=strict)

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
        params=[argument, *_OPTIONS, *wish_options()],
        callback=run,
        help=help_text,
        short_help=_WHAT[makes],
    )


def _import(
    file: Path, read: ReadMapping, report: Path | None, wish: Wish, *, is_strict: bool
) -> None:
    settings = StreamSettings.from_env()
    history = _read(file, read, report, settings)
    wished = _wished(history, wish, settings)
    if wish.dry_run:
        echo(preview_of(history, wished, as_json=wish.as_json))
    if is_strict:
        _refuse_mistakes(history, read)
    if not wish.dry_run:
        for line in notes_of(history):  # before the first event leaves: a column may be misspelt
            echo(line, err=True)
        messages = islice(history.pile.messages(), wished)
        done = publish(
            messages, wished, wish, settings, name=history.name, identity=history.identity
        )
        told = {**found_in(history), **figures_of(done)}
        echo(json.dumps(told) if wish.as_json else account_of(history, done, settings))
    if history.bad_rows:
        sys.exit(EXIT_MISTAKES)


def _refuse_mistakes(history: MappedHistory, read: ReadMapping) -> None:
    if history.mistakes:
        raise click.ClickException(
            f"{history.bad_rows:,} rows have mistakes, and nothing was published; all "
            f"{history.mistakes:,} of them are in {history.report}"
        )
    if history.warnings:
        raise click.ClickException(
            f"{history.warned_rows:,} rows would lose details, and nothing was published; all "
            f"{history.warnings:,} of them are in {history.report}"
        )
    if history.notes and not read.mapping.file.may_lack_columns:
        raise click.ClickException(
            f"no row was seen to have {', '.join(history.notes)}, and nothing was published; mend "
            "the mapping, or let it say `file: {may_lack_columns: true}`"
        )


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
            shop_currency=settings.shop_currency,
        )


def _wished(history: MappedHistory, wish: Wish, settings: StreamSettings) -> int:
    """How many events, in their order, the limit and the day asked for leave."""
    end = wish.end(settings)
    count = len(history.pile) if end is None else history.pile.before(end)
    return min(count, wish.limit or count)


MAPPED = [_command(makes) for makes in _WHAT]
