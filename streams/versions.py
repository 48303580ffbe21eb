"""The numbers of enrichment's states: `analytics.events.enrichment_version`.

A worker that starts says by which rules it enriches. The newest number is its own when the rules
are the same, else it takes the next one; rules of old that come back get a number of their own, so
that a larger number always means «decided later».
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime

from warehouse.client import Warehouse

_NEWEST = """
select version, digest, parts
from reference.enrichment_versions
order by version desc, registered_at
limit 1
"""
_COLUMNS = ("version", "digest", "parts", "registered_at")


def registered(warehouse: Warehouse, parts: Mapping[str, str]) -> int:
    """The number of a state of the rules, taken now if it is a new one.

    Args:
        warehouse: where numbers are kept.
        parts: what the rules consist of, name to digest or value.
    """
    digest = digest_of(parts)
    while True:
        version, known, _ = newest(warehouse)
        if known == digest:
            return version
        taken = version + 1
        row = (taken, digest, dict(parts), datetime.now(UTC))
        warehouse.insert("reference.enrichment_versions", _COLUMNS, [row])
        claims = warehouse.scalar(
            "select uniqExact(digest) from reference.enrichment_versions"
            " where version = {version:UInt32}",
            version=taken,
        )
        if int(claims) == 1:  # of two states that took one number at once, both try the next
            return taken


def newest(warehouse: Warehouse) -> tuple[int, str, dict[str, str]]:
    """The newest number, its digest and its parts; 0 and nothing before the first."""
    rows = warehouse.rows(_NEWEST)
    return rows[0] if rows else (0, "", {})


def digest_of(parts: Mapping[str, str]) -> str:
    """SHA-256 over the parts, in hex."""
    return hashlib.sha256(json.dumps(dict(parts), sort_keys=True).encode()).hexdigest()


def parts_of(warehouse: Warehouse, version: int) -> dict[str, str]:
    """What the rules of a number consist of; nothing when there is no such number."""
    rows = warehouse.rows(
        "select parts from reference.enrichment_versions where version = {version:UInt32}"
        " order by registered_at limit 1",
        version=version,
    )
    return dict(rows[0][0]) if rows else {}
