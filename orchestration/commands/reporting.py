"""`summary` and `channels`: what came out, as tables for people or one object for scripts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from orchestration.terminal import console, echo, secho

if TYPE_CHECKING:
    from orchestration.reporting import Summary

SHOWN_WARNINGS = 10


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def summary(as_json: bool) -> None:
    """Show what was read, stored, built and fired so far."""
    from orchestration.catalogue import catalogue, complaint_about
    from orchestration.reporting import summary_now
    from orchestration.settings import OrchestrationSettings
    from warehouse.client import Warehouse
    from warehouse.settings import WarehouseSettings

    definitions = catalogue(OrchestrationSettings.from_env().trigger_definitions)
    with Warehouse.connect(WarehouseSettings.from_env(), "summary") as warehouse:
        found = summary_now(warehouse)
    if as_json:
        rejected = {"rejected_definitions": definitions.rejected}
        echo(json.dumps(found.as_json() | rejected, indent=2))
        return
    show(found)
    if definitions.rejected:
        secho(complaint_about(definitions.rejected), fg="red")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def channels(as_json: bool) -> None:
    """Compare the channels that the shop declares with those that our rules derive.

    A row per pair, counting sessions: what to look at before a shop edits its channel rules, or
    stops declaring channels itself.
    """
    from rich.table import Table

    from orchestration.reporting import confusion
    from warehouse.client import Warehouse
    from warehouse.settings import WarehouseSettings

    with Warehouse.connect(WarehouseSettings.from_env(), "channels") as warehouse:
        found = confusion(warehouse)
    if as_json:
        echo(json.dumps(found))
        return
    table = Table("declared", "derived", title="Sessions by channel", title_justify="left")
    table.add_column("sessions", justify="right")
    for row in found:
        table.add_row(row["declared"], row["derived"], f"{row['sessions']:,}")
    console().print(table if found else "No session has a declared channel.")


def show(found: Summary) -> None:
    """Print a summary for people."""
    screen = console()
    screen.print(_figures(found))
    if not found.is_built:
        screen.print("No marts yet: `active-analytics build` makes them.")
        return
    if found.warnings:
        screen.print(_warnings(found))
    screen.print(_pairs(found))
    screen.print(_attribution(found))


def _figures(found: Summary) -> object:
    from rich.table import Table

    table = Table("what", title="Summary", title_justify="left")
    table.add_column("count", justify="right")
    table.add_row("events read", f"{found.events_read:,}")
    table.add_row("  stored, typed and enriched", f"{found.events_stored:,}")
    table.add_row("  of these by bots, left out of the marts", f"{found.bot_events:,}")
    for reason in found.bot_reasons:
        table.add_row(f"    {reason['reason']}", f"{reason['events']:,}")
    table.add_row("    orders that bots tell", f"{found.bot_orders:,}")
    table.add_row("  of these naming nobody, in no session", f"{found.nobody_events:,}")
    table.add_row("  of these by older rules (`enrich`)", f"{found.outdated_events:,}")
    table.add_row("  rejected (dead letters)", f"{found.dead_letters:,}")
    table.add_row("warnings of events kept", f"{_warned(found):,}")
    table.add_row("shop days that wait for a build (`build`)", f"{found.waiting_days:,}")
    for why in found.waiting_reasons:
        table.add_row(f"  {why}", "")
    table.add_row("bodies that lost against another", f"{found.event_conflicts:,}")
    table.add_row(
        "identifiers in quarantine (`persons report`)", f"{found.quarantined_identifiers:,}"
    )
    table.add_row("sessions", f"{found.sessions:,}")
    table.add_row("events outside of sessions", f"{found.events_outside_sessions:,}")
    table.add_row("orders", f"{found.orders:,}")
    table.add_row("  of these naming nobody", f"{found.anonymous_orders:,}")
    table.add_row("  of these without revenue", f"{found.orders_without_revenue:,}")
    table.add_row("  of these without a rate", f"{found.orders_without_rate:,}")
    table.add_row("order lines", f"{found.order_lines:,}")
    table.add_row("net order revenue", f"{found.order_revenue:,.2f}")
    table.add_row("  gross, as orders say", f"{found.gross_revenue:,.2f}")
    table.add_row("  less cancelled", f"{found.cancelled_revenue:,.2f}")
    table.add_row("  less returned", f"{found.returned_revenue:,.2f}")
    table.add_row("order numbers that contradict themselves", f"{found.order_conflicts:,}")
    table.add_row("  money at stake", f"{found.order_conflicts_at_stake:,.2f}")
    table.add_row("pairs in 5 or more orders", f"{found.pairs_min5:,}")
    table.add_row("letters due", f"{found.letters:,}")
    table.add_row("  published to the feed", f"{found.letters_published:,}")
    return table


def _warned(found: Summary) -> int:
    return sum(row["events"] for row in found.warnings)


def _warnings(found: Summary) -> object:
    from rich.table import Table

    table = Table("warning", "field", title="Top warnings", title_justify="left")
    table.add_column("events", justify="right")
    table.add_column("such as")
    for row in found.warnings[:SHOWN_WARNINGS]:
        table.add_row(row["code"], row["field"], f"{row['events']:,}", row["example_event_id"])
    if len(found.warnings) > SHOWN_WARNINGS:
        table.add_row(f"and {len(found.warnings) - SHOWN_WARNINGS:,} more: --json shows them all")
    return table


def _pairs(found: Summary) -> object:
    from rich.table import Table

    table = Table("bought together", "", title="Top pairs", title_justify="left")
    for name in ("orders", "support", "confidence", "lift"):
        table.add_column(name, justify="right")
    for pair in found.top_pairs:
        table.add_row(
            f"{pair['name_a']} ({pair['sku_a']})",
            f"{pair['name_b']} ({pair['sku_b']})",
            f"{pair['orders_together']:,}",
            f"{pair['support']:.4f}",
            f"{pair['confidence_a_b']:.3f}",
            f"{pair['lift']:.2f}",
        )
    return table


def _attribution(found: Summary) -> object:
    from rich.table import Table

    table = Table("channel", title="Orders by channel and model", title_justify="left")
    models = ("first_touch", "last_touch", "linear", "last_non_direct")
    for name in models:
        table.add_column(name.replace("_", " "), justify="right")
    for row in found.attribution:
        table.add_row(row["channel"], *(f"{row[name]:,.1f}" for name in models))
    return table
