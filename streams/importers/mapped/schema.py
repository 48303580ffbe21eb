"""The JSON Schema of mappings, for editors that complete YAML.

Name it in a mapping's first line, as the shipped ones do: `# yaml-language-server: $schema=…`. The
fields of the contract are completed too; what a Struct cannot say (one of `column` and `value`,
fields that a kind demands) is checked when a mapping is used.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from streams.events import KINDS
from streams.importers.mapped.declared import CUSTOMER_KINDS, LINE, SKIP, STEPS
from streams.importers.mapped.model import Mapping
from streams.importers.mapped.targets import CONTEXT, product_targets, targets_of

FILE = Path(__file__).with_name("mapping.schema.json")

_ANY_CONTEXT = "^" + re.escape(CONTEXT) + ".+"
_MAKES = {
    "EventsMapping": tuple(KINDS),
    "OrdersMapping": tuple(f"order.{step}" for step in STEPS),
    "CustomersMapping": CUSTOMER_KINDS,
}


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a mapping of any kind."""
    body = msgspec.json.schema(Mapping)
    parts = body["$defs"]
    for name, kinds in _MAKES.items():
        fields = {field for kind in kinds for field in targets_of(kind)}
        if name != "EventsMapping":
            fields -= {"id", "time"}
        _name_fields(parts[name], sorted(fields), {_ANY_CONTEXT: _told(parts[name])})
    _name_fields(parts["Products"], list(product_targets()), {})
    parts["Kind"]["properties"]["lookup"]["additionalProperties"] = {"enum": [*KINDS, SKIP, LINE]}
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Mapping of active-analytics import",
        **body,
    }
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(whole))
    return plain


def _name_fields(part: dict[str, Any], names: list[str], patterns: dict[str, Any]) -> None:
    told = _told(part)
    part["properties"]["fields"] = {
        "type": "object",
        "properties": dict.fromkeys(names, told),
        "patternProperties": patterns,
        "additionalProperties": False,
    }


def _told(part: dict[str, Any]) -> Any:
    return part["properties"]["fields"]["additionalProperties"]
