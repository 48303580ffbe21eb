"""JSON as programs really write it: half surrogates, bytes that are no UTF-8, NaN, bare controls.

The strict reader comes first everywhere; this one is for what it cannot read. What is no text comes
as lone surrogates, for the caller to mend where it lies. All is linear in the size of the text, and
nothing here nests deeper than a hundred, so that nobody's rubbish exhausts a stack.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from streams.value_mending import clean

BOM = b"\xef\xbb\xbf"
DEEPEST = 100  # of arrays and objects in one another; what lies deeper becomes null
MOST_DIGITS = 400  # of a number that is read at all: Python's own reader is not linear

_MARK = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)
_OPENING, _CLOSING = b"[{", b"]}"


def tolerant(text: bytes) -> Any:
    """What a JSON text means, however badly it is written.

    Raises:
        ValueError: it is no JSON at all; the message says where.
    """
    return json.loads(
        _flattened(text.removeprefix(BOM)).decode("utf-8", "surrogateescape"),
        strict=False,
        parse_int=lambda digits: int(digits) if len(digits) < MOST_DIGITS else math.inf,
    )


def rewritten(value: object) -> bytes:
    """JSON by the book of a value that `tolerant` gave; a number that is none becomes null."""
    return json.dumps(_clean(value), ensure_ascii=False, separators=(",", ":")).encode()


def items_of(text: bytes) -> Iterator[bytes]:
    """The items of a JSON array, each as it stands, whatever may be wrong inside one of them."""
    depth = 0
    begin = 0
    for mark in _MARK.finditer(text):
        sign = mark[0]
        if sign in _OPENING:
            depth += 1
            if depth == 1:
                begin = mark.end()
        elif sign == b"," and depth == 1:
            yield text[begin : mark.start()].strip()
            begin = mark.end()
        elif sign in _CLOSING:
            depth -= 1
            if depth == 0:
                if last := text[begin : mark.start()].strip():
                    yield last
                if rest := text[mark.end() :].strip():
                    yield rest  # nothing that belongs to the array, and nobody's to drop
                return
    if last := text[begin:].strip():
        yield last


def _flattened(text: bytes) -> bytes:
    depth = 0
    begin = 0
    kept = []
    for mark in _MARK.finditer(text):
        if mark[0] in _OPENING:
            depth += 1
            if depth == DEEPEST:
                kept.append(text[begin : mark.start()])
        elif mark[0] in _CLOSING:
            if depth == DEEPEST:
                kept.append(b"null")
                begin = mark.end()
            depth -= 1
    if depth < DEEPEST:
        kept.append(text[begin:])
    return b"".join(kept)


def _clean(value: object) -> object:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(name): _clean(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_clean(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
