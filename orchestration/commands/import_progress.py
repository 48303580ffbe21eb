"""How far an import is, for people: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.text import Text

from streams.importers.run import Progress

_LINE_SECONDS = 5.0


@contextmanager
def shown(name: str, already: int, total: int) -> Iterator[Progress]:
    """A progress that is shown on standard error while the import runs."""
    if not sys.stderr.isatty():
        yield _lines(name, already, total)
        return
    columns = (
        "{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        _Speed(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=total, completed=already)
        yield lambda sent: bar.update(task, completed=sent)


class _Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        """Events per second."""
        return Text(f"{task.speed or 0:,.0f}/s")


def _lines(name: str, already: int, total: int) -> Progress:
    began = said = time.monotonic()

    def progress(sent: int) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= _LINE_SECONDS:
            said = now
            speed = (sent - already) / (now - began)
            left = f"{speed:,.0f}/s, {(total - sent) / speed:,.0f} s left"
            click.echo(f"{name}: {sent:,} of {total:,} events, {left}", err=True)

    return progress
