"""Identifiers seen together: the raw material from which persons are resolved.

An identifier is text of a kind and a value: `c:` customer id, `p:` phone, `e:` e-mail (both as
SHA-256), `v:` visitor cookie, `t:` a partner's id. This order is their rank: of the identifiers of
one person the first by rank, then by time, then by text names the person.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from itertools import combinations

import pyarrow as pa
import pyarrow.compute as pc

from streams.events import CustomerData, Data, Identifiers
from streams.nobody import names_nobody

RANKS = "cpevt"
COLUMNS = ("customer_id", "phone_sha256", "email_sha256", "visitor_id", "partner_id")  # by rank

_INSTANT = pa.timestamp("us", "UTC")
_NO_IDENTIFIERS = Identifiers()


def told_identifiers(data: Data) -> Identifiers:
    """What names the person beside visitor and customer, as it is stored and compared.

    A registration tells it in its own fields, which come before the common ones. Hashes are in
    lower case; what names nobody, such as the hash of the empty text, is left out.
    """
    told = data.identifiers or _NO_IDENTIFIERS
    phone, email = _hash(told.phone_sha256), _hash(told.email_sha256)
    if isinstance(data, CustomerData):
        phone, email = _hash(data.phone_sha256) or phone, _hash(data.email_sha256) or email
    return Identifiers(email_sha256=email, phone_sha256=phone, partner_id=_named(told.partner_id))


def written_identifier(identifier: str) -> str:
    """An identifier as events bear it, however somebody typed it: hashes in lower case."""
    return identifier.lower() if identifier[:2] in ("p:", "e:") else identifier


def pair_rows(events: pa.Table) -> pa.Table:
    """Rows of `analytics.identity_pairs`: one per two identifiers named by the same event of the
    batch, the one of higher rank first.

    The table keeps the smallest first and the largest last instant, so that storing a pair twice
    changes nothing.

    Args:
        events: rows of `analytics.events`.
    """
    others = [column for column in COLUMNS if column != "visitor_id"]
    is_known = reduce(pc.or_, [pc.not_equal(events[column], "") for column in others])
    known = events.select([*COLUMNS, "occurred_at"]).filter(is_known)  # few of a batch
    seen: dict[tuple[str, str], tuple[datetime, datetime]] = {}
    for *told, at in zip(*(column.to_pylist() for column in known.columns), strict=True):
        for pair in combinations(_ranked(told), 2):
            first, last = seen.get(pair, (at, at))
            seen[pair] = (min(first, at), max(last, at))
    return pa.table(
        {
            "identifier": pa.array([one for one, _ in seen], pa.string()),
            "other_identifier": pa.array([other for _, other in seen], pa.string()),
            "first_seen_at": pa.array([first for first, _ in seen.values()], _INSTANT),
            "last_seen_at": pa.array([last for _, last in seen.values()], _INSTANT),
        }
    )


def _ranked(values: Iterable[str]) -> list[str]:
    """The identifiers of one event by rank, from what it says in `COLUMNS`."""
    return [f"{rank}:{value}" for rank, value in zip(RANKS, values, strict=True) if value]


def _hash(told: str) -> str:
    return _named(told.strip(" \t\n\"'").lower())


def _named(identifier: str) -> str:
    return "" if names_nobody(identifier) else identifier
