"""`active-analytics kafka`: the local broker, started and stopped by hand."""

from __future__ import annotations

import json
from pathlib import Path

import click

from orchestration.terminal import echo
from streams.local_kafka import LocalKafka
from streams.local_kafka.installation import ensure_jars
from streams.settings import StreamSettings


@click.group()
def kafka() -> None:
    """Start, stop and look at the local Kafka broker."""


@kafka.command()
@click.option("--into", type=click.Path(path_type=Path), help="Folder [default: in LOCAL_HOME].")
def fetch(into: Path | None) -> None:
    """Fetch the broker's jars beforehand; `start` does it by itself."""
    ensure_jars(into or StreamSettings.from_env().local_home / "kafka" / "jars")


@kafka.command()
def start() -> None:
    """Start the broker and wait until it answers."""
    broker = LocalKafka.of(StreamSettings.from_env())
    broker.start()
    echo(f"Kafka answers on {broker.brokers}; its log is {broker.log}")


@kafka.command()
def stop() -> None:
    """Stop the broker; its data stays."""
    broker = LocalKafka.of(StreamSettings.from_env())
    was_running = broker.is_running()
    broker.stop()
    echo("Kafka has stopped" if was_running else "Kafka was not running")


@kafka.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def status(as_json: bool) -> None:
    """Tell whether the broker runs."""
    broker = LocalKafka.of(StreamSettings.from_env())
    is_running = broker.is_running()
    if as_json:
        places = {"brokers": broker.brokers, "home": str(broker.home), "log": str(broker.log)}
        echo(json.dumps({"is_running": is_running, **places}))
    else:
        echo(f"Kafka {'runs' if is_running else 'does not run'} on {broker.brokers}")
