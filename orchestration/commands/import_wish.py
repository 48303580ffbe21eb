"""What a caller asks of an import, and publishing as much of a history as was asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import click

from orchestration.commands.import_progress import checkpoint_of, shown
from streams.importers.run import ImportReport, Message, import_messages
from streams.producer import EventProducer
from streams.settings import StreamSettings


@dataclass(frozen=True, slots=True)
class Wish:
    """What the caller asked for, in the words of the options."""

    rate: float | None
    limit: int | None
    until: datetime | None
    again: bool
    dry_run: bool
    as_json: bool

    def end(self, settings: StreamSettings) -> datetime | None:
        """The instant after the last day asked for, which is one of the shop."""
        if self.until is None:
            return None
        return (self.until + timedelta(days=1)).replace(tzinfo=settings.zone)


def wish_options() -> list[click.Parameter]:
    """The options behind a wish."""
    return [
        click.Option(
            ["--dry-run"], is_flag=True, help="Publish nothing; count the events and show some."
        ),
        click.Option(
            ["--rate"],
            type=click.FloatRange(min=0, min_open=True),
            help="Events per second at most.",
        ),
        click.Option(
            ["--limit"], type=click.IntRange(min=1), help="Stop after the first so many events."
        ),
        click.Option(
            ["--until"],
            type=click.DateTime(["%Y-%m-%d"]),
            help="Stop after this day of the shop [YYYY-MM-DD].",
        ),
        click.Option(
            ["--again"], is_flag=True, help="Publish from the beginning once more; changes no mart."
        ),
        click.Option(["--json", "as_json"], is_flag=True, help="One JSON object."),
    ]


def publish(
    messages: Iterable[Message],
    wished: int,
    wish: Wish,
    settings: StreamSettings,
    *,
    name: str,
    identity: str,
) -> ImportReport:
    """Publish a history from where its import was.

    Args:
        messages: those asked for, from the first, always in the same order.
        wished: how many they are, at most.
        wish: the pace, and whether to begin again.
        settings: of the stream.
        name: of the import.
        identity: of the messages, for the checkpoint.
    """
    checkpoint = checkpoint_of(settings, name, identity)
    if wish.again:
        checkpoint.forget()
    already = checkpoint.sent()
    if already >= wished:
        return ImportReport(name, already, 0, 0.0)
    with EventProducer(settings) as producer, shown(name, already, wished) as progress:
        return import_messages(
            messages,
            producer,
            name=name,
            checkpoint=checkpoint,
            rate=wish.rate,
            progress=progress,
        )
