"""JSON Schemas of the contract, one file per kind, for shops that are not written in Python.

Generated from `streams.events` by `python -m streams.schemas`; a test keeps them equal.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from streams.events import KINDS

FOLDER = Path(__file__).parent


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema (2020-12) of each kind of event, by the kind's name."""
    return {kind: _schema(kind, struct) for kind, struct in KINDS.items()}


def _schema(kind: str, struct: type[msgspec.Struct]) -> dict[str, Any]:
    body = _open(msgspec.json.schema(struct, schema_hook=_context))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": kind, **body}


def _open(schema: Any) -> Any:
    """Without `additionalProperties: false`: what a shop publishes beside the contract is kept."""
    if isinstance(schema, dict):
        return {
            name: _open(value)
            for name, value in schema.items()
            if not (name == "additionalProperties" and value is False)
        }
    return [_open(item) for item in schema] if isinstance(schema, list) else schema


def _context(wanted: type) -> dict[str, Any]:
    """The photographic context is any JSON object."""
    if wanted is msgspec.Raw:
        return {"type": "object"}
    raise NotImplementedError(wanted)
