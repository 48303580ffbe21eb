"""Batches of messages to rows of the warehouse's tables.

What an event says stands in `streams.told`, what follows from it in `streams.enrich.columns`; here
both become the typed, enriched shape of `analytics.events`. All is a pure function of the messages
and the tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from streams import events as contract
from streams.decode import Decoded, Rejected
from streams.enrich.columns import enriched_columns
from streams.enrich.enrichment import Enrichment
from streams.events import KINDS
from streams.identifier_columns import identifier_columns, with_warnings
from streams.records import Origin, Record
from streams.told import Told, told_by

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_INSTANT = pa.timestamp("us", "UTC")
_BROKER_TIME = pa.timestamp("ms", "UTC")
_KIND_NAMES = pa.array(list(KINDS), pa.string())


def log_rows(records: Sequence[Record], origin: Origin, ingested_at: datetime) -> pa.Table:
    """Rows of `event_store.event_log`, one per record, payloads as received."""
    return pa.table(
        {
            **_coordinates(records, origin),
            "key": pa.array([one.key or b"" for one in records], pa.binary()),
            "headers": pa.array(
                [
                    [
                        {"name": name.encode(errors="surrogateescape"), "value": value or b""}
                        for name, value in one.headers
                    ]
                    for one in records
                ],
                pa.list_(pa.struct({"name": pa.binary(), "value": pa.binary()})),
            ),
            "record_timestamp_ms": pa.array(
                [
                    one.broker_time_ms if one.timestamp_ms is None else one.timestamp_ms
                    for one in records
                ],
                pa.int64(),
            ),
            "broker_time": pa.array([one.broker_time_ms for one in records], _BROKER_TIME),
            "payload": pa.array([one.payload or b"" for one in records], pa.binary()),
            "ingested_at": _constant(ingested_at, len(records), _INSTANT),
        }
    )


def dead_letter_rows(
    rejects: Sequence[tuple[Record, Rejected]], origin: Origin, ingested_at: datetime
) -> pa.Table:
    """Rows of `event_store.dead_letters`, one per rejected record, with every reason."""
    records = [record for record, _ in rejects]
    return pa.table(
        {
            **_coordinates(records, origin),
            "key": pa.array([one.key or b"" for one in records], pa.binary()),
            "payload": pa.array([one.payload or b"" for one in records], pa.binary()),
            "failure": [reject.failure for _, reject in rejects],
            "errors": pa.array(
                [list(reject.errors) for _, reject in rejects], pa.list_(pa.string())
            ),
            "contract_version": _constant(contract.CONTRACT_VERSION, len(records), pa.uint16()),
            "broker_time": pa.array([one.broker_time_ms for one in records], _BROKER_TIME),
            "ingested_at": _constant(ingested_at, len(records), _INSTANT),
        }
    )


def event_rows(
    accepted: Iterable[tuple[Record, Decoded]], origin: Origin, by: Enrichment
) -> pa.Table:
    """Rows of `analytics.events`, one per event, in the order given.

    Args:
        accepted: records with their events, (n,); an iterator that decodes as it is read costs
            least, for no more than a thousand events live at a time.
        origin: topic, partition and generation of the batch.
        by: the tables in force; their shop's time zone says which day is `occurred_on`.
    """
    tables = [_event_rows(told, origin, by) for told in told_by(accepted)]
    return tables[0] if len(tables) == 1 else pa.concat_tables(tables).unify_dictionaries()


def _event_rows(told: Told, origin: Origin, by: Enrichment) -> pa.Table:
    told = told._replace(columns={**told.columns, **identifier_columns(told.columns, by)})
    columns = dict(told.columns)
    kinds = columns["kind"]
    count = len(kinds)
    columns |= {
        "kind": pa.DictionaryArray.from_arrays(kinds, _KIND_NAMES),
        "person": _visitor_keys(columns),
        "occurred_on": shop_days(columns["occurred_at"], by.zone),
        **{name: columns[name].dictionary_encode() for name in ("source", "origin", "currency")},
        **enriched_columns(told, by),
        **_origin_columns(origin, count),
        "enrichment_version": _constant(by.version, count, pa.uint32()),
    }
    nameless = np.flatnonzero(pc.equal(columns["person"], "").to_numpy(zero_copy_only=False))
    columns["warnings"] = with_warnings(
        columns["warnings"], {row: [("nobody_named", "")] for row in nameless.tolist()}
    )
    del columns["address"]
    return pa.table(columns)


_KEYS = {
    "visitor_id": "v:",
    "customer_id": "c:",
    "phone_sha256": "p:",
    "email_sha256": "e:",
    "partner_id": "t:",
    "order_id": "o:",
}


def _visitor_keys(columns: Mapping[str, Any]) -> pa.Array:
    """Whose an event is, before anybody knows who is who: the first of its names there is.

    An order that names nobody is that of an anonymous person of its own.
    """
    texts = [
        pc.if_else(
            pc.not_equal(columns[name], ""),
            pc.binary_join_element_wise(kind, columns[name], ""),
            pa.scalar(None, pa.string()),
        )
        for name, kind in _KEYS.items()
    ]
    return pc.coalesce(*texts, pa.scalar(""))


def shop_days(occurred_at: pa.Array, zone: ZoneInfo) -> pa.Array:
    """The shop day of each instant, (n,) of date32."""
    local = pc.local_timestamp(occurred_at.cast(pa.timestamp("us", zone.key)))
    return pc.cast(pc.floor_temporal(local, unit="day"), pa.date32())


def _coordinates(records: Sequence[Record], origin: Origin) -> dict[str, pa.Array]:
    return {
        **_origin_columns(origin, len(records)),
        "offset": pa.array([one.offset for one in records], pa.uint64()),
    }


def _origin_columns(origin: Origin, count: int) -> dict[str, pa.Array]:
    return {
        "topic": _constant(origin.topic, count, pa.string()),
        "partition": _constant(origin.partition, count, pa.uint32()),
        "generation": _constant(origin.generation, count, pa.uint32()),
    }


def _constant(value: object, count: int, kind: pa.DataType) -> pa.Array:
    return pa.repeat(pa.scalar(value, kind), count)
