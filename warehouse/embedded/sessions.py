"""Named sessions: one connection each, one query at a time, forgotten after a while of silence."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from warehouse.embedded.engine import Connection, Engine
from warehouse.embedded.errors import refusal
from warehouse.embedded.questions import SessionWish


@dataclass(slots=True)
class Session:
    """A connection that outlives a request."""

    connection: Connection
    ends_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Sessions:
    """The sessions of a server by name."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def acquire(self, wish: SessionWish) -> Session:
        """Take a session for one query, making it when it is new.

        Raises:
            EngineError: code 373 when a query of the session still runs, 372 when it must exist
            and does not.

        """
        with self._lock:
            self._forget_silent()
            session = self._sessions.get(wish.name)
            if session is None:
                if wish.must_exist:
                    raise refusal(372, "SESSION_NOT_FOUND", f"Session {wish.name} not found")
                session = self._sessions[wish.name] = Session(self._engine.connect())
            if not session.lock.acquire(blocking=False):
                raise refusal(
                    373,
                    "SESSION_IS_LOCKED",
                    f"Session {wish.name} is locked by a concurrent client",
                )
            session.ends_at = time.monotonic() + wish.timeout_seconds
            return session

    def release(self, session: Session, wish: SessionWish) -> None:
        """Give a session back."""
        session.ends_at = time.monotonic() + wish.timeout_seconds
        session.lock.release()

    def close(self) -> None:
        """Close every session."""
        with self._lock:
            for session in self._sessions.values():
                session.connection.close()
            self._sessions.clear()

    def _forget_silent(self) -> None:
        now = time.monotonic()
        for name, session in list(self._sessions.items()):
            if session.ends_at < now and session.lock.acquire(blocking=False):
                session.connection.close()
                del self._sessions[name]


@contextmanager
def restored(connection: Connection, settings: Mapping[str, str]) -> Iterator[None]:
    """Put the settings of one request back to what the session had, when the request is over."""
    names = ", ".join("'" + name.replace("'", "") + "'" for name in settings)
    rows = b""
    if settings:
        rows = connection.run(
            f"SELECT name, value FROM system.settings WHERE name IN ({names}) AND changed",
            "TabSeparatedRaw",
        ).content
    before = dict(line.split("\t", 1) for line in rows.decode().splitlines())
    try:
        yield
    finally:
        connection.set(before)
        for name in settings.keys() - before.keys():
            connection.run(f"SET `{name}` = DEFAULT")
