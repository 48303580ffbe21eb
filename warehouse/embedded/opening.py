"""Opening a warehouse's directory: one process owns it; what a kill left is cleared away."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from warehouse.embedded.configuration import connection_settings, write_configuration
from warehouse.embedded.engine import Connection, Engine
from warehouse.embedded.errors import EngineError
from warehouse.settings import WarehouseSettings

LEFT_BY_REPLACE = r"^_tmp_replace_"  # CREATE OR REPLACE builds under this name, then swaps


class CannotOpenError(Exception):
    """The directory cannot be served; the message says why and what to do."""


@contextmanager
def opened(settings: WarehouseSettings) -> Iterator[Engine]:
    """The engine on the directory of the settings, ready to answer.

    Raises:
        CannotOpenError: another process serves it, or the engine cannot read it.
    """
    settings.path.mkdir(parents=True, exist_ok=True)
    with _owned(settings.path):
        configuration = write_configuration(settings)
        try:
            engine = Engine(settings.path, configuration, connection_settings(settings))
        except EngineError as error:
            raise CannotOpenError(
                f"the engine cannot open {settings.path}; its reason stands in the lines above "
                f"(it said: {error})"
            ) from None
        try:
            _tidy(engine)
            yield engine
        finally:
            engine.close()


@contextmanager
def _owned(path: Path) -> Iterator[None]:
    """Hold the directory's lock. The kernel drops it with the process, however that ends."""
    with (path / "owner.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CannotOpenError(
                f"{path} is already served by process {lock.read().strip()}: "
                "use that one, stop it, or choose another --path"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def _tidy(engine: Engine) -> None:
    """Drop the half-built tables of a CREATE OR REPLACE that was killed."""
    connection = engine.connect()
    try:
        for database, table in _left_behind(connection):
            connection.run(
                "DROP TABLE {database:Identifier}.{table:Identifier} SYNC",
                parameters={"database": database, "table": table},
            )
    finally:
        connection.close()


def _left_behind(connection: Connection) -> list[list[str]]:
    return connection.rows(
        "SELECT database, name FROM system.tables WHERE match(name, {left:String})",
        left=LEFT_BY_REPLACE,
    )
