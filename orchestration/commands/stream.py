"""`work` runs the stream worker; `verify` checks that nothing was lost or doubled."""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING

import click

from orchestration.terminal import console, echo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from orchestration.feed_audit import FeedAudit
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
@click.option(
    "--repair", "is_repair", is_flag=True, help="Delete what woken workers and detectors repeated."
)
@click.option("--no-feed", is_flag=True, help="Leave the letters out, which needs no broker.")
def verify(as_json: bool, is_repair: bool, no_feed: bool) -> None:
    """Check that every message is stored exactly once and every letter stands once in the feed.

    Ends with 0 when the law holds and with 3 when it is broken: also when the broker holds less
    than was stored. Rows left by a worker that woke after another took over count for nothing; they
    are listed as orphans and deleted by --repair, like rows that repeat a letter in the ledger of
    firings. Letters are compared by their ids, in the ledger and in the whole feed.
    """
    from dataclasses import replace

    from orchestration.firing_ledger import repair as repair_firings
    from streams import verify as law
    from warehouse.client import Warehouse
    from warehouse.settings import WarehouseSettings

    screen = console(stderr=True)
    with Warehouse.connect(WarehouseSettings.from_env(), "verify") as warehouse:
        with screen.status("checking") as status:
            verdict = law.verify(warehouse, lambda name: status.update(f"checking {name}"))
            audit = (
                None
                if no_feed
                else _letters(
                    warehouse, lambda count: status.update(f"reading the feed: {count:,} letters")
                )
            )
        verdict = replace(verdict, contradictions=_contradictions(warehouse, screen))
        deleted = law.repair(warehouse, verdict) if is_repair else 0
        repeats = repair_firings(warehouse) if is_repair else 0
    is_ok = verdict.is_ok and (audit is None or audit.is_ok)
    if as_json:
        found = {
            **verdict.as_json(),
            "ok": is_ok,
            "letters": audit and audit.as_json(),
            "orphans_deleted": deleted,
            "repeated_firings_deleted": repeats,
        }
        echo(json.dumps(found, indent=2))
    else:
        _print(verdict, deleted)
        _print_letters(audit, repeats)
    sys.exit(0 if is_ok else EXIT_BROKEN_LAW)


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
        screen.print("Events: the law holds, nothing lost, nothing doubled.")
    elif verdict.lost or verdict.doubled:
        screen.print(
            f"Events: the law is broken: {verdict.lost:,} offsets lost, "
            f"{verdict.doubled:,} doubled.",
            style="red",
        )


def _letters(warehouse: Warehouse, on_progress: Callable[[int], None]) -> FeedAudit:
    from orchestration.feed_audit import audit_feed
    from streams.producer import BrokerError
    from streams.settings import StreamSettings

    try:
        return audit_feed(warehouse, StreamSettings.from_env(), on_progress)
    except BrokerError as error:
        raise click.ClickException(
            f"the feed cannot be compared: {error}; --no-feed checks the events alone"
        ) from None


def _print_letters(audit: FeedAudit | None, repeats_deleted: int) -> None:
    screen = console()
    if repeats_deleted:
        screen.print(f"{repeats_deleted:,} rows of the ledger that repeated a letter deleted.")
    if audit is None:
        screen.print("Letters: not checked.")
        return
    for line in audit.remarks:
        screen.print(line)
    if audit.is_ok:
        screen.print(f"Letters: the law holds, each of {audit.letters:,} stands once in the feed.")
    else:
        screen.print(
            f"Letters: the law is broken: {audit.doubled:,} twice in the feed, "
            f"{audit.unrecorded:,} not in the ledger, {audit.missing:,} not in the feed.",
            style="red",
        )
