"""From a question to an answer: one statement is run on a connection, in a worker thread.

An answer begins when its first block is there, so that what fails at once fails with the right
HTTP status.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from warehouse.embedded.engine import Connection, Result
from warehouse.embedded.errors import EngineError, refusal
from warehouse.embedded.questions import External, Question
from warehouse.statements import first_word, output_format, shortened

STREAMED_FORMATS = frozenset({"Native", "TabSeparated", "TSV", "CSV", "RowBinary", "JSONEachRow"})
_CONTROL_ALLOWED = frozenset({"USE", "SET", "KILL"})


@dataclass(frozen=True, slots=True)
class Answer:
    """Blocks of bytes in a format, and what ClickHouse says about them in a header."""

    format: str
    summary: str
    blocks: Iterator[bytes]


def answer(question: Question, connection: Connection) -> Answer:
    """Run the statement of a question.

    Raises:
        EngineError: the engine's words, or ours, when it is refused or fails before its first
        block.

    """
    began = time.perf_counter()
    kind = _checked_kind(question, connection)
    if question.database:
        connection.use(question.database)
    connection.set(question.settings)
    for external in question.externals:
        _load(external, connection)
    if question.insert:
        result = connection.insert(question.sql, question.insert.format, question.chunks())
        return Answer("", _summary(result, began), iter(()))
    named = output_format(question.sql) or question.default_format
    if (
        kind == "READ_ONLY"
        and named in STREAMED_FORMATS
        and first_word(question.sql) in ("SELECT", "WITH")
    ):
        return _streamed(question, connection, named, began)
    result = connection.run(question.sql, named, question.parameters)
    return Answer(
        named if kind == "READ_ONLY" else "", _summary(result, began), iter((result.content,))
    )


def _checked_kind(question: Question, connection: Connection) -> str:
    sql = question.sql + (" FORMAT Native" if question.insert else "")
    if not question.sql.strip():
        raise refusal(62, "SYNTAX_ERROR", "Syntax error: the query is empty")
    kind = connection.kind(sql)
    if kind.statement_count > 1:
        raise refusal(62, "SYNTAX_ERROR", f"Multi-statements are not allowed: {shortened(sql)}")
    if kind.name == "CONTROL" and first_word(sql) not in _CONTROL_ALLOWED:
        raise refusal(497, "ACCESS_DENIED", f"Not allowed over HTTP here: {shortened(sql)}")
    return kind.name


def _load(external: External, connection: Connection) -> None:
    connection.run(f"CREATE TEMPORARY TABLE `{external.name}` ({external.structure})")
    connection.insert(f"INSERT INTO `{external.name}`", external.format, (external.content,))


def _streamed(question: Question, connection: Connection, named: str, began: float) -> Answer:
    blocks = connection.stream(question.sql, named, question.parameters)
    first = next(blocks, b"")
    if not question.is_awaited:
        return Answer(named, _summary(None, began), chain((first,), blocks))
    whole = [first, *blocks]
    return Answer(named, _summary(None, began), iter(whole))


def _summary(result: Result | None, began: float) -> str:
    counts = {
        "read_rows": result.read_rows if result else 0,
        "read_bytes": result.read_bytes if result else 0,
        "written_rows": result.written_rows if result else 0,
        "written_bytes": result.written_bytes if result else 0,
        "total_rows_to_read": 0,
        "result_rows": result.written_rows if result else 0,
        "result_bytes": result.written_bytes if result else 0,
        "elapsed_ns": int((time.perf_counter() - began) * 1e9),
    }
    return json.dumps({name: str(count) for name, count in counts.items()})


__all__ = ["Answer", "EngineError", "answer"]
