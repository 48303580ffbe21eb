"""The blocking half of an answer: a worker thread checks a question and gives it to the engine.

The engine writes its answer into a pipe, in whatever format, while the other half reads: nothing is
ever held whole. (Told to write to a file it would keep silent about a full disk.)
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import IO

from warehouse.embedded.engine import Connection, Result
from warehouse.embedded.guard import READ_ONLY, checked_kind
from warehouse.embedded.questions import MARK, External, Question
from warehouse.embedded.sessions import Session
from warehouse.statements import first_words, output_clause


@dataclass(slots=True, eq=False)
class Work:
    """One question on its way through the engine; what is known of it is filled in on the way."""

    question: Question
    session: Session
    output_format: str = ""
    is_read_only: bool = False
    is_abandoned: bool = False

    def run(self, writer: int) -> Result:
        """Run the statement, its answer going to the pipe `writer`, which is closed in the end.

        Raises:
            EngineError: refused by us or by the engine.
        """
        try:
            return self._run(writer)
        finally:
            os.close(writer)

    def _run(self, writer: int) -> Result:
        question, connection = self.question, self.session.connection
        kind = checked_kind(question.checkable, connection, may_write=question.may_write)
        self.is_read_only = kind == READ_ONLY
        if first_words(question.sql) in ("SET", "USE"):
            result = connection.run(question.sql, parameters=question.parameters)
            self.session.keep()
            return result
        self.session.lend(dict(question.settings) | {MARK: question.mark}, question.database)
        try:
            for external in question.externals:
                _load(external, connection)
            return self._insert() if question.insert else self._query(writer)
        finally:
            for external in question.externals:
                connection.run(f"DROP TEMPORARY TABLE IF EXISTS `{external.name}`")

    def _insert(self) -> Result:
        head, rows = self.question.insert, self.question.rows
        assert head is not None
        assert rows is not None
        sql = f"{head.target} {_source(rows)} {head.settings} FORMAT {head.format}"
        return self.session.connection.run(sql, parameters=self.question.parameters)

    def _query(self, writer: int) -> Result:
        question, connection = self.question, self.session.connection
        clause = output_clause(question.sql)
        asked_format = clause.format or question.default_format
        if not self.is_read_only:
            result = connection.run(question.sql, asked_format, question.parameters)
            self.output_format = asked_format if result.content else ""
            with os.fdopen(os.dup(writer), "wb") as pipe:
                pipe.write(result.content)
            return result
        self.output_format = asked_format
        before, after = question.sql[: clause.start], question.sql[clause.start :]
        target = f"INTO OUTFILE '/dev/fd/{writer}' APPEND"
        named = after if clause.format else f"FORMAT {asked_format}"
        return connection.run(f"{before}\n{target} {named}", parameters=question.parameters)


def _load(external: External, connection: Connection) -> None:
    connection.run(f"CREATE TEMPORARY TABLE `{external.name}` ({external.structure})")
    source = _source(external.rows)
    connection.run(f"INSERT INTO `{external.name}` {source} FORMAT {external.format}")


def _source(rows: IO[bytes]) -> str:
    return f"FROM INFILE '/dev/fd/{rows.fileno()}' COMPRESSION 'none'"
