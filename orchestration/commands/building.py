"""`build`: the marts of shop days, as runs of Dagster that its pages show like all others."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from orchestration.terminal import console, echo

if TYPE_CHECKING:
    from orchestration.building import Plan
    from orchestration.days import Stretch
    from orchestration.runs import RunProgress
    from orchestration.settings import OrchestrationSettings

DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.option("--from", "from_day", type=DAY, help="First shop day; with --to.")
@click.option("--to", "to_day", type=DAY, help="Last shop day, included.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def build(from_day: datetime | None, to_day: datetime | None, as_json: bool) -> None:
    """Build the marts of the shop days that are not up to date, or of the days named.

    A day is up to date when its newest build saw all its events, persons and currency rates as they
    are now, was made by the models, macros, variables and settings of today, and did not fail. What
    is not is said before it is built. Models that were edited are taken in. Days may be built as
    often as wanted; who builds at the same time is waited for. Each stretch of days is one run of
    Dagster, in this process; it finds out first who is who, and also builds the days on which that
    changed.
    """
    from orchestration.build_turn import turn
    from orchestration.building import BuildError, plan_of
    from orchestration.services.machine import environment
    from orchestration.settings import OrchestrationSettings

    asked_at = datetime.now(UTC)
    settings = OrchestrationSettings.from_env()
    os.environ.update(environment(settings, os.environ))
    os.environ.setdefault("DBT_QUIET", "true")  # failures are told by the exception
    named = _named(from_day, to_day)
    began = time.monotonic()
    with turn(settings.home, wait=lambda reason: echo(reason, err=True)) as mine:
        try:
            plan = plan_of(settings, named, asked_at if mine.was_awaited else None)
        except BuildError as error:
            raise click.ClickException(str(error)) from None
        if not as_json:
            _say(plan, is_named=named is not None)
        runs = _run(settings, plan.stretches, is_silent=as_json) if plan.stretches else []
    if as_json:
        answer = {
            "runs": runs,
            "seconds": round(time.monotonic() - began, 1),
            "reasons": plan.reasons,
            "outdated_events": plan.outdated_events,
        }
        echo(json.dumps(answer))


def _named(from_day: datetime | None, to_day: datetime | None) -> Stretch | None:
    from orchestration.days import Stretch

    if from_day is None and to_day is None:
        return None
    if from_day is None or to_day is None or from_day > to_day:
        raise click.UsageError("--from and --to go together, the first day before the last")
    return Stretch(from_day.date(), to_day.date())


def _say(plan: Plan, *, is_named: bool) -> None:
    """Why there is something to build, or that there is nothing, and what only people can mend."""
    for reason in plan.reasons:
        echo(reason)
    if not plan.stretches and is_named:
        echo("These days were built meanwhile: nothing is left to do.")
    elif not plan.stretches and not plan.reasons:
        echo("No shop day changed: every mart is up to date.")
    if plan.outdated_events:
        echo(
            f"{plan.outdated_events:,} events were enriched by older rules: "
            "`active-analytics enrich`"
        )


def _tell_left_out(stretch: Stretch) -> None:
    from orchestration.left_out import left_out, warnings_of
    from warehouse.client import Warehouse
    from warehouse.settings import WarehouseSettings

    with Warehouse.connect(WarehouseSettings.from_env(), "build") as warehouse:
        sentence = left_out(warehouse, stretch.from_day, stretch.to_day).sentence()
        warned = warnings_of(warehouse, stretch.from_day, stretch.to_day)
    if sentence:
        echo(f"  {sentence}")
    if warned:
        count = sum(row["events"] for row in warned)
        echo(f"  {count:,} warnings of events kept: `active-analytics summary` shows them")


def _run(
    settings: OrchestrationSettings, wanted: Sequence[Stretch], *, is_silent: bool
) -> list[dict[str, str]]:
    from orchestration.marts.dbt import DbtError
    from orchestration.runs import BuildFailedError, build_days

    runs = []
    try:
        for stretch in wanted:
            began = time.monotonic()
            with _shown(stretch, is_silent=is_silent) as progress:
                run_id = build_days(settings, stretch, progress)
            runs.append(
                {"run_id": run_id, "from": str(stretch.from_day), "to": str(stretch.to_day)}
            )
            if not is_silent:
                took = time.monotonic() - began
                echo(f"{stretch.from_day} to {stretch.to_day} built in {took:.1f} s")
                _tell_left_out(stretch)
    except (DbtError, BuildFailedError) as error:
        raise click.ClickException(str(error)) from None
    return runs


@contextmanager
def _shown(stretch: Stretch, *, is_silent: bool) -> Iterator[RunProgress]:
    """A bar of the run's models and tests, with the time that is left, on a terminal only."""
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    is_hidden = is_silent or not sys.stderr.isatty()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f} of {task.total:.0f} steps"),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    days = f"{stretch.from_day} to {stretch.to_day}"
    screen = console(stderr=True)
    with Progress(*columns, console=screen, disable=is_hidden, transient=True) as bar:
        task = bar.add_task(days, total=1)

        def show(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=f"{days}: {what}")

        yield show
