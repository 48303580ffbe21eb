"""Text from outside, made harmless for whoever reads it on a terminal or in a log.

A shop's event, an answer of a server or a name of a file may hold escape sequences: they retitle a
terminal, write to its clipboard, hide the line before or forge a line of a log. So what is shown
keeps letters, line feeds and tabs; every other control character, and those that turn the direction
of writing (CVE-2021-42574), are written as JSON writes them: a JSON text stays the same JSON.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from types import TracebackType
from typing import Any

_UNSEEN = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without tab and line feed, DEL, C1
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # direction of writing, other line separators
    "\ud800-\udfff"  # halves of characters: no encoding takes them
    "]"
)
CONTINUED = "\n  | "  # no line within a message can pass for a record of its own


def visible(text: str) -> str:
    """The text with `\\u001b` and the like in place of what a terminal would obey."""
    return _UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


class VisibleRecord(logging.LogRecord):
    """A record of a log whose message and traceback are visible, whoever formats it."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        if self.exc_info and self.exc_info[0]:
            self.exc_text = visible("".join(traceback.format_exception(*self.exc_info))).rstrip()

    def getMessage(self) -> str:  # noqa: N802  # logging's own name
        """The message; its second and later lines are marked as such."""
        return visible(super().getMessage()).replace("\n", CONTINUED)


def guard_logs() -> None:
    """From here on every log of this process, and the traceback that ends it, is visible text."""
    logging.setLogRecordFactory(VisibleRecord)
    sys.excepthook = _show_traceback


def _show_traceback(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    sys.stderr.write(visible("".join(traceback.format_exception(kind, error, trace))))
