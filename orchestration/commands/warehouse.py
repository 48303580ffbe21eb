"""`active-analytics warehouse serve` and `users`, `migrate` and `sql`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence

import click
from rich.table import Table

from orchestration.terminal import console, echo, write_bytes
from warehouse.client import Warehouse, WarehouseRefusedError
from warehouse.passwords import READER, kept_password, password_file
from warehouse.settings import WarehouseSettings
from warehouse.users import MARTS_READER, server_statements

_ROWS_FOR_PEOPLE = "JSONCompactStringsEachRowWithNames"


@click.group()
def warehouse() -> None:
    """The embedded ClickHouse of one machine."""


@warehouse.command()
@click.option("--path", help="Directory of the tables [WAREHOUSE_PATH, .local/warehouse].")
@click.option(
    "--listen", help="Address to listen on [WAREHOUSE_LISTEN, 127.0.0.1]; others need a password."
)
@click.option("--port", type=int, help="Port to listen on [that of WAREHOUSE_URL, 8123].")
def serve(path: str | None, listen: str | None, port: int | None) -> None:
    """Serve the embedded warehouse until SIGTERM; the password comes from WAREHOUSE_PASSWORD."""
    given = {"--path": path, "--listen": listen, "--port": port}
    arguments = [
        part for name, value in given.items() if value is not None for part in (name, str(value))
    ]
    command = [sys.executable, "-m", "warehouse.embedded", *arguments]
    os.execv(sys.executable, command)  # the engine gets a process that imported nothing of ours


@warehouse.command()
@click.option("--apply", is_flag=True, help="Make the reader on the ClickHouse server in use.")
def users(apply: bool) -> None:
    """Show how a reporting tool connects as the reader of the marts.

    The embedded warehouse knows him as soon as `up` has made his password. On a ClickHouse server
    `--apply` makes him, with the password in WAREHOUSE_READER_PASSWORD.
    """
    settings = WarehouseSettings.from_env()
    reader = MARTS_READER
    if not settings.reader_password:
        raise click.ClickException(
            f"{reader.name} has no password: `active-analytics up` makes one for the warehouse of"
            " this machine; for a server of yours set WAREHOUSE_READER_PASSWORD"
        )
    if apply:
        _make_reader(settings)
    kept = password_file(settings.path, READER)
    is_kept = settings.reader_password == kept_password(settings.path, READER)
    echo(
        f"{reader.name} may read {reader.database} and nothing else. For a reporting tool, driver"
        f" ClickHouse:\n  host {settings.host}, port {settings.port}, database {reader.database},"
        f" user {reader.name}\n  password: "
        + (f"the line in {kept}" if is_kept else "that of WAREHOUSE_READER_PASSWORD")
    )


def _make_reader(settings: WarehouseSettings) -> None:
    with Warehouse.connect(settings, "active-analytics warehouse users") as connection:
        for statement in server_statements(MARTS_READER, settings.reader_password):
            try:
                connection.execute(statement)
            except WarehouseRefusedError as error:
                text = f"{error} (the embedded warehouse knows its users without --apply)"
                raise click.ClickException(text) from None
    echo(f"{MARTS_READER.name} was made at {settings.url}")


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be applied.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
def migrate(dry_run: bool, as_json: bool) -> None:
    """Bring the warehouse's tables up to date."""
    from warehouse import migrate as migrations

    with Warehouse.connect(WarehouseSettings.from_env(), "active-analytics migrate") as connection:
        names = migrations.pending(connection) if dry_run else migrations.migrate(connection)
    if as_json:
        echo(json.dumps({"pending" if dry_run else "applied": names}))
        return
    done = "would be applied" if dry_run else "applied"
    echo("\n".join(f"{done}: {name}" for name in names) or "nothing to apply")


@click.command()
@click.argument("query")
@click.option(
    "--format", "output_format", help="A format of ClickHouse, such as CSV or JSONEachRow."
)
def sql(query: str, output_format: str | None) -> None:
    """Run a query: a table for people, or any format of ClickHouse as it is."""
    with Warehouse.connect(WarehouseSettings.from_env(), "active-analytics sql") as connection:
        pieces = connection.stream(query, output_format or _ROWS_FOR_PEOPLE)
        if output_format:
            write_bytes(pieces)
        else:
            _show([json.loads(line) for line in b"".join(pieces).splitlines()])


def _show(lines: Sequence[Sequence[str]]) -> None:
    """Show the names and the rows of an answer."""
    if len(lines) < 2:
        echo("no rows" if lines else "done")
        return
    table = Table(*lines[0])
    for row in lines[1:]:
        table.add_row(*row)
    console().print(table)
