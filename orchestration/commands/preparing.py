"""`active-analytics prepare`: tables, topics and Dagster's home, made before services start."""

from __future__ import annotations

import os
import socket

import click

from orchestration.services.preparation import make_topics, migrate_tables
from orchestration.services.processes import ServiceError
from orchestration.settings import OrchestrationSettings
from orchestration.terminal import echo


@click.command()
def prepare() -> None:
    """Make or update tables, topics and Dagster's home.

    `up` does this by itself. Whoever starts the services in another way, as docker-compose.yml
    does, runs it before them. It changes nothing that is right already.
    """
    settings = OrchestrationSettings.from_env()
    try:
        migrate_tables(os.environ, echo)
        make_topics(os.environ)
    except ServiceError as error:
        raise click.ClickException(str(error)) from None
    _prepare_dagster(settings)
    echo("tables, topics and Dagster's home are ready")


def _prepare_dagster(settings: OrchestrationSettings) -> None:
    from orchestration.instance import end_lost_runs, opened

    with opened(settings) as instance:
        if _is_listening(settings.dagster_marts_host, settings.dagster_marts_port):
            return
        lost = end_lost_runs(instance, is_dagster_down=True)
    if lost:
        echo(f"{lost} runs of Dagster had lost their process and are failed now")


def _is_listening(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=3).close()
    except OSError:  # a name that nobody has yet is one, too
        return False
    return True
