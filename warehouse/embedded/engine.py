"""The door to chdb: one engine per process, one connection per request.

A pool would leak `SET` and `USE` from one request into the next; opening and closing a connection
costs 0.2 ms. The engine releases the GIL, so all of this runs in worker threads. It must never be
forked. Rows come from files and answers go to pipes: `query()` returns answers in memory it never
gives back (466 MB left 1.3 GB), and binary rows inside a statement's text are mangled.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse.embedded.errors import EngineError

# Seen twice, for rows that are not UTF-8 on a busy machine; why the engine was silent is not known.
_NO_REASON = "The engine gave no reason; system.query_log and system.errors may name it"


@dataclass(frozen=True, slots=True)
class Result:
    """What a statement gave: bytes when it was not told where to put them, and counts."""

    content: bytes
    result_rows: int
    read_rows: int
    read_bytes: int
    written_rows: int
    written_bytes: int


@dataclass(frozen=True, slots=True)
class Kind:
    """READ_ONLY, MUTATING, MUTATING_GLOBAL, CONTROL or UNKNOWN, and how many statements."""

    name: str
    statement_count: int


class Connection:
    """One connection: current database, settings and temporary tables are its own."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def kind(self, sql: str) -> Kind:
        """What a text would do, without running it. Private API of chdb: its version is pinned."""
        report = self._raw.classify_query(sql, "")
        return Kind(report["query_class"].name, int(report["statement_count"]))

    def run(
        self,
        sql: str,
        output_format: str = "TabSeparated",
        parameters: Mapping[str, str] | None = None,
    ) -> Result:
        """Run one statement to its end.

        Raises:
            EngineError: the engine's own words.
        """
        try:
            raw = self._raw.query(sql, output_format, params=dict(parameters or {}))
        except RuntimeError as error:
            raise EngineError(str(error) or _NO_REASON) from None
        except UnicodeDecodeError as error:  # a message that quotes rows which are not UTF-8
            raise EngineError(error.object.decode(errors="replace")) from None
        return Result(
            raw.bytes(),
            raw.rows_read(),
            raw.storage_rows_read(),
            raw.storage_bytes_read(),
            raw.rows_written(),
            raw.bytes_written(),
        )

    def rows(self, sql: str, **parameters: str) -> list[list[str]]:
        """The rows of a small query as text, for questions of the server's own."""
        content = self.run(sql, "TabSeparatedRaw", parameters).content.decode()
        return [line.split("\t") for line in content.splitlines()]

    def close(self) -> None:
        """Close the connection, its temporary tables with it."""
        self._raw.close()


class Engine:
    """The engine of this process, open on one directory."""

    def __init__(self, path: Path, configuration: Path, settings: Mapping[str, str]) -> None:
        """Open the engine.

        Args:
            path: its directory; made when missing.
            configuration: a file as ClickHouse's `config.xml`.
            settings: what every connection starts with.

        Raises:
            EngineError: the directory cannot be opened; the engine wrote the reason to stderr.
        """
        options = {"config-file": str(configuration.resolve()), **settings}
        listed = "&".join(f"{name}={value}" for name, value in options.items())
        self.settings = dict(settings)
        self._address = f"{path.resolve()}?{listed}"
        self._library = _load_library()
        self._keeper = self.connect()  # the engine ends with its last connection

    def connect(self) -> Connection:
        """Open a connection."""
        try:
            return Connection(self._library.connect(self._address))
        except RuntimeError as error:
            raise EngineError(str(error)) from None

    def close(self) -> None:
        """End the engine, when every other connection is closed."""
        self._keeper.close()


def _load_library() -> Any:
    os.environ["TZ"] = "UTC"  # the engine reads its zone once, while it is loaded
    from chdb import _chdb

    return _chdb
