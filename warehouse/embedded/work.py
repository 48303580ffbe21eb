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
from warehouse.statements import InsertHead, first_words, output_clause


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
        statement = question.statement
        kind = checked_kind(statement.checkable, connection, may_write=question.may_write)
        self.is_read_only = kind == READ_ONLY
        if first_words(statement.sql) in ("SET", "USE"):
            return self._change_session()
        settings = dict(question.settings) | {MARK: question.mark}
        self.session.lend(settings, question.database)
        try:
            for external in question.externals:
                _load(external, connection)
            if statement.insert and statement.rows:
                return self._insert(statement.insert, statement.rows)
            return self._read(writer) if self.is_read_only else self._change(writer)
        finally:
            for external in question.externals:
                connection.run(f"DROP TEMPORARY TABLE IF EXISTS `{external.name}`")

    def _change_session(self) -> Result:
        """What the statement sets is the session's own: the request lends it nothing."""
        sql = self.question.statement.sql
        result = self.session.connection.run(sql, parameters=self.question.parameters)
        if self.question.session:
            self.session.keep()
        return result

    def _insert(self, head: InsertHead, rows: IO[bytes]) -> Result:
        sql = f"{head.target} {_source(rows)} {head.settings} FORMAT {head.format}"
        return self.session.connection.run(sql, parameters=self.question.parameters)

    def _change(self, writer: int) -> Result:
        """Run what changes something; its answer, if any, is a few rows about the change."""
        sql, asked_format = self.question.statement.sql, self._asked_format
        result = self.session.connection.run(sql, asked_format, self.question.parameters)
        self.output_format = asked_format if result.content else ""
        with os.fdopen(os.dup(writer), "wb") as pipe:
            pipe.write(result.content)
        return result

    def _read(self, writer: int) -> Result:
        """Run what only reads, its answer going into the pipe while it is computed."""
        sql, self.output_format = self.question.statement.sql, self._asked_format
        clause = output_clause(sql)
        target = f"INTO OUTFILE '/dev/fd/{writer}' APPEND"
        named = sql[clause.start :] if clause.format else f"FORMAT {self.output_format}"
        redirected = f"{sql[: clause.start]}\n{target} {named}"
        return self.session.connection.run(redirected, parameters=self.question.parameters)

    @property
    def _asked_format(self) -> str:
        return output_clause(self.question.statement.sql).format or self.question.default_format


def _load(external: External, connection: Connection) -> None:
    connection.run(f"CREATE TEMPORARY TABLE `{external.name}` ({external.structure})")
    source = _source(external.rows)
    connection.run(f"INSERT INTO `{external.name}` {source} FORMAT {external.format}")


def _source(rows: IO[bytes]) -> str:
    return f"FROM INFILE '/dev/fd/{rows.fileno()}' COMPRESSION 'none'"
