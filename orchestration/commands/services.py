"""`active-analytics up`, `down` and `status`: the services of this machine."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict

import click

from orchestration.services.control import Status
from orchestration.services.control import down as end_services
from orchestration.services.control import status as status_of_services
from orchestration.services.control import up as start_services
from orchestration.services.machine import GROUPS
from orchestration.services.processes import ServiceError
from orchestration.settings import OrchestrationSettings
from orchestration.terminal import console, echo

WIDE = 200  # columns: addresses and paths are there to be copied whole


def _groups(_ctx: click.Context, _param: click.Parameter, text: str) -> list[str]:
    groups = [part.strip() for part in text.split(",") if part.strip()]
    unknown = sorted(set(groups) - set(GROUPS))
    if unknown or not groups:
        raise click.BadParameter(
            f"takes some of {','.join(GROUPS)}, not {','.join(unknown) or 'none'}"
        )
    return groups


only = click.option(
    "--only",
    default=",".join(GROUPS),
    show_default=True,
    callback=_groups,
    help="Groups of services, separated by commas.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="A JSON array instead of a table.")


@click.command()
@only
@as_json
def up(only: list[str], as_json: bool) -> None:
    """Start the services that do not run, and wait until each answers.

    A broker named by KAFKA_BROKERS and a warehouse named by WAREHOUSE_URL are used instead of local
    ones.
    """
    settings = OrchestrationSettings.from_env()
    try:
        start_services(settings, os.environ, lambda line: echo(line, err=as_json), only)
    except ServiceError as error:
        raise click.ClickException(str(error)) from None
    if as_json or set(only) == set(GROUPS):  # each service asked for has told its own line
        _show(status_of_services(settings, os.environ), as_json)


@click.command()
@only
def down(only: list[str]) -> None:
    """End the services of this machine, by their own process ids; their data stays."""
    end_services(OrchestrationSettings.from_env(), os.environ, echo, only)


@click.command()
@as_json
def status(as_json: bool) -> None:
    """Show each service: whether it answers, its process, its address, its log."""
    _show(status_of_services(OrchestrationSettings.from_env(), os.environ), as_json)


def _show(services: Sequence[Status], as_json: bool) -> None:
    if as_json:
        echo(json.dumps([asdict(service) for service in services]))
        return
    from rich.table import Table

    table = Table("service", "state", "pid", "address", "up", "log", box=None, pad_edge=False)
    for column in table.columns:
        column.no_wrap = True
    for one in services:
        uptime = "" if one.uptime_seconds is None else _duration(one.uptime_seconds)
        table.add_row(
            one.service, one.state, str(one.pid or ""), one.address, uptime, _nearby(one.log)
        )
    console(width=WIDE).print(table)


def _nearby(path: str) -> str:
    """A path as one would type it here, where that is shorter."""
    return min(path, os.path.relpath(path), key=len) if path else ""


def _duration(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"
