"""YAML as plain values, and the line of each: keys are always text, as are `yes`, `no` and dates.

YAML 1.1 reads `no` as false and `2026-01-01` as a date; in a lookup of a shop's words both would be
traps. Only true, false, null and whole numbers without quotation marks are other than text.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from streams.importers.source import SourceError

Place = tuple[str | int, ...]
Lines = dict[Place, int]

_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "~": None, "": None}
_WHOLE = re.compile(r"-?(0|[1-9]\d*)")


def read_yaml(text: str, name: str) -> tuple[Any, Lines]:
    """The values of a YAML document and, per place within them, its line, counted from 1.

    Raises:
        SourceError: it is not YAML, or an object names a key twice.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise SourceError(f"{name} is not YAML: {error}") from None
    lines: Lines = {}
    twice: list[str] = []
    value = _value(root, (), lines, twice) if root else None
    if twice:
        raise SourceError(f"{name}: " + "; ".join(twice))
    return value, lines


def _value(node: yaml.Node, place: Place, lines: Lines, twice: list[str]) -> Any:
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, told in node.value:
            name = str(key.value)
            if name in found:
                twice.append(f"line {key.start_mark.line + 1}: {name!r} stands there twice")
            found[name] = _value(told, (*place, name), lines, twice)
            lines[*place, name] = key.start_mark.line + 1
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_value(one, (*place, at), lines, twice) for at, one in enumerate(node.value)]
    return _scalar(node)


def _scalar(node: Any) -> Any:
    if node.style is not None:
        return node.value
    if node.value in _WORDS:
        return _WORDS[node.value]
    return int(node.value) if _WHOLE.fullmatch(node.value) else node.value
