"""`rates`: what currencies were worth, loaded from files of banks."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from orchestration.terminal import echo

_COVERAGE = """
select
    currency,
    to_currency,
    count() as days,
    min(rate_on) as first_day,
    max(rate_on) as last_day,
    toString(argMax(rate, rate_on)) as last_rate,
    argMax(source, rate_on) as last_source
from reference.currency_rates final
group by currency, to_currency
order by to_currency, currency
"""
_MISSING = """
select currency, count() as orders, min(ordered_on) as first_day, max(ordered_on) as last_day
from marts.orders
where not is_rate_known
group by currency
order by orders desc, currency
"""


@click.group()
def rates() -> None:
    """Load and show the currency rates by which orders are converted."""


@rates.command("load")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--source", default="", help="Who published them  [default: the file's name].")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def load(file: Path, source: str, as_json: bool) -> None:
    """Load rates from a CSV file; what is known already is left as it is.

    FILE has a row per rate, `rate_on,currency,rate` (and `to_currency`, else SHOP_CURRENCY, and
    `source`), the rate being what one unit of the currency is worth; or it is the European Central
    Bank's, `Date,USD,JPY,…`, in units for one euro. Days whose orders were converted at other rates
    become dirty, and the next build converts them anew.
    """
    from orchestration.currency_rates import RatesError, days_at_other_rates, read
    from orchestration.currency_rates import load as store
    from streams.settings import StreamSettings
    from warehouse.client import Warehouse
    from warehouse.settings import WarehouseSettings

    try:
        found = read(file, StreamSettings.from_env().shop_currency, source or file.name)
    except RatesError as error:
        raise click.ClickException(str(error)) from None
    with Warehouse.connect(WarehouseSettings.from_env(), "rates") as warehouse:
        loaded = store(warehouse, found)
        dirty = sorted(days_at_other_rates(warehouse))
    if as_json:
        told = {**asdict(loaded), "dirty_days": [day.isoformat() for day in dirty]}
        echo(json.dumps(told))
        return
    echo(
        f"{file}: {loaded.new:,} new rates, {loaded.changed:,} changed, "
        f"{loaded.unchanged:,} known already; {len(dirty):,} shop days wait for a build"
    )


@rates.command("show")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(as_json: bool) -> None:
    """Show which rates are there, and of which currencies orders lack one."""
    from orchestration.currency_rates import is_built
    from warehouse.client import Warehouse
    from warehouse.settings import WarehouseSettings

    with Warehouse.connect(WarehouseSettings.from_env(), "rates") as warehouse:
        there = warehouse.dicts(_COVERAGE)
        missing = warehouse.dicts(_MISSING) if is_built(warehouse) else []
    if as_json:
        echo(json.dumps({"rates": there, "missing": missing}, default=str))
        return
    for one in there:
        echo(
            f"{one['currency']} in {one['to_currency']}: {one['days']:,} days from "
            f"{one['first_day']} to {one['last_day']}, last {one['last_rate']} "
            f"({one['last_source']})"
        )
    if not there:
        echo("No rates are loaded: `active-analytics rates load FILE`.")
    for one in missing:
        echo(
            f"missing: {one['currency']}, {one['orders']:,} orders from {one['first_day']} to "
            f"{one['last_day']} count 0"
        )
