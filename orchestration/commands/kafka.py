"""`active-analytics kafka`: the local broker, started and stopped by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import click

from streams.local_kafka import LocalKafka, LocalKafkaError
from streams.settings import StreamSettings


@click.group()
def kafka() -> None:
    """Start, stop and look at the local Kafka broker."""


@kafka.command()
def start() -> None:
    """Start the broker and wait until it answers."""
    with _said_plainly() as broker:
        broker.start()
        click.echo(f"Kafka answers on {broker.brokers}; its log is {broker.log}")


@kafka.command()
def stop() -> None:
    """Stop the broker; its data stays."""
    with _said_plainly() as broker:
        was_running = broker.is_running()
        broker.stop()
        click.echo("Kafka has stopped" if was_running else "Kafka was not running")


@kafka.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def status(as_json: bool) -> None:
    """Tell whether the broker runs."""
    with _said_plainly() as broker:
        found = {
            "is_running": broker.is_running(),
            "brokers": broker.brokers,
            "home": str(broker.home),
            "log": str(broker.log),
        }
    state = "runs" if found["is_running"] else "does not run"
    click.echo(json.dumps(found) if as_json else f"Kafka {state} on {found['brokers']}")


@contextmanager
def _said_plainly() -> Iterator[LocalKafka]:
    try:
        yield LocalKafka.of(StreamSettings.from_env())
    except LocalKafkaError as error:
        raise click.ClickException(str(error)) from None
