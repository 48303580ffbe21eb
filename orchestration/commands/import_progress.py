"""How far an import is, and what stopped it, for people.

Progress is a bar on a terminal, now and then a line elsewhere.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.text import Text

from orchestration.terminal import console, echo
from streams.importers.checkpoint import Checkpoint
from streams.importers.run import Progress
from streams.importers.source import SourceError
from streams.producer import BrokerError, ensure_topics, topic_id
from streams.settings import StreamSettings
from warehouse.terminal_text import visible

_LINE_SECONDS = 5.0


def checkpoint_of(settings: StreamSettings, name: str, identity: str) -> Checkpoint:
    """The checkpoint of a history on its way into the topic of events, which is made if need be.

    Raises:
        BrokerError: the broker does not answer.
    """
    ensure_topics(settings)
    topic = topic_id(settings, settings.events_topic)
    return Checkpoint.of(settings.local_home, name, identity, topic)


@contextmanager
def said_plainly() -> Iterator[None]:
    """Turn what a person can mend into one sentence."""
    try:
        yield
    except (SourceError, BrokerError) as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        raise click.ClickException("stopped; the same command goes on from here") from None


@contextmanager
def counted(name: str) -> Iterator[Progress]:
    """A count of rows read, shown while nobody knows yet how many there are."""
    if not sys.stderr.isatty():
        yield _rows_read(name)
        return
    columns = (SpinnerColumn(), _name(), MofNCompleteColumn(), _Speed())
    with Bar(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"reading {visible(name)}", total=None)
        yield lambda rows: bar.update(task, completed=rows)


@contextmanager
def shown(name: str, already: int, total: int) -> Iterator[Progress]:
    """A progress that is shown on standard error while the import runs."""
    if not sys.stderr.isatty():
        yield _lines(name, already, total)
        return
    columns = (
        _name(),
        BarColumn(),
        MofNCompleteColumn(),
        _Speed(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console(stderr=True)) as bar:
        task = bar.add_task(visible(name), total=total, completed=already)
        yield lambda sent: bar.update(task, completed=sent)


def _name() -> TextColumn:
    return TextColumn("{task.description}", markup=False)


class _Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        """Events per second."""
        return Text(f"{task.speed or 0:,.0f}/s")


def _rows_read(name: str) -> Progress:
    began = said = time.monotonic()

    def progress(rows: int) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= _LINE_SECONDS:
            said = now
            echo(f"{name}: {rows:,} rows read, {rows / (now - began):,.0f}/s", err=True)

    return progress


def _lines(name: str, already: int, total: int) -> Progress:
    began = said = time.monotonic()

    def progress(sent: int) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= _LINE_SECONDS:
            said = now
            speed = (sent - already) / (now - began)
            left = f"{speed:,.0f}/s, {(total - sent) / speed:,.0f} s left"
            echo(f"{name}: {sent:,} of {total:,} events, {left}", err=True)

    return progress
