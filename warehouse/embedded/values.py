"""Expressions among the rows of `INSERT … VALUES`.

Literals are read without evaluating anything, however many rows there are. Where a row holds more
than literals, the engine would evaluate it as SQL: subqueries, tables, functions. So the text of
the rows must be harmless however it is read: what counts is not where a string or a comment ends,
but whether any word stands before a bracket that may not, or any word opens a query.
"""

from __future__ import annotations

import re
from collections.abc import Set
from typing import IO

LONGEST_BYTES = 1 << 20  # rows with expressions; literal rows have no such bound
_CALL = re.compile(rb"([^\s(\[{,=<>+*|&!?:-])\s*\(", re.ASCII)
_WORD_END = re.compile(rb"([A-Za-z_][A-Za-z0-9_]*)\s*\(", re.ASCII)
_WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
_OPENS_QUERY = re.compile(
    rb"\b(select|with|from|explain|show|describe|desc|exists|values|table|into)\b"
    rb"|[`\"\\$#;{}]|--|/\*|//|[\x80-\xff\x00]",
    re.IGNORECASE | re.ASCII,
)


def may_be_evaluated(rows: IO[bytes], calls: Set[str], refused: Set[str]) -> bool:
    """Whether rows of VALUES can call nothing but what is served, and query nothing.

    Args:
        rows: a file of rows, of any length; its position is kept.
        calls: names of functions that are served, in lower case.
        refused: those that are not: they may not even be named, for a function takes another by
            name.
    """
    position = rows.tell()
    rows.seek(0)
    text = rows.read(LONGEST_BYTES + 1)
    rows.seek(position)
    if len(text) > LONGEST_BYTES or _OPENS_QUERY.search(text):
        return False
    if any(word.decode().lower() in refused for word in _WORD.findall(text)):
        return False
    names = _WORD_END.findall(text)
    return len(names) == len(_CALL.findall(text)) and all(
        name.decode().lower() in calls for name in names
    )
