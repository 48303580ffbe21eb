"""`work` runs the stream worker; `verify` checks that nothing was lost or doubled."""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING

import click

from orchestration.terminal import console, echo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from streams.verify import Verdict
    from warehouse.client import Warehouse

EXIT_BROKEN_LAW = 3
BROKER_SECONDS = 5.0  # for its first answer


@click.command()
def work() -> None:
    """Read the shop's topic into the warehouse, until told to stop.

    Runs the worker as a process of its own and starts it again when it crashes. Ends with 0 after
    SIGTERM, and with 3 when a person must decide: the last line of the log says what.
    """
    from streams.enrich.enrichment import Tables
    from streams.settings import StreamSettings
    from streams.supervisor import supervise
    from warehouse.settings import WarehouseSettings

    logging.basicConfig(format="[%(asctime)s] [%(levelname)s] %(message)s", level=logging.INFO)
    Tables.of(StreamSettings.from_env())  # complain before a process is started
    WarehouseSettings.from_env()
    sys.exit(supervise([sys.executable, "-m", "streams.agents"]))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--repair", "is_repair", is_flag=True, help="Delete what woken workers left behind.")
def verify(as_json: bool, is_repair: bool) -> None:
    """Check that every message is stored exactly once and no letter was fired twice.

    Ends with 0 when the law holds and with 3 when it is broken: also when the broker holds less
    than was stored. Rows left by a worker that woke after another took over count for nothing; they
    are listed as orphans and deleted by --repair.
    """
    from dataclasses import replace

    from streams import verify as law
    from warehouse.client import Warehouse
    from warehouse.settings import WarehouseSettings

    screen = console(stderr=True)
    with Warehouse.connect(WarehouseSettings.from_env(), "verify") as warehouse:
        with screen.status("checking") as status:
            verdict = law.verify(warehouse, lambda name: status.update(f"checking {name}"))
        verdict = replace(verdict, contradictions=_contradictions(warehouse, screen))
        deleted = law.repair(warehouse, verdict) if is_repair else 0
    if as_json:
        echo(json.dumps({**verdict.as_json(), "orphans_deleted": deleted}, indent=2))
    else:
        _print(verdict, deleted)
    sys.exit(0 if verdict.is_ok else EXIT_BROKEN_LAW)


def _contradictions(warehouse: Warehouse, screen: Console) -> Sequence[str]:
    """Where the broker's log and the ledger contradict each other; an absent broker is told of."""
    from streams.producer import BrokerError, log_ends
    from streams.settings import StreamSettings
    from streams.truncation import truncations

    settings = StreamSettings.from_env()
    topic = settings.events_topic
    try:
        return truncations(
            warehouse, topic, lambda epochs: log_ends(settings, topic, epochs, BROKER_SECONDS)
        )[1]
    except BrokerError as error:
        screen.print(f"{error}: whether it still holds what is stored was not compared.")
        return ()


def _print(verdict: Verdict, deleted: int) -> None:
    from rich.box import SIMPLE
    from rich.table import Table

    names = ("last", "events", "dead", "gaps", "lost", "doubled", "orphans")
    table = Table("partition", box=SIMPLE, pad_edge=False)
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for one in verdict.partitions:
        counts = (
            one.last_offset,
            one.events,
            one.dead_letters,
            one.gaps,
            one.lost,
            one.doubled,
            one.orphans,
        )
        table.add_row(f"{one.topic}[{one.partition}]", *(f"{count:,}" for count in counts))
    screen = console()
    screen.print(table)
    if deleted:
        screen.print(f"{deleted:,} orphaned rows deleted.")
    if superseded := sum(one.superseded for one in verdict.partitions):
        screen.print(f"{superseded:,} rows were made anew: `active-analytics enrich` goes on.")
    for contradiction in verdict.contradictions:
        screen.print(contradiction, style="red")
    if verdict.is_ok:
        screen.print("The law holds: nothing lost, nothing doubled, no letter fired twice.")
    elif verdict.lost or verdict.doubled or verdict.letters_doubled:
        screen.print(
            f"The law is broken: {verdict.lost:,} offsets lost, {verdict.doubled:,} doubled, "
            f"{verdict.letters_doubled:,} letters fired twice.",
            style="red",
        )
