"""`active-analytics persons`: who is who, why, and what to do when it is wrong."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby
from typing import Any

import click
from rich.table import Table

from orchestration.persons import (
    Decision,
    Person,
    UnknownIdentifierError,
    checked,
    connection,
    decide,
    is_known,
    person_of,
    unmerged,
)
from orchestration.terminal import console, echo
from warehouse.client import Warehouse
from warehouse.settings import WarehouseSettings

NEXT_BUILD = "It takes effect with the next build."
SHOWN_ROWS = 20

why = click.option("--why", required=True, help="The reason, for whoever asks later.")
as_object = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group()
def persons() -> None:
    """Show who is who, and correct it.

    Identifiers are written as kind and value: c: customer, p: phone, e: e-mail, v: visitor,
    t: partner's.
    """


@persons.command()
@click.argument("identifier")
@as_object
def show(identifier: str, as_json: bool) -> None:
    """Show the person of an identifier, and what joins it."""
    with _warehouse() as warehouse:
        found = person_of(warehouse, checked(identifier))
    if as_json:
        echo(json.dumps(found.as_json(), default=datetime.isoformat))
    else:
        _show(found)


@persons.command()
@click.argument("identifier")
@click.argument("other", default="")
@why
def split(identifier: str, other: str, why: str) -> None:
    """Keep two identifiers apart, or one from everybody, such as a shared device."""
    with _warehouse() as warehouse:
        identifier, other = _decide(warehouse, "apart", identifier, other, why)
        way = connection(warehouse, identifier, other) if other else []
    echo(f"{identifier} is kept apart from {other or 'everybody'}. {NEXT_BUILD}")
    if way:
        echo(f"They still hang together, through {' - '.join(way)}: split these too.")


@persons.command()
@click.argument("identifier")
@click.argument("other", default="")
@why
def join(identifier: str, other: str, why: str) -> None:
    """Take a split back, or release from quarantine: what was seen together is one person."""
    with _warehouse() as warehouse:
        identifier, other = _decide(warehouse, "joined", identifier, other, why)
    echo(f"{identifier} is not kept apart from {other or 'everybody'} any more. {NEXT_BUILD}")


@persons.command()
@as_object
def report(as_json: bool) -> None:
    """Show what was kept from merging: too much for one person, quarantined, or set apart."""
    with _warehouse() as warehouse:
        rows = unmerged(warehouse)
    if as_json:
        echo(json.dumps({"unmerged": rows}))
        return
    if not rows:
        echo("Whatever was seen together is one person: nothing was kept apart.")
    for (reason, component), kept in groupby(
        rows, key=lambda row: (row["reason"], row["component"])
    ):
        for line in _lines_of(reason, component, list(kept)):
            echo(line)


def _lines_of(reason: str, component: str, kept: Sequence[dict[str, Any]]) -> Iterator[str]:
    if reason == "too large":
        first = kept[0]
        yield (
            f"too large: {first['component_size']:,} identifiers hang together with {component}; "
            f"most connected are {', '.join(first['most_connected'])}"
        )
        return
    for row in kept:
        if reason == "quarantined":
            yield (
                f"quarantined: {row['identifier']} {row['decision_reason']}; "
                "`persons join` releases it, `persons split` makes it final"
            )
            continue
        yield (
            f"set apart: {row['identifier']} from {row['other_identifier'] or 'everybody'} "
            f"({row['decision_reason']})"
        )


def _decide(
    warehouse: Warehouse, decision: Decision, identifier: str, other: str, reason: str
) -> tuple[str, str]:
    """Record a decision; what nobody ever bore may be a slip, or known beforehand."""
    identifier, other = checked(identifier), other and checked(other)
    if identifier == other:
        raise click.UsageError(f"{identifier} and {other} are the same identifier")
    for one in filter(None, (identifier, other)):
        if not is_known(warehouse, one):
            echo(
                f"No event has ever named {one}: check how it is written. "
                "The decision is recorded, and holds should one come.",
                err=True,
            )
    decide(warehouse, decision, identifier, other, reason=reason, decided_by=getpass.getuser())
    return identifier, other


def _show(found: Person) -> None:
    screen = console()
    screen.print(f"person {found.person}", highlight=False)
    if found.component_size > len(found.identifiers) > 0:
        screen.print(
            f"{found.component_size:,} identifiers hang together with it: too many for one person, "
            "so each of them is one of its own."
        )
    if not found.pairs:
        screen.print("It was never seen together with another identifier.")
        return
    screen.print(_table_of_pairs(found))
    if len(found.pairs) > SHOWN_ROWS:
        screen.print(f"and {len(found.pairs) - SHOWN_ROWS:,} more pairs: --json shows them all")
    for row in found.decisions:
        screen.print(
            f"{row['decided_at']:%Y-%m-%d %H:%M} {row['decided_by']}: {row['identifier']} "
            f"{row['decision']} {row['other_identifier'] or 'everybody'}: {row['reason']}",
            highlight=False,
        )


def _table_of_pairs(found: Person) -> Table:
    table = Table("identifier", "seen with", "first", "last", "joins")
    for pair in found.pairs[:SHOWN_ROWS]:
        table.add_row(
            pair.identifier,
            pair.other_identifier,
            f"{pair.first_met_at:%Y-%m-%d}",
            f"{pair.last_met_at:%Y-%m-%d}",
            "yes" if pair.is_joining else "set apart",
        )
    return table


@contextmanager
def _warehouse() -> Iterator[Warehouse]:
    try:
        with Warehouse.connect(WarehouseSettings.from_env(), "persons") as warehouse:
            yield warehouse
    except UnknownIdentifierError as error:
        raise click.ClickException(str(error)) from None
