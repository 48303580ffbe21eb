"""Identifiers seen together: the raw material from which persons are resolved."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import pyarrow as pa

from streams.events import Event

_INSTANT = pa.timestamp("us", "UTC")


def pair_rows(events: Iterable[Event]) -> pa.Table:
    """Rows of `analytics.identity_pairs`: one per visitor and customer named by the same event of
    the batch.

    The table keeps the smallest first and the largest last instant, so that storing a pair twice
    changes nothing.
    """
    seen: dict[tuple[str, str], tuple[datetime, datetime]] = {}
    for event in events:
        if event.visitorid and event.customerid:
            pair = (event.visitorid, event.customerid)
            first, last = seen.get(pair, (event.time, event.time))
            seen[pair] = (min(first, event.time), max(last, event.time))
    return pa.table(
        {
            "visitor_id": pa.array([visitor for visitor, _ in seen], pa.string()),
            "customer_id": pa.array([customer for _, customer in seen], pa.string()),
            "first_seen_at": pa.array([first for first, _ in seen.values()], _INSTANT),
            "last_seen_at": pa.array([last for _, last in seen.values()], _INSTANT),
        }
    )
