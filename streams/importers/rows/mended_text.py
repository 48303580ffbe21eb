"""JSON with text that is none: bytes outside UTF-8 and halves of characters cost themselves.

Only what a strict reader refused is read here. U+FFFD stands for each byte or half that is no text,
and its place is told. NaN and infinities, which some programs write for numbers they do not have,
are null.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_HALVES = re.compile("[\ud800-\udfff]")
_MARK = "\ufffd"


def read_mended(told: bytes) -> tuple[Any, tuple[str, ...]]:
    """A value of JSON, and the dotted paths of the texts in which U+FFFD stands.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is nested too deeply.
    """
    found = json.loads(told.decode("utf-8", "replace"), parse_constant=lambda _: None)
    whole = _whole(found)
    return whole, tuple(dict.fromkeys(_marked(whole)))


def _whole(found: Any) -> Any:
    match found:
        case str():
            return _HALVES.sub(_MARK, found)
        case list():
            return [_whole(one) for one in found]
        case dict():
            return {_whole(name): _whole(one) for name, one in found.items()}
        case _:
            return found


def _marked(found: Any, path: str = "") -> Iterator[str]:
    match found:
        case str() if _MARK in found:
            yield path
        case list():
            for one in found:
                yield from _marked(one, path)
        case dict():
            for name, one in found.items():
                yield from _marked(one, f"{path}.{name}".removeprefix("."))
