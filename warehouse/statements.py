"""Where a statement of SQL ends, and where its data begins: a small lexer of ClickHouse's SQL.

It knows strings, quoted names, comments and heredocs, and nothing of grammar: enough to cut a
migration at its semicolons and to tell the text of an INSERT from the rows behind it. Text
decoded as latin-1 keeps the positions of the bytes it came from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
      (?P<blank>\s+ | --[^\n]* | \#[ !][^\n]* | /\*.*?\*/)
    | (?P<text>'(?:[^'\\]|\\.|'')*' | (?P<heredoc>\$\w*\$).*?(?P=heredoc))
    | (?P<name>`(?:[^`\\]|\\.|``)*` | "(?:[^"\\]|\\.|"")*")
    | (?P<word>[A-Za-z_]\w*)
    | (?P<open>[(\[{])
    | (?P<close>[)\]}])
    | (?P<end>;)
    | (?P<other>\d[\w.]*|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_DATA_BEGINS = re.compile(r"[ \t\f]*(?:;[ \t]*)?\r?\n?")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of SQL: its kind (a group of the pattern above), its place, its depth in brackets."""

    kind: str
    text: str
    start: int
    end: int
    depth: int


@dataclass(frozen=True, slots=True)
class InsertHead:
    """The text of an INSERT before its rows: the statement without FORMAT, and the format."""

    statement: str
    format: str
    data_start: int


def tokens(sql: str) -> Iterator[Token]:
    """The tokens of a text in order, blanks and comments left out."""
    depth = 0
    for match in _TOKEN.finditer(sql):
        kind = match.lastgroup or "other"
        if kind == "heredoc":
            kind = "text"
        if kind == "blank":
            continue
        depth -= kind == "close"
        yield Token(kind, match.group(), match.start(), match.end(), depth)
        depth += kind == "open"


def split_statements(sql: str) -> list[str]:
    """The statements of a script, without their semicolons and the comments between them."""
    statements = []
    start = end = -1
    for token in tokens(sql):
        if token.kind == "end":
            if start >= 0:
                statements.append(sql[start:end])
            start = -1
            continue
        start = token.start if start < 0 else start
        end = token.end
    if start >= 0:
        statements.append(sql[start:end])
    return statements


def first_word(sql: str) -> str:
    """The first word of a statement in capitals, behind opening brackets; empty without one."""
    for token in tokens(sql):
        if token.kind == "word":
            return token.text.upper()
        if token.kind != "open":
            break
    return ""


def insert_head(sql: str, default_format: str = "Values") -> InsertHead | None:
    """Read the head of an INSERT that brings its rows along.

    Args:
        sql: the text, or its beginning; what follows `FORMAT name` or `VALUES` is not read.
        default_format: the format when the text names none.

    Returns:
        The head, or None for any other statement, INSERT … SELECT included.

    """
    format_starts = -1
    end = 0
    for position, token in enumerate(tokens(sql)):
        word = token.text.upper() if token.kind == "word" and token.depth == 0 else ""
        if position == 0 and word != "INSERT":
            return None
        if format_starts >= 0:
            return InsertHead(sql[:format_starts], token.text, _data_start(sql, token.end))
        if word in ("SELECT", "WITH", "INFILE", "WATCH"):
            return None
        if word == "VALUES":
            return InsertHead(sql[: token.start], "Values", token.end)
        if word == "FORMAT":
            format_starts = token.start
        if token.kind == "open" and token.depth == 0 and _opens_select(sql, token.end):
            return None
        end = token.end
    return InsertHead(sql[:end], default_format, len(sql)) if end else None


def output_format(sql: str) -> str:
    """The format a statement asks for by its last FORMAT clause; empty when it names none."""
    found = ""
    is_next = False
    for token in tokens(sql):
        if is_next and token.kind == "word":
            found = token.text
        is_next = token.kind == "word" and token.depth == 0 and token.text.upper() == "FORMAT"
    return found


def shortened(sql: str, limit: int = 200) -> str:
    """A statement on one line and no longer than `limit`, for messages."""
    line = " ".join(sql.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _data_start(sql: str, after_format: int) -> int:
    match = _DATA_BEGINS.match(sql, after_format)
    return match.end() if match else after_format


def _opens_select(sql: str, position: int) -> bool:
    return first_word(sql[position : position + 1000]) in ("SELECT", "WITH")
