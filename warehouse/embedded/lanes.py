"""Lanes: slow questions wait for slow questions, and never is everybody's way barred by them.

Each kind of question has slots and threads of its own: rows that are inserted, what is over in a
moment (`select 1`, `KILL QUERY`), and all the rest. Whoever may only read the marts has lanes apart
from the owner's. What is over in a moment is known by a list: no table, no function but a few; and
it is held to that by a bound of time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from itertools import takewhile

from warehouse.embedded.errors import refusal
from warehouse.embedded.uploads import Statement
from warehouse.statements import Token, tokens

WORK, ROWS, SHORT = "work", "rows", "short"
WAITING_PER_RUNNING = 8
ROWS_AT_ONCE = 8  # the worker has one insert a partition under way, the detector one
SHORT_AT_ONCE = 4
SHORT_SECONDS = 10
_SHORT_TEXT = 1000  # characters
_SHORT_WORDS = frozenset({"SELECT", "KILL", "SET", "USE"})
_LONG_WORDS = frozenset({"FROM", "JOIN", "WITH", "SYNC"})  # tables, FILL, what waits for others
_SHORT_CALLS = frozenset(  # what drivers ask at first, what finds a query to kill; keywords too
    """
    version timezone serverTimezone currentDatabase database currentUser user hostName uptime
    connectionId queryID getSetting now today lower startsWith like ilike select where and or not
    """.lower().split()
)


def lane_of(statement: Statement) -> str:
    """The kind of lane a statement belongs to: WORK, ROWS or SHORT."""
    if statement.rows is not None:
        return ROWS
    if len(statement.sql) > _SHORT_TEXT:
        return WORK
    text = list(tokens(statement.sql))
    words = [token.text.upper() for token in text if token.kind == "word"]
    is_short = bool(words) and words[0] in _SHORT_WORDS and not _LONG_WORDS.intersection(words)
    return (
        SHORT if is_short and all(_is_short_at(text, place) for place in range(len(text))) else WORK
    )


def _is_short_at(text: Sequence[Token], place: int) -> bool:
    """Whether a token begins no call but a short one; IN takes texts: a name would be a table's."""
    token, rest = text[place], text[place + 1 :]
    is_bracket_next = bool(rest) and rest[0].text == "("
    if token.kind == "word" and token.text.upper() == "IN":
        inside = takewhile(lambda piece: piece.kind != "close", rest[1:])
        return is_bracket_next and all(
            piece.kind == "text" or piece.text == "," for piece in inside
        )
    is_call = is_bracket_next and token.kind in ("word", "name", "close")
    return not is_call or token.text.lower() in _SHORT_CALLS


class Lane:
    """Questions that run beside each other, each in a thread, and those that wait for them."""

    def __init__(self, kind: str, at_once: int) -> None:
        self.kind = kind
        self.threads = ThreadPoolExecutor(at_once, kind)
        self._at_once = at_once
        self._free = asyncio.Semaphore(at_once)
        self._waiting_count = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a slot and hold it.

        Raises:
            EngineError: code 202 when too many wait already.
        """
        if self._waiting_count >= self._at_once * WAITING_PER_RUNNING:
            text = f"Too many simultaneous queries: {self._waiting_count} wait already"
            raise refusal(202, "TOO_MANY_SIMULTANEOUS_QUERIES", text)
        self._waiting_count += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting_count -= 1
        try:
            yield
        finally:
            self._free.release()


class Lanes:
    """The lanes of one user."""

    def __init__(self, at_once: int) -> None:
        sizes = {WORK: at_once, ROWS: ROWS_AT_ONCE, SHORT: SHORT_AT_ONCE}
        self._lanes = {kind: Lane(kind, size) for kind, size in sizes.items()}

    def of(self, statement: Statement) -> Lane:
        """The lane of a statement."""
        return self._lanes[lane_of(statement)]

    def close(self) -> None:
        """End the threads, when nothing runs in them any more."""
        for lane in self._lanes.values():
            lane.threads.shutdown(wait=True)
