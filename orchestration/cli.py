"""The one console command, `active-analytics`.

Each command lives in a module of `orchestration.commands`, imported when it is asked for: `--help`
answers in a tenth of a second although Dagster and dbt are behind it. Errors that a person can mend
are printed as one sentence and end with exit code 1; usage errors with 2; a broken law (`verify`)
with 3.
"""

from __future__ import annotations

import importlib
import sys

import click

from streams.settings import SettingsError

COMMANDS = {
    "up": ("services", "up"),
    "down": ("services", "down"),
    "status": ("services", "status"),
    "demo": ("demo", "demo"),
    "publish": ("publishing", "publish"),
    "import": ("importing", "import_history"),
    "work": ("stream", "work"),
    "verify": ("stream", "verify"),
    "build": ("building", "build"),
    "detect": ("detecting", "detect"),
    "feed": ("detecting", "feed"),
    "summary": ("reporting", "summary"),
    "migrate": ("warehouse", "migrate"),
    "warehouse": ("warehouse", "warehouse"),
    "sql": ("warehouse", "sql"),
    "kafka": ("kafka", "kafka"),
}


class LazyGroup(click.Group):
    """A group whose commands are imported on first use."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """The commands, in the order a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name]
        command = getattr(importlib.import_module(f"orchestration.commands.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="active-analytics")
def cli() -> None:
    """Keep every event of a shop, build marts from them, and tell marketing what is due."""


def main() -> None:
    """Run the command line; turn errors that a person can mend into one sentence."""
    from warehouse.client import WarehouseError

    try:
        cli()
    except (SettingsError, WarehouseError) as error:
        click.echo(f"active-analytics: {error}", err=True)
        sys.exit(1)
