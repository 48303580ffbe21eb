"""GA4's export to BigQuery: parameters come as a list of keys and typed values.

They become an object, so that a mapping reaches one as `params.page_location`; a key that comes
twice keeps its last value. Everything else of a row stays as it is.
"""

from __future__ import annotations

from typing import Any

_LISTS = {"event_params": "params", "user_properties": "user"}


def pivoted(row: dict[str, Any]) -> dict[str, Any]:
    """A row with its lists of parameters as objects, for other rows a copy."""
    plain = {name: told for name, told in row.items() if name not in _LISTS}
    for name, short in _LISTS.items():
        plain[short] = {one["key"]: _value(one.get("value")) for one in _members(row.get(name))}
    return plain


def _members(told: object) -> list[dict[str, Any]]:
    if not isinstance(told, list):
        return []
    return [one for one in told if isinstance(one, dict) and isinstance(one.get("key"), str)]


def _value(typed: object) -> Any:
    """The one member of a typed value that is given."""
    if not isinstance(typed, dict):
        return typed
    given = (
        told for kind, told in typed.items() if told is not None and not kind.startswith("set_")
    )
    return next(given, None)
