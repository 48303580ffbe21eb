"""`active-analytics detect` and `feed`: fire what is due, and watch the letters come."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict

import click
import msgspec

from orchestration.catalogue import CatalogueError, complaint_about
from orchestration.detection import DetectionRefusedError, Report, Tally, tick
from orchestration.settings import OrchestrationSettings
from orchestration.terminal import echo, write_bytes
from orchestration.triggers.message import TriggerFired, read_message
from streams.producer import (
    BrokerBusyError,
    BrokerError,
    Record,
    end_offsets,
    first_offsets,
    read_topic,
)
from streams.settings import StreamSettings
from warehouse.settings import WarehouseSettings

TAIL_OFFSETS = 20
SHOWN_CHARACTERS = 60


@click.command()
@click.option("--shop-clock", is_flag=True, help="Play history: the time is that of the events.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be fired.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def detect(shop_clock: bool, dry_run: bool, as_json: bool) -> None:
    """Fire every letter that is due, once.

    A definition that cannot be used stops no other; the command ends with 1 after the others.
    """
    with _said_plainly():
        report = tick(
            StreamSettings.from_env(),
            WarehouseSettings.from_env(),
            "shop" if shop_clock else "wall",
            is_dry_run=dry_run,
            definitions=OrchestrationSettings.from_env().trigger_definitions,
        )
    if shop_clock:
        echo(
            "on the shop's clock: history is played, imported events count, "
            "and the letters stay on this machine",
            err=True,
        )
    if as_json:
        echo(json.dumps(told(report)))
    else:
        _show(report)
    if report.rejected:
        raise click.ClickException(complaint_about(report.rejected))


@click.command()
@click.option("--follow", is_flag=True, help="Show the last few letters, then each as it arrives.")
@click.option("--from-beginning", is_flag=True, help="With --follow: show all letters first.")
@click.option("--limit", type=click.IntRange(min=1), help="End after so many letters.")
@click.option("--json", "as_json", is_flag=True, help="The messages as they are, one per line.")
def feed(follow: bool, from_beginning: bool, limit: int | None, as_json: bool) -> None:
    """Show the letters in the trigger feed, one per line."""
    settings = StreamSettings.from_env()
    with _said_plainly(), suppress(KeyboardInterrupt):
        letters = _letters(settings, follow, is_whole=from_beginning or not follow)
        for number, record in enumerate(letters, start=1):
            value = record.value or b""
            if as_json:
                write_bytes([value, b"\n"])
            else:
                echo(line_of(value))
            if number == limit:
                break


def _show(report: Report) -> None:
    echo(f"as of {report.clock.now:%Y-%m-%d %H:%M:%S} UTC" if report.clock else "no time yet")
    for line in [report.note] * bool(report.note) + [_sentence(one) for one in report.tallies]:
        echo(line)


def told(report: Report) -> dict[str, object]:
    """A report for scripts."""
    return {
        "clock": report.clock and report.clock.mode,
        "now": report.clock and report.clock.now.isoformat(),
        "fired": report.fired,
        "published": report.published,
        "triggers": [asdict(tally) for tally in report.tallies],
        "note": report.note,
        "rejected": {name: list(reasons) for name, reasons in report.rejected.items()},
    }


def line_of(value: bytes) -> str:
    """A message of the feed for people: when it was due, which letter, to whom, about what."""
    try:
        fired = read_message(value)
    except msgspec.DecodeError as error:
        return f"not a letter of ours: {error}"
    played = "  (shop's clock)" if fired.data.clock == "shop" else ""
    facts = fired.data.facts
    who = fired.visitorid or fired.customerid or facts.customer_id or facts.email_sha256
    line = f"{fired.time:%Y-%m-%d %H:%M}  {fired.data.trigger}  {who}  {_cart(fired)}{played}"
    return line.replace("\n", " ")


def _cart(fired: TriggerFired) -> str:
    facts = fired.data.facts
    goods = ", ".join(name or sku for sku, name in zip(facts.skus, facts.names, strict=False))
    return goods if len(goods) <= SHOWN_CHARACTERS else f"{goods[: SHOWN_CHARACTERS - 1]}…"


def _sentence(tally: Tally) -> str:
    refused, withdrawn = _counts(tally.refused), _counts(tally.withdrawn)
    return (
        f"{tally.trigger}: {tally.candidates:,} candidates, {tally.fired:,} fired"
        f"{f' ({refused})' if refused else ''}, {tally.published:,} published"
        f"{f', {tally.recovered:,} recovered' if tally.recovered else ''}"
        f"{f', of these {withdrawn} withdrawn' if withdrawn else ''}"
    )


def _counts(count_of_reason: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in sorted(count_of_reason.items()))


def _letters(settings: StreamSettings, follow: bool, is_whole: bool) -> Iterator[Record]:
    """The feed's messages; who follows waits for a broker that is away, and goes on after it."""
    start: dict[int, int] | None = {} if is_whole else None
    while True:
        try:
            start = _tail(settings) if start is None else start
            for record in read_topic(
                settings, settings.triggers_topic, start=start, stop_at_end=not follow
            ):
                start[record.partition] = record.offset + 1
                yield record
            return
        except BrokerBusyError as error:
            if not follow:
                raise
            echo(f"{error}; waiting for it", err=True)
            time.sleep(1)  # before the broker is asked again


def _tail(settings: StreamSettings) -> dict[int, int]:
    """Where the last few messages of each partition begin."""
    first = first_offsets(settings, settings.triggers_topic)
    ends = end_offsets(settings, settings.triggers_topic)
    return {one: max(first[one], end - TAIL_OFFSETS) for one, end in ends.items()}


@contextmanager
def _said_plainly() -> Iterator[None]:
    try:
        yield
    except (BrokerError, CatalogueError, DetectionRefusedError) as error:
        raise click.ClickException(str(error)) from None
