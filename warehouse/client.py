"""The door to clickhouse-connect: every statement to the warehouse goes through a `Warehouse`.

A driver's exception never leaves here: `WarehouseBusyError` invites the same call later,
`WarehouseRefusedError` is for a person. An insert is sent once and never silently again: the driver
would repeat one whose connection broke, and nobody could tell whether the first had arrived.
Parameters are ClickHouse's own (`{name:Type}`), never spliced.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Any

import clickhouse_connect
import pyarrow as pa
import urllib3
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError
from clickhouse_connect.driver.transform import NativeTransform
from urllib3.exceptions import HTTPError

from warehouse.settings import WarehouseSettings
from warehouse.statements import shortened

logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)  # what it logs, it also raises

CONNECT_SECONDS = 10
ANSWER_SECONDS = 3600  # a long build sends nothing while it computes
PIECE_BYTES = 1 << 20


class WarehouseError(Exception):
    """The warehouse did not do what was asked. `code` is ClickHouse's own, 0 when it gave none."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class WarehouseBusyError(WarehouseError):
    """The same call may work later: unreachable, too slow, out of memory, too many queries."""


class WarehouseRefusedError(WarehouseError):
    """The same call will fail again: show it to a person."""


_BUSY_CODES = frozenset(
    {
        159,  # TIMEOUT_EXCEEDED
        160,  # TOO_SLOW
        202,  # TOO_MANY_SIMULTANEOUS_QUERIES
        209,  # SOCKET_TIMEOUT
        210,  # NETWORK_ERROR
        236,  # ABORTED: it is being stopped
        241,  # MEMORY_LIMIT_EXCEEDED
        242,  # TABLE_IS_READ_ONLY: it lost its keeper
        252,  # TOO_MANY_PARTS
        373,  # SESSION_IS_LOCKED
        394,  # QUERY_WAS_CANCELLED
        439,  # CANNOT_SCHEDULE_TASK
        999,  # KEEPER_EXCEPTION
    }
)
_ADVICE = {
    60: "are the tables there? `active-analytics migrate`",
    81: "are the tables there? `active-analytics migrate`",
    241: "it needs more memory than it may have: ask for less at once",
    516: "check WAREHOUSE_USER and WAREHOUSE_PASSWORD",
}
_START_ONE = ": start one with `active-analytics up`, or set WAREHOUSE_URL"
_OS_WORDS = re.compile(r"(\[Errno \d+\] [^\"'()]+)")
_EXPECTATIONS = re.compile(r"\.? Expected one of: .*$", re.DOTALL)  # hundreds of words
_DRIVERS_WORDS = re.compile(r"^.*?server response: (?=Code: )| \(for url [^)]*\)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Encoded:
    """Rows ready to be sent: an Arrow stream of columns, or a body that names its statement."""

    table: str
    row_count: int
    body: bytes | memoryview
    columns: tuple[str, ...] | None = None


class Warehouse:
    """The warehouse as seen by one thread; connections are kept alive between calls.

    Instants come back without a zone, in UTC; they may be given with any.
    """

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self._address = address

    @classmethod
    def connect(cls, settings: WarehouseSettings, application: str) -> Warehouse:
        """Connect, and ask the server what it is.

        Args:
            settings: which warehouse, as whom.
            application: who asks, for the query log.

        Raises:
            WarehouseBusyError: nobody answers at the address.
            WarehouseRefusedError: the server does not know the user or the password.
        """
        with _translated("connect", settings.url):
            client = clickhouse_connect.get_client(
                interface="https" if settings.is_secure else "http",
                host=settings.host,
                port=settings.port,
                username=settings.user,
                password=settings.password,
                client_name=application,
                connect_timeout=CONNECT_SECONDS,
                send_receive_timeout=ANSWER_SECONDS,
                autogenerate_session_id=False,
                compress=not settings.is_on_loopback,
                dedicated_pool=True,
            )
        return cls(client, settings.url)

    def rows(self, sql: str, **params: object) -> list[tuple[Any, ...]]:
        """The rows of a query, each a tuple in the order of its columns."""
        with _translated(sql, self._address):
            return list(self._client.query(sql, parameters=params).result_rows)

    def dicts(self, sql: str, **params: object) -> list[dict[str, Any]]:
        """The rows of a query, each by column name."""
        with _translated(sql, self._address):
            return list(self._client.query(sql, parameters=params).named_results())

    def scalar(self, sql: str, **params: object) -> Any:
        """The first column of the first row of a query.

        Raises:
            WarehouseRefusedError: the query gave no row.
        """
        rows = self.rows(sql, **params)
        if not rows:
            raise WarehouseRefusedError(f"no row came back, one was expected: {shortened(sql)}")
        return rows[0][0]

    def execute(self, sql: str, **params: object) -> None:
        """Run a statement whose answer does not matter."""
        with _translated(sql, self._address):
            self._client.command(sql, parameters=params)

    def stream(self, sql: str, format: str, **params: object) -> Iterator[bytes]:
        """The answer of a statement as the server encodes it, in pieces.

        The server is asked to send nothing before it has all, so an answer is whole or an error.

        Args:
            sql: any statement; a FORMAT clause of its own goes before `format`.
            format: a format of ClickHouse, such as CSV.
            **params: values of the statement's parameters.
        """
        settings = {"wait_end_of_query": "1", "default_format": format}
        with _translated(sql, self._address):
            answer = self._client.raw_stream(sql, parameters=params, settings=settings)
            try:
                while piece := answer.read(PIECE_BYTES):
                    yield piece
            finally:
                answer.close()

    def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], **settings: object
    ) -> None:
        """Insert rows of Python values; for small things: `insert_arrow` is many times as fast.

        Raises:
            WarehouseRefusedError: also when a value does not fit its column, or fewer rows were
                written than sent.
        """
        if not rows:
            return
        asked = f"insert {len(rows)} rows into {table}"
        with _translated(asked, self._address):
            context = self._client.create_insert_context(table, columns, data=rows)
            body = b"".join(NativeTransform.build_insert(context))  # begins with the statement
        if misfit := context.insert_exception:
            raise WarehouseRefusedError(f"{asked}: {misfit}") from misfit
        self._send(_Encoded(table, len(rows), body), settings)

    def insert_arrow(self, table: str, arrow_table: pa.Table, **settings: object) -> None:
        """Insert columns, as one Arrow stream and in one part per table partition.

        Args:
            table: database and name.
            arrow_table: columns named as in the table; 10,000 rows or more are worth a call.
            **settings: settings of the engine for this insert.

        Raises:
            WarehouseRefusedError: also when fewer rows were written than sent.
        """
        if arrow_table.num_rows == 0:
            return
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, arrow_table.schema) as writer:
            writer.write_table(arrow_table)
        body = memoryview(sink.getvalue())
        columns = tuple(arrow_table.column_names)
        self._send(_Encoded(table, arrow_table.num_rows, body, columns), settings)

    def _send(self, encoded: _Encoded, settings: Mapping[str, object]) -> None:
        """Send encoded rows, once: the driver repeats what it holds as bytes, never an iterator."""
        asked = f"insert {encoded.row_count} rows into {encoded.table}"
        with _translated(asked, self._address):
            summary = self._client.raw_insert(
                encoded.table if encoded.columns else None,
                encoded.columns,
                iter((encoded.body,)),
                settings=dict(settings),
                fmt="ArrowStream",
                transport_settings={"Content-Length": str(len(encoded.body))},
            )
        if summary.written_rows < encoded.row_count:
            raise WarehouseRefusedError(f"{asked}: only {summary.written_rows} were written")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Warehouse:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def wait_until_ready(settings: WarehouseSettings, timeout_seconds: float) -> None:
    """Return when the warehouse answers its ping.

    Raises:
        WarehouseBusyError: it did not within the time.
    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        try:
            answer = urllib3.request("GET", f"{settings.url}/ping", timeout=2, retries=False)
            if answer.status == HTTPStatus.OK:
                return
            reason = f"its ping gave status {answer.status}"
        except HTTPError as error:
            reason = str(error)
        if time.monotonic() > deadline:
            raise WarehouseBusyError(
                f"no warehouse answers at {settings.url} ({reason}){_START_ONE}"
            )
        time.sleep(0.05)


@contextmanager
def _translated(asked: str, address: str) -> Iterator[None]:
    """Turn the driver's exceptions into ours, saying what was asked and what came back."""
    try:
        yield
    except OperationalError as error:
        raise _error(asked, address, error, is_busy=error.code is None) from error
    except ClickHouseError as error:
        raise _error(asked, address, error, is_busy=False) from error
    except (HTTPError, OSError) as error:
        raise _error(asked, address, error, is_busy=True) from error


def _error(asked: str, address: str, error: Exception, *, is_busy: bool) -> WarehouseError:
    code = getattr(error, "code", None) or 0
    text = shortened(_EXPECTATIONS.sub("", _DRIVERS_WORDS.sub("", str(error))), 2000)
    advice = f"; {_ADVICE[code]}" if code in _ADVICE else ""
    if code in _BUSY_CODES:
        return WarehouseBusyError(f"{shortened(asked)}: {text}{advice}", code)
    if is_busy:
        reason = _OS_WORDS.search(text)
        away = f"the warehouse at {address} cannot be reached"
        why = reason.group(1) if reason else text
        return WarehouseBusyError(f"{shortened(asked)}: {away}: {why}{_START_ONE}", code)
    return WarehouseRefusedError(f"{shortened(asked)}: {text}{advice}", code)
