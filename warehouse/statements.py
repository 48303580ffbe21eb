"""Where a statement of SQL ends, and where its data begins: a small lexer of ClickHouse's SQL.

It knows strings, quoted names, comments and heredocs, and nothing of grammar: enough to cut a
migration at its semicolons and to tell the text of an INSERT from the rows behind it. Text decoded
as latin-1 keeps the positions of the bytes it came from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
      (?P<blank>\s++ | (?:--|//|\#[ !])[^\n]*+)
    | (?P<comment>/\*)
    | (?P<heredoc>\$\w*+\$)
    | (?P<text>'(?:[^'\\]|\\.|'')*+'?)
    | (?P<name>`(?:[^`\\]|\\.|``)*+`? | "(?:[^"\\]|\\.|"")*+"?)
    | (?P<word>[A-Za-z_]\w*+)
    | (?P<open>[(\[{])
    | (?P<close>[)\]}])
    | (?P<end>;)
    | (?P<other>\d[\w.]*+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_HEREDOC_EDGE = re.compile(r"(?=(\$\w*+\$))")
_DATA_BEGINS = re.compile(r"[ \t\f]*(?:;[ \t]*)?\r?\n?")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of SQL: its kind (a group of the pattern above), its place, its depth in brackets."""

    kind: str
    text: str
    start: int
    end: int
    depth: int

    @property
    def keyword(self) -> str:
        """The word in capitals when it stands outside brackets, else nothing."""
        return self.text.upper() if self.kind == "word" and self.depth == 0 else ""


@dataclass(frozen=True, slots=True)
class InsertHead:
    """The text of an INSERT before its rows, taken apart.

    `target` is `INSERT INTO table (columns)`; `settings` its SETTINGS clause or nothing; rows in
    `format` begin at `data_start` of the text.
    """

    target: str
    settings: str
    format: str
    data_start: int


@dataclass(frozen=True, slots=True)
class OutputClause:
    """Where a statement names its output format, or could: `start` is where the clause begins."""

    start: int
    format: str


def tokens(sql: str) -> Iterator[Token]:
    """The tokens of a text in order, blanks and comments left out, in linear time.

    What is opened and never closed (a string, a name, a comment) reaches to the end of the text:
    the engine refuses it, and to look for other readings of it took time without bound.
    """
    depth = position = 0
    heredocs = _Heredocs(sql)
    while match := _TOKEN.match(sql, position):
        kind, start, position = match.lastgroup or "other", match.start(), match.end()
        if kind == "comment":
            position = _comment_end(sql, position)
            continue
        if kind == "blank":
            continue
        if kind == "heredoc":
            kind, position = heredocs.token(match)
        depth -= kind == "close"
        yield Token(kind, sql[start:position], start, position, depth)
        depth += kind == "open"


def _comment_end(sql: str, inside: int) -> int:
    """Where a comment ends, which may hold comments; `inside` is behind its opening."""
    depth = 1
    for edge in _COMMENT_EDGE.finditer(sql, inside):
        depth += 1 if edge.group() == "/*" else -1
        if not depth:
            return edge.end()
    return len(sql)


class _Heredocs:
    """Strings as `$tag$ ... $tag$`: where each tag stands last, looked up once for a text."""

    def __init__(self, sql: str) -> None:
        self._sql = sql
        self._last: dict[str, int] | None = None

    def token(self, opening: re.Match[str]) -> tuple[str, int]:
        """Kind and end of what begins with a tag: without a second tag it is a mere `$`."""
        tag, inside = opening.group(), opening.end()
        if self._last is None:
            edges = _HEREDOC_EDGE.finditer(self._sql, opening.start())
            self._last = {edge.group(1): edge.start() for edge in edges}
        if self._last[tag] < inside:
            return "other", opening.start() + 1
        return "text", self._sql.index(tag, inside) + len(tag)


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


def first_words(sql: str, count: int = 1) -> str:
    """The first words of a statement in capitals, behind opening brackets; empty without one."""
    words: list[str] = []
    for token in tokens(sql):
        if token.kind == "open" and not words:
            continue
        if token.kind != "word":
            break
        words.append(token.text.upper())
        if len(words) == count:
            break
    return " ".join(words)


def insert_head(sql: str, default_format: str = "Values") -> InsertHead | None:
    """Read the head of an INSERT that brings its rows along.

    Args:
        sql: the text, or its beginning; what follows `FORMAT name` or `VALUES` is not read.
        default_format: the format when the text names none.

    Returns:
        The head, or None for any other statement, INSERT … SELECT included.
    """
    target_end = settings_start = settings_end = -1
    previous = Token("other", "", 0, 0, 0)
    for token in tokens(sql):
        if not previous.text and token.keyword != "INSERT":
            return None
        is_name = previous.text == "." or previous.keyword in ("INTO", "TABLE")
        keyword = "" if is_name else token.keyword
        if previous.keyword == "FORMAT" and settings_end >= 0:
            head = _head(sql, target_end, settings_start, settings_end)
            return InsertHead(*head, token.text, _data_start(sql, token.end))
        if keyword in ("SELECT", "WITH", "FROM", "WATCH") or _opens_select(sql, token):
            return None
        if keyword in ("SETTINGS", "FORMAT", "VALUES") and target_end < 0:
            target_end = previous.end
        if keyword == "SETTINGS":
            settings_start = token.start
        if keyword == "FORMAT":
            settings_end = previous.end
        if keyword == "VALUES":
            head = _head(sql, target_end, settings_start, previous.end)
            return InsertHead(*head, "Values", token.end)
        previous = token
    if not previous.text:
        return None
    head = _head(sql, previous.end if target_end < 0 else target_end, settings_start, previous.end)
    return InsertHead(*head, default_format, len(sql))


def output_clause(sql: str) -> OutputClause:
    """Where the output clause of a statement stands: its last FORMAT, or else its end."""
    found: OutputClause | None = None
    before = last = Token("other", "", 0, 0, 0)
    for token in tokens(sql):
        ends_clause = token.kind == "end" or token.keyword == "SETTINGS"
        if before.keyword == "FORMAT" and last.kind == "word" and ends_clause:
            found = OutputClause(before.start, last.text)
        if token.kind == "end":
            break
        before, last = last, token
    if before.keyword == "FORMAT" and last.kind == "word":
        found = OutputClause(before.start, last.text)
    return found or OutputClause(last.end, "")


def shortened(sql: str, limit: int = 200) -> str:
    """A statement on one line and no longer than `limit`, for messages."""
    line = " ".join(sql.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _head(sql: str, target_end: int, settings_start: int, settings_end: int) -> tuple[str, str]:
    settings = sql[settings_start:settings_end] if settings_start >= 0 else ""
    return sql[:target_end], settings


def _data_start(sql: str, after_format: int) -> int:
    match = _DATA_BEGINS.match(sql, after_format)
    return match.end() if match else after_format


def _opens_select(sql: str, token: Token) -> bool:
    if token.kind != "open" or token.depth:
        return False
    return first_words(sql[token.end : token.end + 1000]) in ("SELECT", "WITH")
