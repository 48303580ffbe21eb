"""Whether a statement may run, by its text as the engine's own formatter writes it.

That text has no comments, escaped names, heredocs or quoted keywords: keywords are in capitals,
names that need it in backticks, and a call is a name with its bracket right behind it. Whatever of
a statement the formatter leaves out does not run either, for this text is what runs. What this
module does not understand it refuses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from warehouse.embedded.errors import EngineError, refusal
from warehouse.embedded.served import DICTIONARY_LAYOUTS, DICTIONARY_SOURCE_KEYS, Served

_PIECE = re.compile(
    r"""
      (?P<blank>\s+)
    | (?P<text>'(?:[^'\\]|\\.)*')
    | (?P<name>`(?:[^`\\]|\\.)*`)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<number>\d[\w.]*)
    | (?P<mark>[!#-&(-/:-@\[\]^{-~])
    | (?P<alien>.)
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_OBJECTS = frozenset({"TABLE", "VIEW", "DATABASE", "DICTIONARY", "FUNCTION"})
_ANY = frozenset({""})
_STATEMENTS = {
    **dict.fromkeys(("SELECT", "WITH", "(", "INSERT", "DELETE", "UPDATE", "OPTIMIZE"), _ANY),
    **dict.fromkeys(("SHOW", "DESCRIBE", "EXISTS", "EXPLAIN", "CHECK", "USE", "SET"), _ANY),
    **dict.fromkeys(("TRUNCATE", "RENAME", "EXCHANGE", "UNDROP", "KILL"), _ANY),
    **dict.fromkeys(("BACKUP", "RESTORE", "SYSTEM"), _ANY),
    "CREATE": _OBJECTS | {"INDEX"},
    "DROP": _OBJECTS | {"INDEX"},
    "ATTACH": _OBJECTS,
    "DETACH": _OBJECTS,
    "ALTER": frozenset({"TABLE"}),
}
_BEFORE_OBJECT = frozenset({"OR", "REPLACE", "TEMPORARY", "MATERIALIZED"})
_OF_SET = frozenset({"ROLE", "DEFAULT", "TRANSACTION"})
_SYSTEM = re.compile(
    r"FLUSH LOGS\b|FLUSH ASYNC INSERT QUEUE\b|(START|STOP) (TTL )?MERGES\b|(START|STOP) MOVES\b"
    r"|(START|STOP|REFRESH|WAIT|CANCEL) VIEWS?\b|WAIT LOADING PARTS\b|RELOAD DICTIONAR(Y|IES)\b"
    r"|(UN)?LOAD PRIMARY KEY\b|(CLEAR|DROP) (\w+ ){0,4}CACHE\b"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a formatted statement; of a quoted name its `text` is the name itself."""

    kind: str
    text: str
    is_call: bool


Rule = Callable[[Sequence[Piece], int, Served], None]


def judge(statement: str, served: Served) -> None:
    """Return when a formatted statement uses nothing but what is served.

    Raises:
        EngineError: code 497, naming what is not.
    """
    pieces = pieces_of(statement)
    _check_kind(pieces)
    _check_functions_by_name(pieces, served)
    is_backup = pieces[0].text in ("BACKUP", "RESTORE")
    for place, piece in enumerate(pieces):
        if piece.is_call and piece.text == "}":
            raise not_served("A parameter as the name of a function")
        if piece.is_call and is_backup:
            _check_destination(piece, served)
        elif piece.is_call:
            _check_call(piece, served)
        if piece.kind == "word" and (rule := _RULES.get(piece.text)):
            rule(pieces, place, served)


def pieces_of(statement: str) -> list[Piece]:
    """The pieces of a formatted statement in order, blanks left out.

    Raises:
        EngineError: code 62 when there is something that no formatted statement has.
    """
    pieces = []
    for match in _PIECE.finditer(statement):
        kind, text = match.lastgroup or "alien", match.group()
        if kind == "blank":
            continue
        if kind == "alien":
            raise refusal(62, "SYNTAX_ERROR", f"Not understood by the guard: {text!r}")
        if kind == "name":
            text = _ESCAPE.sub(r"\1", text[1:-1]).replace("``", "`")
        is_callable = kind in ("word", "name") or text == "}"
        is_call = is_callable and statement[match.end() : match.end() + 1] == "("
        pieces.append(Piece(kind, text, is_call))
    if not pieces:
        raise refusal(62, "SYNTAX_ERROR", "Empty query")
    return pieces


def not_served(what: str) -> EngineError:
    """The refusal of something that is not on the lists, with the way on."""
    way = "on a machine that is yours alone its name in WAREHOUSE_ALSO_SERVED allows it"
    return refusal(497, "ACCESS_DENIED", f"{what} is not served over HTTP ({way})")


def check_setting(name: str, served: Served) -> None:
    """Return when a request or a statement may change a setting.

    Raises:
        EngineError: code 115 when the engine has none of the name, else 497.
    """
    parameter = name.removeprefix("param_")
    if name in served.settings or (parameter != name and parameter.isidentifier()):
        return
    if name not in served.known_settings:
        raise refusal(115, "UNKNOWN_SETTING", f"Setting {name!r} is neither a setting nor served")
    raise not_served(f"The setting {name}")


def check_format(name: str, served: Served) -> None:
    """Return when rows may come or go in a format.

    Raises:
        EngineError: code 73 when it is none of those served.
    """
    if name.lower() not in served.formats:
        raise refusal(73, "UNKNOWN_FORMAT", f"Unknown format {name!r}, or one that is not served")


def _check_kind(pieces: Sequence[Piece]) -> None:
    words = [piece.text for piece in pieces[:12] if piece.kind in ("word", "mark")]
    words += [""] * 2  # a statement of one word has no second
    allowed = _STATEMENTS.get(words[0])
    shown = " ".join(words[:3]).strip()
    if allowed is None:
        raise not_served(f"The statement {shown}")
    if allowed is not _ANY:
        rest = [word for word in words[1:] if word not in _BEFORE_OBJECT]
        if not rest or rest[0] not in allowed:
            raise not_served(f"The statement {shown}")
    if words[0] == "SYSTEM" and not _SYSTEM.match(" ".join(words[1:])):
        raise not_served(f"The statement {shown}")
    if words[0] == "SET" and words[1] in _OF_SET:
        raise not_served(f"The statement {shown}")
    if words[0] == "CREATE" and "LANGUAGE" in words:
        raise not_served("CREATE FUNCTION in another language")


def _check_call(piece: Piece, served: Served) -> None:
    name = piece.text.lower()
    is_internal = name.startswith("__")
    if name not in served.calls and (name in served.known or is_internal):
        raise not_served(f"{piece.text}()")


def _check_functions_by_name(pieces: Sequence[Piece], served: Served) -> None:
    """`arrayMap(file, paths)` and `* APPLY(file)` name a function without calling it."""
    takers = served.higher_order | {"apply"}
    if not any(piece.text.lower() in takers for piece in pieces if piece.kind != "text"):
        return
    for piece in pieces:
        if piece.kind in ("word", "name") and piece.text.lower() in served.refused:
            raise not_served(f"{piece.text} as the name of a function")


def _check_destination(piece: Piece, served: Served) -> None:
    """A backup is a file in the warehouse's own directory of backups: the engine sees to that."""
    if piece.text not in served.destinations:
        raise not_served(f"A backup in {piece.text}()")


def _after(pieces: Sequence[Piece], place: int) -> Piece:
    return pieces[place] if place < len(pieces) else Piece("end", "", is_call=False)


def _engine(pieces: Sequence[Piece], place: int, served: Served) -> None:
    if _after(pieces, place + 1).text != "=":
        return
    engine = _after(pieces, place + 2)
    is_database = "DATABASE" in [piece.text for piece in pieces[1:4]]
    allowed = served.database_engines if is_database else served.engines
    if engine.kind != "text" and engine.text not in allowed:  # a text is compared, not made
        raise not_served(f"ENGINE = {engine.text}")


def _settings(pieces: Sequence[Piece], place: int, served: Served) -> None:
    """`SETTINGS a = 1, b = 'x'`, `SET a = 1`, `MODIFY SETTING a = 1`, `RESET SETTING a, b`."""
    if pieces[place].text == "SET" and place > 0:  # of an UPDATE
        return
    is_reset = place > 0 and pieces[place - 1].text == "RESET"
    place += 2 if pieces[place].is_call else 1
    while (name := _after(pieces, place)).kind in ("word", "name"):
        if not is_reset and _after(pieces, place + 1).text != "=":
            return  # a name that is spelt like the keyword
        check_setting(name.text, served)
        place = place + 1 if is_reset else _value_end(pieces, place + 2)
        if _after(pieces, place).text != ",":
            return
        place += 1


def _value_end(pieces: Sequence[Piece], place: int) -> int:
    """Where the value of a setting ends: a literal, a word, or whatever stands in brackets."""
    while _after(pieces, place).text in ("-", "+"):
        place += 1
    depth = 0
    while (piece := _after(pieces, place)).kind != "end":
        place += 1
        if piece.kind == "mark":
            depth += (piece.text in "([{") - (piece.text in ")]}")
        if depth <= 0 and not piece.is_call:
            break
    return place


def _format(pieces: Sequence[Piece], place: int, served: Served) -> None:
    name = _after(pieces, place + 1)
    if name.kind in ("word", "name") and not pieces[place].is_call:
        check_format(name.text, served)


def _no_file(pieces: Sequence[Piece], place: int, served: Served) -> None:
    """No file after INTO or FROM, and no table there or after JOIN, TABLE, IN that is a path."""
    following = _after(pieces, place + 1)
    if following.kind == "word" and following.text in ("OUTFILE", "INFILE"):
        raise not_served(following.text)
    names = [_after(pieces, place + 1)]
    if _after(pieces, place + 2).text == ".":
        names.append(_after(pieces, place + 3))
    for name in names:
        is_path = name.kind == "name" and re.search(r"[/\\\x00]|^~", name.text)
        if is_path and name.text not in served.destinations:
            raise not_served(f"The path {name.text!r} as a table")
    attaches = pieces[0].text == "ATTACH" and pieces[place].text == "FROM"
    if attaches and following.kind == "text":
        raise not_served("ATTACH … FROM a path")


def _source(pieces: Sequence[Piece], place: int, served: Served) -> None:
    """The source of a dictionary: a table of this warehouse, named plainly."""
    if not pieces[place].is_call:
        return
    kind = _after(pieces, place + 2)
    if kind.text.upper() not in served.sources:
        raise not_served(f"A dictionary from {kind.text}")
    if kind.text.upper() != "CLICKHOUSE":
        return
    place += 4
    while (piece := _after(pieces, place)).kind in ("word", "name"):
        if piece.text.upper() not in DICTIONARY_SOURCE_KEYS:
            raise not_served(f"{piece.text} of a dictionary's source")
        place += 2


def _layout(pieces: Sequence[Piece], place: int, _: Served) -> None:
    layout = _after(pieces, place + 2)
    if pieces[place].is_call and layout.text.upper() not in DICTIONARY_LAYOUTS:
        raise not_served(f"A dictionary in {layout.text}")


def _parallel(pieces: Sequence[Piece], place: int, _: Served) -> None:
    if _after(pieces, place + 1).text == "WITH":
        raise refusal(62, "SYNTAX_ERROR", "Multi-statements are not allowed: PARALLEL WITH")


_RULES: dict[str, Rule] = {
    "ENGINE": _engine,
    "SET": _settings,
    "SETTINGS": _settings,
    "SETTING": _settings,
    "FORMAT": _format,
    **dict.fromkeys(("INTO", "FROM", "TO", "JOIN", "TABLE", "DATABASE", "USE"), _no_file),
    "SOURCE": _source,
    "LAYOUT": _layout,
    "PARALLEL": _parallel,
}
