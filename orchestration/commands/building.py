"""`build`: the marts of shop days, as runs of Dagster that its pages show like all others."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from orchestration.days import Stretch
    from orchestration.settings import OrchestrationSettings

DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.option("--from", "from_day", type=DAY, help="First shop day; with --to.")
@click.option("--to", "to_day", type=DAY, help="Last shop day, included.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def build(from_day: datetime | None, to_day: datetime | None, as_json: bool) -> None:
    """Build the marts of the shop days that changed, or of the days named.

    A day changed when events arrived for it, or when somebody who was there turned out to be
    somebody else. Days may be built as often as wanted. Each stretch of days is one run of Dagster,
    in this process; it finds out first who is who, and also builds the days on which that changed.
    """
    from orchestration.services.machine import environment
    from orchestration.settings import OrchestrationSettings

    settings = OrchestrationSettings.from_env()
    os.environ.update(environment(settings, os.environ))
    os.environ.setdefault("DBT_QUIET", "true")  # failures are told by the exception
    wanted = _named(from_day, to_day, settings) or _dirty(settings)
    began = time.monotonic()
    runs = _run(settings, wanted, is_silent=as_json)
    if as_json:
        click.echo(json.dumps({"runs": runs, "seconds": round(time.monotonic() - began, 1)}))
    elif not wanted:
        click.echo("No shop day changed: every mart is up to date.")


def _named(
    from_day: datetime | None, to_day: datetime | None, settings: OrchestrationSettings
) -> list[Stretch]:
    from orchestration.days import Stretch

    if from_day is None and to_day is None:
        return []
    if from_day is None or to_day is None or from_day > to_day:
        raise click.UsageError("--from and --to go together, the first day before the last")
    wanted = Stretch(from_day.date(), to_day.date())
    if wanted.from_day < settings.first_shop_day or wanted.to_day > _today(settings):
        raise click.UsageError(
            f"days are built from FIRST_SHOP_DAY, {settings.first_shop_day}, to today, "
            f"{_today(settings)}; asked for were {wanted.from_day} to {wanted.to_day}"
        )
    return [wanted]


def _today(settings: OrchestrationSettings) -> date:
    from zoneinfo import ZoneInfo

    return datetime.now(ZoneInfo(settings.shop_time_zone)).date()


def _dirty(settings: OrchestrationSettings) -> list[Stretch]:
    from orchestration.days import unseen_days
    from orchestration.marts.schedules import stretches_to_build
    from warehouse.client import Warehouse
    from warehouse.settings import WarehouseSettings

    with Warehouse.connect(WarehouseSettings.from_env(), "build") as warehouse:
        dirty = unseen_days(warehouse)
    return stretches_to_build(dirty, settings.first_shop_day, _today(settings))


def _tell_left_out(stretch: Stretch) -> None:
    from orchestration.left_out import left_out, warnings_of
    from warehouse.client import Warehouse
    from warehouse.settings import WarehouseSettings

    with Warehouse.connect(WarehouseSettings.from_env(), "build") as warehouse:
        sentence = left_out(warehouse, stretch.from_day, stretch.to_day).sentence()
        warned = warnings_of(warehouse, stretch.from_day, stretch.to_day)
    if sentence:
        click.echo(f"  {sentence}")
    if warned:
        count = sum(row["events"] for row in warned)
        click.echo(f"  {count:,} warnings of events kept: `active-analytics summary` shows them")


def _run(
    settings: OrchestrationSettings, wanted: Sequence[Stretch], *, is_silent: bool
) -> list[dict[str, str]]:
    from orchestration.marts.dbt import Dbt, DbtError
    from orchestration.runs import BuildFailedError, build_days

    runs = []
    try:
        if wanted:
            Dbt(settings.dbt_target).parse()
        for stretch in wanted:
            began = time.monotonic()
            run_id = build_days(settings, stretch)
            runs.append(
                {"run_id": run_id, "from": str(stretch.from_day), "to": str(stretch.to_day)}
            )
            if not is_silent:
                took = time.monotonic() - began
                click.echo(f"{stretch.from_day} to {stretch.to_day} built in {took:.1f} s")
                _tell_left_out(stretch)
    except (DbtError, BuildFailedError) as error:
        raise click.ClickException(str(error)) from None
    return runs
