"""The one console command, `active-analytics`.

Each command lives in a module of `orchestration.commands`, imported when it is asked for: `--help`
answers in a tenth of a second although Dagster and dbt are behind it. Errors that a person can mend
are printed as one sentence and end with exit code 1; usage errors with 2; a broken law (`verify`)
and rows left out of an import with 3.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from orchestration.local_env import load as load_settings
from streams.settings import SettingsError
from warehouse.process_guards import guard_process
from warehouse.terminal_text import visible

COMMANDS = {  # name: module, attribute, what it does
    "demo": ("demo", "demo", "Play a month of a shop from the topic to the trigger feed."),
    "up": ("services", "up", "Start the services that do not run."),
    "down": ("services", "down", "Stop the services of this machine."),
    "status": ("services", "status", "Show which services run, where, and their logs."),
    "prepare": ("preparing", "prepare", "Make what services need, for those who start them."),
    "publish": ("publishing", "publish", "Publish events from a file of JSON lines."),
    "collect": ("collecting", "collect", "Take events over HTTP, from servers and from pages."),
    "import": ("importing", "import_history", "Publish a shop's past events, in time order."),
    "rates": ("rates", "rates", "Load the currency rates by which orders are converted."),
    "enrich": ("enriching", "enrich", "Enrich stored events anew by today's rules."),
    "build": ("building", "build", "Build the marts of shop days."),
    "detect": ("detecting", "detect", "Decide which letters are due, and publish them."),
    "feed": ("detecting", "feed", "Show the letters that are due, as they are published."),
    "summary": ("reporting", "summary", "Show what was read, stored, built and fired so far."),
    "persons": ("persons", "persons", "Show who is who, and correct it."),
    "channels": ("reporting", "channels", "Compare declared channels with those of our rules."),
    "verify": ("stream", "verify", "Prove that nothing was lost and nothing doubled."),
    "sql": ("warehouse", "sql", "Ask the warehouse."),
    "work": ("stream", "work", "Run the stream worker."),
    "warehouse": ("warehouse", "warehouse", "Run the embedded warehouse."),
    "kafka": ("kafka", "kafka", "Run the local broker."),
    "migrate": ("warehouse", "migrate", "Bring the warehouse's tables up to date."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported on first use, and whose complaints are visible text."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            error.message = visible(error.message)
            raise

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """The commands, in the order a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command = getattr(importlib.import_module(f"orchestration.commands.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, _, summary) in COMMANDS.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="active-analytics")
def cli() -> None:
    """Keep every event of a shop, build marts from them, and tell marketing what is due."""


def main() -> None:
    """Run the command line; turn errors that a person can mend into one sentence."""
    guard_process()
    load_settings()
    try:
        cli()
    except _for_people() as error:
        click.echo(visible(f"active-analytics: {error}"), err=True)
        sys.exit(1)


def _for_people() -> tuple[type[Exception], ...]:
    """The errors whose message says what to do; looked up only when something was raised."""
    from streams.enrich.mmdb import GeographyError
    from streams.enrich.rules_file import RulesError
    from streams.local_kafka import LocalKafkaError
    from streams.producer import BrokerError
    from warehouse.client import WarehouseError
    from warehouse.settings import WarehouseSettingsError

    return (
        *(SettingsError, WarehouseSettingsError, WarehouseError, BrokerError, LocalKafkaError),
        *(RulesError, GeographyError),
    )
