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

from streams.events import CustomerData, Data, Event, Identifiers

RANKS = "cpevt"

# SHA-256 of the empty text: what a source says of somebody who has no e-mail or telephone
HASH_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

_INSTANT = pa.timestamp("us", "UTC")
_NO_IDENTIFIERS = Identifiers()


def told_identifiers(data: Data) -> Identifiers:
    """What names the person beside visitor and customer, as it is stored and compared.

    A registration tells it in its own fields, which come before the common ones. Hashes are in
    lower case; the hash of the empty text is nobody's.
    """
    told = data.identifiers or _NO_IDENTIFIERS
    phone, email = _hash(told.phone_sha256), _hash(told.email_sha256)
    if isinstance(data, CustomerData):
        phone, email = _hash(data.phone_sha256) or phone, _hash(data.email_sha256) or email
    return Identifiers(email_sha256=email, phone_sha256=phone, partner_id=told.partner_id)


def identifiers_of(event: Event) -> list[str]:
    """Every identifier of an event, by rank."""
    told = told_identifiers(event.data)
    named = (
        ("c:", event.customerid),
        ("p:", told.phone_sha256),
        ("e:", told.email_sha256),
        ("v:", event.visitorid),
        ("t:", told.partner_id),
    )
    return [kind + value for kind, value in named if value]


def written_identifier(identifier: str) -> str:
    """An identifier as events bear it, however somebody typed it: hashes in lower case."""
    return identifier.lower() if identifier[:2] in ("p:", "e:") else identifier


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


def _hash(told: str) -> str:
    lowered = told.lower()
    return "" if lowered == HASH_OF_NOTHING else lowered
