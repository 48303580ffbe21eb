"""`demo`: one command that shows the whole system at work."""

from __future__ import annotations

import os
from pathlib import Path

import click

from orchestration.terminal import console, echo, secho


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder with hits.parquet and sessions.parquet; without it a generated shop is played.",
)
def demo(data: Path | None) -> None:
    """Play a month of a shop from the topic to the trigger feed and show what came out.

    Starts Kafka, the warehouse, the stream worker and Dagster on this machine and leaves them
    running (`active-analytics down` stops them). Started again it goes on where it was.
    """
    from orchestration import demo as show
    from orchestration.settings import OrchestrationSettings

    settings = OrchestrationSettings.from_env()
    timings = show.Timings()
    try:
        play = show.play_of(data)
        show.refuse_other_machines()
        show.settle(play, settings.home)
        secho(f"Playing {play.title}.", bold=True)
        if data is None:
            echo("No real month was named (DATA=folder), so the shop is generated.")
        with timings.of("start Kafka, warehouse and worker"):
            show.start(play, settings.home)
        with timings.of("publish and store"):
            show.run(*play.publish)
            _await_stored()
        with timings.of("start Dagster"):
            show.run("up", "--only", "dagster")
        with timings.of("build the marts under Dagster"):
            show.run("build")
        with timings.of("detect on the shop's clock"):
            show.run("detect", "--shop-clock")
    except show.DemoError as error:
        raise click.ClickException(str(error)) from None
    _show(timings.seconds, settings.dagster_url)


def _await_stored() -> None:
    from rich.progress import Progress

    from orchestration import demo as show
    from streams.producer import end_offsets
    from streams.settings import StreamSettings

    settings = StreamSettings.from_env()
    published = sum(end_offsets(settings, settings.events_topic).values())
    with show.connected() as warehouse, Progress() as progress:
        bar = progress.add_task("stored", total=published)
        show.await_stored(warehouse, published, lambda n: progress.update(bar, completed=n))


def _show(seconds: dict[str, float], dagster_url: str) -> None:
    from rich.table import Table

    from orchestration import demo as show
    from orchestration.commands.reporting import show as show_summary
    from orchestration.reporting import summary_now
    from warehouse.settings import WarehouseSettings

    with show.connected() as warehouse:
        show_summary(summary_now(warehouse))
    table = Table("part", title="How long it took", title_justify="left")
    table.add_column("seconds", justify="right")
    for part, took in seconds.items():
        table.add_row(part, f"{took:.1f}")
    table.add_row("together", f"{sum(seconds.values()):.1f}", style="bold")
    console().print(table)
    command = os.path.relpath(show.COMMAND)
    echo(f"""
Where to look next (all of it goes on running; `make down` stops it):
  Dagster        {dagster_url}
  a query        {command} sql "select channel, count() from marts.sessions group by 1"
  the warehouse  {WarehouseSettings.from_env().url} (ClickHouse's HTTP protocol)
  the feed       {command} feed --limit 10
  the proof      {command} verify
""")
