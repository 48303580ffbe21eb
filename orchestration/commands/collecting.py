"""`active-analytics collect`: take events over HTTP, from a shop's servers and from its pages."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

import click

from streams.collector.serving import CollectorError
from streams.collector.serving import serve as serve_events
from streams.collector.settings import CollectorSettings
from streams.settings import StreamSettings
from streams.spool import SpoolTakenError


@click.group()
def collect() -> None:
    """Take events over HTTP and publish them."""


@collect.command()
@click.option("--host", help="Where to listen [default: COLLECTOR_HOST, else 127.0.0.1].")
@click.option("--port", type=click.IntRange(0, 65535), help="[default: COLLECTOR_PORT, else 8090]")
@click.option(
    "--spool",
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder of this process's own [default: COLLECTOR_SPOOL, else in LOCAL_HOME].",
)
def serve(host: str | None, port: int | None, spool: Path | None) -> None:
    """Answer until SIGTERM: POST /v1/events, POST /v1/beacon, GET /v1/page.js, /healthz, /metrics.

    An answer 202 means that the events lie in the spool: they reach the broker although it is away
    or this process is killed. Other machines are listened to only with a COLLECTOR_TOKEN; behind a
    proxy, even on this machine, events of servers and the metrics need it.
    """
    logging.basicConfig(format="[%(asctime)s] [%(levelname)s] %(message)s", level=logging.INFO)
    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # the publisher tells of an outage once
    given = {"collector_host": host, "collector_port": port}
    chosen = {name: value for name, value in given.items() if value is not None}
    if spool:
        chosen["collector_spool"] = str(spool)
    settings = dataclasses.replace(CollectorSettings.from_env(), **chosen)  # type: ignore[arg-type]  # by name
    try:
        serve_events(settings, StreamSettings.from_env())
    except (CollectorError, SpoolTakenError) as error:
        raise click.ClickException(str(error)) from None
