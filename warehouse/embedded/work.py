"""The blocking half of an answer: a worker thread checks a question and gives it to the engine.

The engine writes its answer into a pipe, in whatever format, while the other half reads: nothing is
ever held whole. (Told to write to a file it would keep silent about a full disk.)
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import IO

from warehouse.embedded.configuration import EVALUATION
from warehouse.embedded.engine import Result
from warehouse.embedded.errors import EngineError, refusal
from warehouse.embedded.guard import READ_ONLY, Guard, Judged
from warehouse.embedded.judge import check_format, check_setting, not_served
from warehouse.embedded.questions import MARK, External, Question
from warehouse.embedded.readers import ReaderGuard
from warehouse.embedded.sessions import Session
from warehouse.embedded.values import may_be_evaluated
from warehouse.statements import InsertHead, first_words


@dataclass(slots=True, eq=False)
class Work:
    """One question on its way through the engine; what is known of it is filled in on the way."""

    question: Question
    session: Session
    guard: Guard
    most_seconds: float | None = None
    reader: ReaderGuard | None = None
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
        question, statement = self.question, self.question.statement
        self._check_request()
        asked = dict(question.settings)
        if self.reader:
            asked = self.reader.check_request(question.database, asked)
        judged = self.guard.judged(statement.checkable)
        self.is_read_only = judged.kind == READ_ONLY
        if not question.may_write and not judged.only_reads:
            text = f"Cannot execute query in readonly mode: {first_words(judged.sql)} takes POST"
            raise refusal(164, "READONLY", text)
        self._check_identifiers(judged)
        if self.reader:
            self.reader.check(judged, self.session.connection, question.parameters)
        if first_words(judged.sql) in ("SET", "USE"):
            return self._change_session(judged)
        settings = asked | self._bounds() | {MARK: question.mark}
        self.session.lend(settings, question.database)
        try:
            for external in question.externals:
                self._load(external)
            if statement.rows is not None:
                return self._insert(judged, statement.rows)
            if judged.insert:
                text = "An INSERT's rows follow its FORMAT or VALUES, or come from a SELECT"
                raise refusal(48, "NOT_IMPLEMENTED", text)
            return self._read(judged, writer) if self.is_read_only else self._change(judged, writer)
        finally:
            for external in question.externals:
                self.session.connection.run(f"DROP TEMPORARY TABLE IF EXISTS `{external.name}`")

    def _check_request(self) -> None:
        """What a request names beside its statement goes into statements of ours."""
        question, served = self.question, self.guard.served
        for name in question.settings:
            check_setting(name, served)
        for name in (*question.parameters, *(external.name for external in question.externals)):
            if not _IDENTIFIER.fullmatch(name):
                raise refusal(36, "BAD_ARGUMENTS", f"Not the name of a parameter: {name[:80]!r}")
        check_format(question.default_format, served)
        for external in question.externals:
            check_format(external.format, served)

    def _check_identifiers(self, judged: Judged) -> None:
        """A parameter may stand for a name, and a name for a function that takes no brackets."""
        if "Identifier}" not in judged.sql:
            return
        for value in self.question.parameters.values():
            if value.strip("`").lower() in self.guard.served.refused:
                raise not_served(f"{value} as an identifier")

    def _bounds(self) -> dict[str, str]:
        """The time it may take: what was asked for, but no more than it may have."""
        if self.most_seconds is None:
            return {}
        asked = self.question.settings.get("max_execution_time", "0")
        is_less = 0 < _number(asked) < self.most_seconds
        return {"max_execution_time": asked if is_less else str(self.most_seconds)}

    def _change_session(self, judged: Judged) -> Result:
        """What the statement sets is the session's own: the request lends it nothing."""
        result = self.session.connection.run(judged.sql, parameters=self.question.parameters)
        if self.question.session:
            self.session.keep()
        return result

    def _insert(self, judged: Judged, rows: IO[bytes]) -> Result:
        head = judged.insert
        if head is None:
            raise refusal(62, "SYNTAX_ERROR", "Rows came with a statement that takes none")
        sql = f"{head.target} {_source(rows)} {_settings_of(head, rows, self.guard)}"
        parameters = self.question.parameters
        try:
            return self.session.connection.run(f"{sql} FORMAT {head.format}", parameters=parameters)
        except EngineError as error:
            if error.code == EXPRESSIONS_DISABLED and head.format.lower() == "values":
                raise refusal(344, "SUPPORT_IS_DISABLED", _NO_EXPRESSIONS) from None
            raise

    def _change(self, judged: Judged, writer: int) -> Result:
        """Run what changes something; its answer, if any, is a few rows about the change."""
        asked_format = self._asked_format(judged)
        connection = self.session.connection
        result = connection.run(judged.sql, asked_format, self.question.parameters)
        self.output_format = asked_format if result.content else ""
        with os.fdopen(os.dup(writer), "wb") as pipe:
            pipe.write(result.content)
        return result

    def _read(self, judged: Judged, writer: int) -> Result:
        """Run what only reads, its answer going into the pipe while it is computed."""
        self.output_format, clause = self._asked_format(judged), judged.output
        target = f"INTO OUTFILE '/dev/fd/{writer}' APPEND"
        named = judged.sql[clause.start :] if clause.format else f"FORMAT {self.output_format}"
        redirected = f"{judged.sql[: clause.start]}\n{target} {named}"
        if self.session.connection.kind(redirected).statement_count != 1:
            raise refusal(62, "SYNTAX_ERROR", "Multi-statements are not allowed")
        return self.session.connection.run(redirected, parameters=self.question.parameters)

    def _asked_format(self, judged: Judged) -> str:
        return judged.output.format or self.question.default_format

    def _load(self, external: External) -> None:
        columns, connection = self.guard.structure(external.structure), self.session.connection
        connection.run(f"CREATE TEMPORARY TABLE `{external.name}` {columns}")
        source = _source(external.rows)
        connection.run(f"INSERT INTO `{external.name}` {source} FORMAT {external.format}")


EXPRESSIONS_DISABLED = 344
_NO_EXPRESSIONS = (
    "Rows of VALUES hold more than literals, and what they hold is not plainly harmless (functions "
    "that are served, no queries, comments or quoted names, up to 1 MB): use INSERT … SELECT"
)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0


_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


def _settings_of(head: InsertHead, rows: IO[bytes], guard: Guard) -> str:
    """The SETTINGS of an insert: expressions among VALUES are evaluated if they can do no harm."""
    served = guard.served
    is_values = head.format.lower() == "values"
    if not is_values or not may_be_evaluated(rows, served.calls, served.refused):
        return head.settings
    evaluate = ", ".join(f"{name} = 1" for name in EVALUATION)
    return f"{head.settings}, {evaluate}" if head.settings else f"SETTINGS {evaluate}"


def _source(rows: IO[bytes]) -> str:
    return f"FROM INFILE '/dev/fd/{rows.fileno()}' COMPRESSION 'none'"
