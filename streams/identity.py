"""Identifiers seen together: the raw material from which persons are resolved.

An identifier is text of a kind and a value: `c:` customer id, `p:` phone, `e:` e-mail (both as
SHA-256), `v:` visitor cookie, `t:` a partner's id. This order is their rank: of the identifiers of
one person the first by rank, then by time, then by text names the person.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import combinations

import pyarrow as pa

from streams.events import CustomerData, Event

RANKS = "cpevt"

_INSTANT = pa.timestamp("us", "UTC")


def identifiers_of(event: Event) -> list[str]:
    """Every identifier of an event, by rank; hashes in lower case."""
    found = ["c:" + event.customerid] if event.customerid else []
    phone = email = partner = ""
    told = event.data.identifiers
    if told is not None:
        phone, email, partner = told.phone_sha256, told.email_sha256, told.partner_id
    if isinstance(event.data, CustomerData):
        phone, email = event.data.phone_sha256 or phone, event.data.email_sha256 or email
    if phone:
        found.append("p:" + phone.lower())
    if email:
        found.append("e:" + email.lower())
    if event.visitorid:
        found.append("v:" + event.visitorid)
    if partner:
        found.append("t:" + partner)
    return found


def pair_rows(events: Iterable[Event]) -> pa.Table:
    """Rows of `analytics.identity_pairs`: one per two identifiers named by the same event of the
    batch, the one of higher rank first.

    The table keeps the smallest first and the largest last instant, so that storing a pair twice
    changes nothing.
    """
    seen: dict[tuple[str, str], tuple[datetime, datetime]] = {}
    for event in events:
        data = event.data
        if not event.customerid and data.identifiers is None and not isinstance(data, CustomerData):
            continue  # named by its visitor alone, as most events are
        for pair in combinations(identifiers_of(event), 2):
            first, last = seen.get(pair, (event.time, event.time))
            seen[pair] = (min(first, event.time), max(last, event.time))
    return pa.table(
        {
            "identifier": pa.array([one for one, _ in seen], pa.string()),
            "other_identifier": pa.array([other for _, other in seen], pa.string()),
            "first_seen_at": pa.array([first for first, _ in seen.values()], _INSTANT),
            "last_seen_at": pa.array([last for _, last in seen.values()], _INSTANT),
        }
    )
