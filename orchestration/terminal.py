"""The one door to the terminal: what commands print is visible text, wherever it came from.

Commands print by `echo`, `secho`, `write_bytes` and `console`, never by click or rich themselves (a
test looks). Texts are shown as they are: rich's own mark-up in them is not read either.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from warehouse.terminal_text import visible


def echo(message: object = "", *, err: bool = False) -> None:
    """Print a line."""
    click.echo(visible(str(message)), err=err)


def secho(message: object, *, err: bool = False, **style: Any) -> None:
    """Print a line in click's style."""
    click.secho(visible(str(message)), err=err, **style)


def write_bytes(pieces: Iterable[bytes]) -> None:
    """Write an answer as it is; to a terminal, as visible text."""
    for piece in pieces:
        if sys.stdout.isatty():
            sys.stdout.write(visible(piece.decode(errors="replace")))
        else:
            sys.stdout.buffer.write(piece)
    sys.stdout.flush()


class VisibleConsole(Console):
    """Rich's console without mark-up; escape sequences are its own only."""

    def render_str(self, text: str, **given: Any) -> Text:
        """The text as it is shown, in a cell of a table too."""
        plain = {"emoji": False, "markup": False, "highlight": False}
        return super().render_str(visible(text), **(given | plain))


def console(*, stderr: bool = False, width: int | None = None) -> Console:
    """A console for tables and progress."""
    return VisibleConsole(stderr=stderr, width=width, highlight=False)
