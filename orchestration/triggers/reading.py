"""Read a definition from YAML and say everything that is wrong with it at once.

A definition is written by people who are not at our desk, so a bad one is a value with all its
errors, not an exception about the first. A key given twice is an error too: YAML itself would keep
the last in silence.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Hashable
from datetime import timedelta
from typing import Any

import yaml

from orchestration.triggers.model import Definition, Rejected
from orchestration.triggers.repeat import Once, Repeat

STARTS = ("cart.item_added",)  # the kinds whose occasions a mart prepares
REPEATS: dict[str, Repeat] = {"once": Once()}
LONGEST_HOURS = 24 * 366


def read_definition(text: str, kinds: Collection[str]) -> Definition | Rejected:
    """Read one definition.

    Args:
        text: YAML, one mapping, as in `orchestration/trigger_definitions`.
        kinds: the kinds of event that the contract knows.

    Returns:
        The definition, or every reason it cannot be used.
    """
    try:
        document = yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        return Rejected((f"is not YAML: {' '.join(str(error).split())}",))
    if not isinstance(document, dict):
        return Rejected((f"takes a mapping of {', '.join(_FIELDS)}, found {document!r}",))
    values, errors = _read_fields(document)
    errors += [
        f"unless: the contract knows no event {kind!r}"
        for kind in values.get("unless", [])
        if kind not in kinds
    ]
    return Rejected(tuple(errors)) if errors else _definition(values)


def _definition(values: dict[str, Any]) -> Definition:
    return Definition(
        trigger=values["trigger"],
        title=values["title"],
        after=values["after"],
        wait=timedelta(hours=values["wait_hours"]),
        unless=frozenset(values["unless"]),
        repeat=REPEATS[values["repeat"]],
        stale_after=timedelta(hours=values["stale_after_hours"]),
        version=_digest(values),
        only_what_is_left=values["only_what_is_left"],
        subscriptions=frozenset(values["subscription"]),
    )


def _digest(values: dict[str, Any]) -> str:
    lists = {name: sorted(values[name]) for name in ("unless", "subscription")}
    canonical = json.dumps(values | lists, sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def _read_fields(document: dict[Any, Any]) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = dict(_DEFAULTS)
    errors = [f"{key}: no such field" for key in document if key not in _FIELDS]
    for name, read in _FIELDS.items():
        if name not in document:
            if name in _DEFAULTS:
                continue
            errors.append(f"{name}: is missing")
            continue
        try:
            values[name] = read(document[name])
        except ValueError as error:
            errors.append(f"{name}: {error}, found {document[name]!r}")
    return values, errors


def _name(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch("[a-z][a-z0-9_]{0,63}", value):
        raise ValueError("takes lower-case letters, digits and _, a letter first, at most 64")
    return value


def _line(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value.splitlines()) > 1:
        raise ValueError("takes one line of text")
    return value.strip()


def _start(value: object) -> str:
    if value not in STARTS:
        raise ValueError(f"takes {' or '.join(STARTS)}")
    return str(value)


def _hours(value: object) -> int:
    if type(value) is not int or not 1 <= value <= LONGEST_HOURS:
        raise ValueError(f"takes a whole number of hours, 1 to {LONGEST_HOURS}")
    return value


def _kinds(value: object) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        raise ValueError("takes a list of kinds of event, such as [order.placed]")
    return value


def _repeat(value: object) -> str:
    if not isinstance(value, str) or value not in REPEATS:
        raise ValueError(f"takes {' or '.join(REPEATS)}")
    return value


def _yes_or_no(value: object) -> bool:
    if type(value) is not bool:
        raise ValueError("takes true or false")
    return value


def _subscriptions(value: object) -> list[str]:
    """Names of subscriptions in lower case; none stand for any."""
    if value == "any":
        return []
    names = value if isinstance(value, list) else [value]
    if not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise ValueError("takes any, or the names of the subscriptions that the letter belongs to")
    return [name.strip().lower() for name in names]


_FIELDS: dict[str, Callable[[object], object]] = {
    "trigger": _name,
    "title": _line,
    "after": _start,
    "wait_hours": _hours,
    "unless": _kinds,
    "repeat": _repeat,
    "stale_after_hours": _hours,
    "only_what_is_left": _yes_or_no,
    "subscription": _subscriptions,
}
_DEFAULTS: dict[str, object] = {"only_what_is_left": False, "subscription": []}


class _Loader(yaml.SafeLoader):
    """YAML without objects of Python, and without keys that stand there twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.YAMLError(f"{key!r} stands there {keys.count(key)} times")
        return super().construct_mapping(node, deep)
