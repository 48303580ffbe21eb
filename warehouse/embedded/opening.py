"""Opening a warehouse's directory: one process owns it; what a kill left is cleared away."""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from warehouse.embedded.configuration import (
    OWN_DATABASE,
    connection_settings,
    write_configuration,
)
from warehouse.embedded.engine import Connection, Engine
from warehouse.embedded.errors import EngineError
from warehouse.embedded.guard import Guard, unserved_objects
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
        _prepare_default_database(settings.path)
        try:
            engine = Engine(settings.path, configuration, connection_settings(settings))
        except EngineError as error:
            raise CannotOpenError(
                f"the engine cannot open {settings.path}; its reason stands in the lines above "
                f"(it said: {error})"
            ) from None
        try:
            _drop_database_of_files(engine)
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


@contextmanager
def guarded(engine: Engine, settings: WarehouseSettings) -> Iterator[Guard]:
    """What judges statements on an open engine.

    Raises:
        CannotOpenError: something is stored that could not be made today: its next use would reach
            past the guard.
    """
    guard = Guard(engine, settings.also_served)
    try:
        if unserved := list(unserved_objects(engine, guard)):
            raise CannotOpenError(
                f"{settings.path} holds what is not served: {'; '.join(unserved)}. To keep it, or "
                "to drop it over HTTP, start with what it uses named in WAREHOUSE_ALSO_SERVED"
            )
        yield guard
    finally:
        guard.close()


def _prepare_default_database(path: Path) -> None:
    """Make `default` a database like any other.

    The engine opens its first database as an overlay of the file system, where each name of a table
    is looked up as a path. So that one bears another name (`OWN_DATABASE`), and `default`, with the
    tables a warehouse of before has in it, is declared beside it. Its link must go each time:
    the engine makes it again, and aborts when it meets both.
    """
    link, declared = path / "metadata" / "default", path / "metadata" / "default.sql"
    declared.parent.mkdir(parents=True, exist_ok=True)
    if not declared.exists():
        unique = link.readlink().name if link.is_symlink() else str(uuid.uuid4())
        written = declared.with_suffix(".sql.tmp")
        written.write_text(f"ATTACH DATABASE _ UUID '{unique}'\nENGINE = Atomic\n")
        written.replace(declared)
    if link.is_symlink():
        link.unlink()


def _drop_database_of_files(engine: Engine) -> None:
    connection = engine.connect()
    try:
        connection.run(f"DROP DATABASE IF EXISTS {OWN_DATABASE}")
    finally:
        connection.close()


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
