"""Connections for requests: a fresh one each, or that of a named session.

A session keeps its connection (temporary tables, `SET`, `USE`) between requests, one at a time.
What a request brings in its URL is only lent to it: the next request takes it back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from warehouse.embedded.engine import Engine
from warehouse.embedded.errors import EngineError, refusal


@dataclass(frozen=True, slots=True)
class SessionWish:
    """A named session: the seconds it outlives its last query, whether it must exist already."""

    name: str
    timeout_seconds: int
    must_exist: bool


@dataclass(frozen=True, slots=True)
class SessionUser:
    """What every connection of a user starts with."""

    settings: Mapping[str, str] = field(default_factory=dict)
    database: str = "default"


class Session:
    """A connection, and which of its settings and whose database are only lent."""

    def __init__(self, engine: Engine, user: SessionUser) -> None:
        self.connection = engine.connect()
        self.ends_at = 0.0
        self.lock = threading.Lock()
        self._own_settings: Mapping[str, str] = {**engine.settings, **user.settings}
        self._own_database = user.database
        self._lent_settings: frozenset[str] = frozenset()
        self._is_database_lent = False
        try:
            self._begin(user)
        except EngineError:
            self.connection.close()
            raise

    def _begin(self, user: SessionUser) -> None:
        if user.settings:
            self._set(user.settings)
        if user.database != "default":
            self._use(user.database)

    def lend(self, settings: Mapping[str, str], database: str) -> None:
        """Apply the settings and the database of one request, and take back the last one's."""
        returned = self._lent_settings - settings.keys()
        wanted = {name: self._own_settings.get(name) for name in sorted(returned)} | dict(settings)
        self._lent_settings = frozenset(settings)
        if wanted:
            self._set(wanted)
        if database or self._is_database_lent:
            self._use(database or self._own_database)
            self._is_database_lent = bool(database)

    def keep(self) -> None:
        """Remember what a SET or USE statement of the client's own left behind."""
        changed = self.connection.rows("SELECT name, value FROM system.settings WHERE changed")
        self._own_settings = {row[0]: row[1] for row in changed if len(row) == 2}
        self._own_database = self.connection.rows("SELECT currentDatabase()")[0][0]

    def _set(self, settings: Mapping[str, str | None]) -> None:
        listed = ", ".join(f"`{name}` = {_literal(value)}" for name, value in settings.items())
        self.connection.run(f"SET {listed}")

    def _use(self, database: str) -> None:
        self.connection.run("USE {database:Identifier}", parameters={"database": database})


SESSIONS_AT_MOST = 256  # of one user: each holds a connection, 130 KB (1,000 of them, RSS)


class Sessions:
    """The sessions of one user by name, forgotten after a while of silence."""

    def __init__(self, engine: Engine, user: SessionUser) -> None:
        self._engine = engine
        self._user = user
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    @contextmanager
    def taken(self, wish: SessionWish | None) -> Iterator[Session]:
        """A session for one request: a fresh one without a wish.

        Raises:
            EngineError: code 373 when a query of the session still runs, 372 when it must exist and
                does not, 202 when the user has too many.
        """
        session = self._acquire(wish) if wish else Session(self._engine, self._user)
        try:
            yield session
        finally:
            if wish:
                session.ends_at = time.monotonic() + wish.timeout_seconds
                session.lock.release()
            else:
                session.connection.close()

    def close(self) -> None:
        """Close every session."""
        with self._lock:
            for session in self._sessions.values():
                session.connection.close()
            self._sessions.clear()

    def _acquire(self, wish: SessionWish) -> Session:
        with self._lock:
            self._forget_silent()
            session = self._sessions.get(wish.name)
            if session is None:
                if wish.must_exist:
                    raise refusal(372, "SESSION_NOT_FOUND", f"Session {wish.name} not found")
                if len(self._sessions) >= SESSIONS_AT_MOST:
                    text = f"Too many sessions: {SESSIONS_AT_MOST} are kept until their timeouts"
                    raise refusal(202, "TOO_MANY_SIMULTANEOUS_QUERIES", text)
                session = self._sessions[wish.name] = Session(self._engine, self._user)
            if not session.lock.acquire(blocking=False):
                text = f"Session {wish.name} is locked by a concurrent client"
                raise refusal(373, "SESSION_IS_LOCKED", text)
            return session

    def _forget_silent(self) -> None:
        now = time.monotonic()
        for name, session in list(self._sessions.items()):
            if session.ends_at < now and session.lock.acquire(blocking=False):
                session.connection.close()
                del self._sessions[name]


def _literal(value: str | None) -> str:
    if value is None:
        return "DEFAULT"
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
