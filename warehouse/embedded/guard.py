"""What may be asked over HTTP: one statement, and none that reaches past the warehouse.

The engine is a library inside our process and would run several statements in one text, read and
write any file, and read variables of this program. What a text is, only its own parser knows: it
tells the kind, and it writes the statement out plainly (no comments, no escaped names) before we
look for what must not be in it.
"""

from __future__ import annotations

import re

from warehouse.embedded.engine import Connection
from warehouse.embedded.errors import EngineError, refusal
from warehouse.statements import first_words, shortened, tokens

READ_ONLY = "READ_ONLY"
_UNREADABLE = "UNKNOWN"
_CONTROL_WORDS = frozenset(
    """
    USE SET KILL BACKUP RESTORE CREATE DROP ALTER INSERT DELETE UPDATE ATTACH DETACH
    """.split()  # noqa: SIM905  # a list of words reads better
)
_SYSTEM_WORDS = frozenset(
    {"FLUSH", "STOP", "START", "SYNC", "DROP", "CLEAR", "RELOAD", "REFRESH", "WAIT", "CANCEL"}
)
_MAY_REACH_OUT = re.compile(r"file|python|executable|\\", re.IGNORECASE)
_FILE_WORDS = frozenset({"INFILE", "OUTFILE"})
_FORBIDDEN_FUNCTIONS = frozenset({"file", "filecluster", "python", "executable", "executablepool"})


def checked_kind(sql: str, connection: Connection, *, may_write: bool) -> str:
    """The kind of a statement that may run.

    Args:
        sql: the text as it came.
        connection: where it would run.
        may_write: whether the request may change anything (a GET may not).

    Returns:
        READ_ONLY, MUTATING, MUTATING_GLOBAL or CONTROL.

    Raises:
        EngineError: it is empty, unreadable, more than one, or not allowed.
    """
    kind = connection.kind(sql)
    if kind.name == _UNREADABLE:
        raise _unreadable(sql, connection)
    if kind.statement_count != 1:
        raise refusal(62, "SYNTAX_ERROR", f"Multi-statements are not allowed: {shortened(sql)}")
    if kind.name == "CONTROL" and not _is_control_allowed(sql):
        raise refusal(497, "ACCESS_DENIED", f"Not served over HTTP: {shortened(sql)}")
    if not may_write and kind.name != READ_ONLY and first_words(sql) not in ("SET", "USE"):
        raise refusal(164, "READONLY", "Cannot execute query in readonly mode: use POST, not GET")
    if _MAY_REACH_OUT.search(sql):
        _refuse_files(_plain(sql, connection))
    return kind.name


def _unreadable(sql: str, connection: Connection) -> EngineError:
    """The engine's own syntax error. The text is parsed only: its first half might be sound."""
    if not first_words(sql):
        return refusal(62, "SYNTAX_ERROR", "Empty query")
    try:
        _plain(sql, connection)
    except EngineError as error:
        return EngineError(str(error).partition(": In scope SELECT formatQuery")[0])
    return refusal(62, "SYNTAX_ERROR", f"Syntax error: {shortened(sql)}")


def _plain(sql: str, connection: Connection) -> str:
    """The statement as the engine's parser understood it."""
    escaped = sql.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
    return connection.run(
        "SELECT formatQuerySingleLine({sql:String})", "TabSeparatedRaw", {"sql": escaped}
    ).content.decode()


def _is_control_allowed(sql: str) -> bool:
    first, _, second = first_words(sql, 2).partition(" ")
    return second in _SYSTEM_WORDS if first == "SYSTEM" else first in _CONTROL_WORDS


def _refuse_files(sql: str) -> None:
    is_backup = first_words(sql) in ("BACKUP", "RESTORE")  # the engine keeps those to one directory
    previous = ""
    for token in tokens(sql):
        if token.keyword in _FILE_WORDS:
            raise refusal(497, "ACCESS_DENIED", f"{token.text} is not served over HTTP")
        name = previous.strip("`")
        if token.text == "(" and name.lower() in _FORBIDDEN_FUNCTIONS and not is_backup:
            raise refusal(497, "ACCESS_DENIED", f"{name}() is not served over HTTP")
        previous = token.text
