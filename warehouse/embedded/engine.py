"""The door to chdb: one engine per process, one connection per request.

A pool would leak `SET` and `USE` from one request into the next; opening and closing a connection
costs 0.2 ms. The engine releases the GIL, so all of this runs in worker threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chdb import _chdb

from warehouse.embedded.errors import EngineError

INSERT_CHUNK_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Result:
    """A whole answer: its bytes and the engine's counts."""

    content: bytes
    read_rows: int
    read_bytes: int
    written_rows: int
    written_bytes: int
    elapsed_seconds: float


@dataclass(frozen=True, slots=True)
class Kind:
    """READ_ONLY, MUTATING, MUTATING_GLOBAL, CONTROL or UNKNOWN, and how many statements."""

    name: str
    statement_count: int


class Connection:
    """One connection to the engine: current database, settings and temporary tables are its own."""

    def __init__(self, address: str) -> None:
        try:
            self._raw = _chdb.connect(address)  # type: ignore[attr-defined]  # compiled module
        except RuntimeError as error:
            raise EngineError(str(error)) from None

    def kind(self, sql: str) -> Kind:
        """What a text would do, without running it."""
        report = self._raw.classify_query(sql, "")
        return Kind(report["query_class"].name, int(report["statement_count"]))

    def run(
        self, sql: str, output_format: str = "Null", parameters: Mapping[str, str] | None = None
    ) -> Result:
        """Run one statement and wait for the whole answer."""
        try:
            raw = self._raw.query(sql, output_format, params=dict(parameters or {}))
        except RuntimeError as error:
            raise EngineError(str(error)) from None
        return Result(
            raw.bytes(),
            raw.storage_rows_read(),
            raw.storage_bytes_read(),
            raw.rows_written(),
            raw.bytes_written(),
            raw.elapsed(),
        )

    def stream(
        self, sql: str, output_format: str, parameters: Mapping[str, str]
    ) -> Iterator[bytes]:
        """Run one SELECT and give its answer block by block; closing the iterator cancels it."""
        stream: Any = None
        try:
            stream = self._raw.send_query(sql, output_format, params=dict(parameters))
            while (
                block := self._raw.streaming_fetch_result(stream)
            ) is not None and block.rows_read():
                yield block.bytes()
            stream = None
        except RuntimeError as error:
            stream = None
            raise EngineError(str(error)) from None
        finally:
            if stream is not None:
                self._raw.streaming_cancel_query(stream)

    def insert(self, statement: str, input_format: str, chunks: Iterable[bytes]) -> Result:
        """Insert encoded rows; nothing is there before the last chunk was taken."""
        try:
            inserter = self._raw.send_insert(statement, input_format)
            for chunk in chunks:
                self._raw.insert_append(inserter, chunk)
            raw = self._raw.insert_done(inserter)
        except RuntimeError as error:
            raise EngineError(str(error)) from None
        return Result(b"", 0, 0, raw.rows_written(), raw.bytes_written(), raw.elapsed())

    def use(self, database: str) -> None:
        """Make a database the current one."""
        self.run("USE {database:Identifier}", parameters={"database": database})

    def set(self, settings: Mapping[str, str]) -> None:
        """Apply settings to what follows on this connection."""
        if settings:
            self.run(
                "SET "
                + ", ".join(f"`{name}` = {_quoted(value)}" for name, value in settings.items())
            )

    def close(self) -> None:
        """Close the connection, its temporary tables with it."""
        self._raw.close()


class Engine:
    """The engine of this process, open on one directory."""

    def __init__(self, path: Path, configuration: Path) -> None:
        self._address = f"{path.resolve()}?config-file={configuration.resolve()}"
        self._keeper = Connection(self._address)  # the engine ends with its last connection

    def connect(self) -> Connection:
        """Open a connection of its own."""
        return Connection(self._address)

    def close(self) -> None:
        """End the engine, when every other connection is closed."""
        self._keeper.close()


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
