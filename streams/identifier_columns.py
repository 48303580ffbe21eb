"""Identifiers of a batch as the base holds them: names of somebody, and nothing in plain.

What names nobody is emptied; for an e-mail address or a phone number its digest stands, the one by
which guests are known, and names the person by it too. Each leaves a warning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from streams.enrich.enrichment import Enrichment
from streams.event_warnings import Code
from streams.events import KINDS
from streams.personal import email_digest, phone_digest, plain_digest

Warned = dict[int, list[tuple[Code, str]]]

_IDENTIFIERS = {  # column: field of the message
    "visitor_id": "visitorid",
    "customer_id": "customerid",
    "visit_id": "visitid",
    "email_sha256": "data.identifiers.email_sha256",
    "phone_sha256": "data.identifiers.phone_sha256",
    "partner_id": "data.identifiers.partner_id",
    "order_id": "data.order_id",
}
_OF_PERSONS = ("visitor_id", "customer_id", "partner_id")
_PLACING = np.array([kind in ("order.placed", "order.changed") for kind in KINDS])
_LETTERS = np.array([kind.startswith("letter.") for kind in KINDS])


def identifier_columns(columns: Mapping[str, Any], by: Enrichment) -> dict[str, Any]:
    """The columns of identifiers that are other ones than the events say, and those of warnings.

    An order whose number is none is one of its own under the event's id: its money still counts.

    Args:
        columns: what the events say, (n,) each.
        by: the tables in force.
    """
    changed: dict[str, Any] = {}
    warned: Warned = {}
    digests: dict[str, dict[int, str]] = {"email_sha256": {}, "phone_sha256": {}}
    for name, field in _IDENTIFIERS.items():
        coded = columns[name].dictionary_encode()
        identifiers = coded.dictionary.to_pylist()
        kept = [by.identifiers[one] for one in identifiers]
        if kept == identifiers:
            continue
        changed[name] = pa.array(kept, pa.string()).take(coded.indices)
        is_changed = pc.not_equal(changed[name], columns[name]).to_numpy(zero_copy_only=False)
        numbers = coded.indices.to_numpy()
        for row in np.flatnonzero(is_changed).tolist():
            is_plain = kept[numbers[row]] != ""
            code: Code = "plain_identifier" if is_plain else "names_nobody"
            warned.setdefault(row, []).append((code, field))
            if is_plain and name in _OF_PERSONS:
                _note_digest(digests, row, identifiers[numbers[row]])
    changed |= _known_by(digests, {**columns, **changed})
    changed |= _plain_texts_digested(columns, warned)
    if "order_id" in changed:
        event_ids = changed.get("event_id", columns["event_id"])
        is_placing = pa.array(_PLACING[columns["kind"].to_numpy()])
        is_numberless = pc.and_(is_placing, pc.equal(changed["order_id"], ""))
        changed["order_id"] = pc.if_else(is_numberless, event_ids, changed["order_id"])
    return changed | {"warnings": with_warnings(columns["warnings"], warned)}


def with_warnings(
    column: pa.ListArray, warned: Mapping[int, Sequence[tuple[Code, str]]]
) -> pa.ListArray:
    """A column of warnings with some more, by row."""
    if not warned:
        return column
    if not len(
        column.values
    ):  # of most batches; building lists of nothing costs more than the rest
        return _warnings_of(len(column), warned, column.type)
    warnings = column.to_pylist()
    for row, more in warned.items():
        warnings[row] = [*warnings[row], *({"code": code, "field": field} for code, field in more)]
    return pa.array(warnings, column.type)


def _warnings_of(
    row_count: int, warned: Mapping[int, Sequence[tuple[Code, str]]], column_type: pa.ListType
) -> pa.ListArray:
    """A column of these warnings alone, (row_count,)."""
    counts = np.zeros(row_count + 1, np.int32)
    rows = sorted(warned)
    counts[np.array(rows) + 1] = [len(warned[row]) for row in rows]
    pairs = [{"code": code, "field": field} for row in rows for code, field in warned[row]]
    values = pa.array(pairs, column_type.value_type)
    return pa.ListArray.from_arrays(pa.array(np.cumsum(counts), pa.int32()), values, column_type)


def _note_digest(digests: Mapping[str, dict[int, str]], row: int, identifier: str) -> None:
    """By which digest an identifier names its person, as it does a guest."""
    for name, digest in (
        ("email_sha256", email_digest(identifier)),
        ("phone_sha256", phone_digest(identifier)),
    ):
        if digest:
            digests[name].setdefault(row, digest)


def _known_by(
    digests: Mapping[str, Mapping[int, str]], columns: Mapping[str, Any]
) -> dict[str, Any]:
    """Columns of hashes with digests where an event tells none."""
    known = {}
    for name, of_rows in digests.items():
        if of_rows:
            told = columns[name].to_pylist()
            known[name] = pa.array(
                [one or of_rows.get(row, "") for row, one in enumerate(told)], pa.string()
            )
    return known


def _plain_texts_digested(columns: Mapping[str, Any], warned: Warned) -> dict[str, Any]:
    """The ids of events and of letters, with digests where an address stands in one."""
    is_letter = _LETTERS[columns["kind"].to_numpy()]
    every = np.ones(len(is_letter), bool)
    digested = {}
    for name, field, is_id in (
        ("event_id", "id", every),
        ("detail", "data.letter_id", is_letter),
    ):
        if not is_id.any():
            continue
        holds = pc.match_substring(columns[name], "@").to_numpy(zero_copy_only=False) & is_id
        if not holds.any():
            continue
        texts = columns[name].to_pylist()
        for row in np.flatnonzero(holds).tolist():
            if digest := plain_digest(texts[row]):
                texts[row] = digest
                warned.setdefault(row, []).append(("plain_identifier", field))
        digested[name] = pa.array(texts, pa.string())
    return digested
