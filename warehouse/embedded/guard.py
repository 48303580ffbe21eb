"""What may be asked over HTTP: one statement of the kinds, names and formats that are served.

The engine is a library inside our process and would run several statements in one text, read and
write any file, and connect to anything. What a text is, only its own parser knows: it writes the
statement out plainly, that is judged against the lists of `served`, and that is what runs.

Judging a text costs two to three times `select 1`, so verdicts on short texts are kept: an insert
asks the same head again and again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from warehouse.embedded.engine import Connection, Engine
from warehouse.embedded.errors import EngineError, refusal
from warehouse.embedded.judge import judge, pieces_of
from warehouse.embedded.served import Served
from warehouse.statements import (
    InsertHead,
    OutputClause,
    first_words,
    insert_head,
    output_clause,
    shortened,
)

READ_ONLY = "READ_ONLY"
_READING = frozenset({"SELECT", "WITH", "SHOW", "DESCRIBE", "EXISTS", "EXPLAIN", "CHECK"})
_KEPT_VERDICTS = 1024
_KEPT_TEXT = 8192  # characters: larger texts are seldom asked twice
_LONGEST = 1 << 20  # four times what the engine parses unless a request asks for more
_PARSED = f"SETTINGS max_query_size = {_LONGEST}, max_parser_depth = 1000"
_KEPT_CONNECTIONS = 4


@dataclass(frozen=True, slots=True)
class Judged:
    """A statement that may run.

    `sql` is the text to run, as the engine writes it; `kind` is READ_ONLY, MUTATING,
    MUTATING_GLOBAL or CONTROL; `output` is where its FORMAT stands; `insert` its parts when rows
    come with it.
    """

    sql: str
    kind: str
    output: OutputClause
    insert: InsertHead | None

    @property
    def only_reads(self) -> bool:
        """Whether it changes nothing, not even its session."""
        return self.kind == READ_ONLY and (first_words(self.sql) in _READING)


class Guard:
    """Judges statements before they run."""

    def __init__(self, engine: Engine, also: frozenset[str] = frozenset()) -> None:
        self._engine = engine
        self._idle: list[Connection] = []  # never a session's: its settings change what is read
        self._verdicts: OrderedDict[str, Judged] = OrderedDict()
        self._lock = threading.Lock()
        with self._connection() as connection:
            self.served = _served_by(connection, also)

    def judged(self, sql: str) -> Judged:
        """A statement, written out and found to use what is served only.

        Raises:
            EngineError: it is empty, unreadable, more than one, or uses what is not served.
        """
        with self._lock:
            if verdict := self._verdicts.get(sql):
                self._verdicts.move_to_end(sql)
                return verdict
        with self._connection() as connection:
            verdict = self._judge(sql, connection)
        if len(sql) <= _KEPT_TEXT:
            with self._lock:
                self._verdicts[sql] = verdict
                while len(self._verdicts) > _KEPT_VERDICTS:
                    self._verdicts.popitem(last=False)
        return verdict

    def close(self) -> None:
        """Close its connections; nothing is judged any more."""
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        connection = connection or self._engine.connect()
        try:
            yield connection
        finally:
            with self._lock:
                is_kept = len(self._idle) < _KEPT_CONNECTIONS
                if is_kept:
                    self._idle.append(connection)
            if not is_kept:
                connection.close()

    def structure(self, structure: str) -> str:
        """The columns of a table sent along, `a UInt8, b String`: names and types, nothing else.

        Raises:
            EngineError: it is anything else.
        """
        head = "CREATE TEMPORARY TABLE t"
        sql = self.judged(f"{head} ({structure}\n)").sql
        columns = pieces_of(sql)[4:]
        if not sql.startswith(f"{head} (") or not _are_columns([p.text for p in columns]):
            text = f"A structure takes names and types: {shortened(structure)}"
            raise refusal(36, "BAD_ARGUMENTS", text)
        return sql.removeprefix(head)

    def _judge(self, sql: str, connection: Connection) -> Judged:
        plain = _plain(sql, connection)
        kind = connection.kind(plain)
        if kind.statement_count != 1:
            raise refusal(62, "SYNTAX_ERROR", f"Multi-statements are not allowed: {shortened(sql)}")
        judge(plain, self.served)
        return Judged(plain, kind.name, output_clause(plain), insert_head(plain))


def unserved_objects(engine: Engine, guard: Guard) -> Iterable[str]:
    """Stored tables, views, dictionaries and functions that could not be made today, with why."""
    connection = engine.connect()
    try:
        stored = connection.rows(_STORED)
    finally:
        connection.close()
    for name, statement in stored:
        try:
            guard.judged(statement)
        except EngineError as error:
            yield f"{name}: {error}"


_STORED = """
SELECT database || '.' || name, formatQuerySingleLineOrNull(create_table_query)
FROM system.tables
WHERE create_table_query != '' AND lower(database) NOT IN ('system', 'information_schema')
UNION ALL
SELECT 'function ' || name, create_query FROM system.functions WHERE create_query != ''
"""


def _served_by(connection: Connection, also: frozenset[str]) -> Served:
    def names(sql: str) -> list[str]:
        return [row[0] for row in connection.rows(sql)]

    functions = "SELECT name FROM system.functions WHERE origin = 'System'"
    settings = "SELECT name FROM system.settings UNION ALL SELECT name FROM "
    return Served.of_names(
        names(functions) + names("SELECT name FROM system.table_functions"),
        names("SELECT name FROM system.formats"),
        names(f"{settings} system.merge_tree_settings"),
        names(f"{functions} AND higher_order"),
        aggregates=names(f"{functions} AND is_aggregate"),
        combinators=names(
            "SELECT name FROM system.aggregate_function_combinators WHERE NOT is_internal"
        ),
        also=also,
    )


def _plain(sql: str, connection: Connection) -> str:
    """The statement as the engine's parser understood it, on one line."""
    if len(sql) > _LONGEST:
        text = f"{len(sql)} characters, more than {_LONGEST}: send rows as an INSERT's data"
        raise refusal(223, "QUERY_IS_TOO_LARGE", f"The text of the query is too large: {text}")
    if "\x00" in sql:
        raise refusal(62, "SYNTAX_ERROR", "The query holds a NUL character")
    if not first_words(sql[:1000]) and not sql.strip():
        raise refusal(62, "SYNTAX_ERROR", "Empty query")
    escaped = sql.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
    question = f"SELECT formatQuerySingleLine({{sql:String}}) {_PARSED}"
    try:
        answer = connection.run(question, "TabSeparatedRaw", {"sql": escaped})
    except EngineError as error:
        raise EngineError(str(error).partition(": In scope SELECT formatQuery")[0]) from None
    return answer.content.decode().removesuffix("\n")


def _are_columns(pieces: list[str]) -> bool:
    """Whether `(name Type, name Type(…))` is all there is: a name, a word, its brackets."""
    depth = count = 0
    for piece in pieces:
        if piece in ("(", "[", "{"):
            depth += 1
            if depth == 2 and count != 2:
                return False
        elif piece in (")", "]", "}"):
            depth -= 1
        elif depth == 1 and piece == ",":
            count = 0
        elif depth < 2:
            count += 1
            if depth == 0 or count > 2 or piece in _NO_TYPES:
                return False
    return depth == 0 and count == 2


_NO_TYPES = frozenset({"DEFAULT", "ALIAS", "MATERIALIZED", "EPHEMERAL", "CODEC", "TTL", "COMMENT"})
