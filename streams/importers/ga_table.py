"""The hits file of a Google Analytics export as rows in time order, read a batch at a time.

The whole file is held as Arrow columns (260 bytes a hit) and sorted once by index; Python objects
exist for one batch only. Amounts come in micros and become cents, half a cent upwards; where that
changes an amount, the line keeps its micros.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from streams.events import Product
from streams.importers.ga_visits import SILENT
from streams.importers.source import SourceError, read_parquet

_BATCH_HITS = 16_384
_MICROS_PER_CENT = 10_000
_PRODUCT = ("sku", "name", "category", "variant", "price_micros", "qty", "revenue_micros")


class Line(NamedTuple):
    """A product of a hit, and its price and revenue in micros where cents cannot hold them."""

    product: Product
    micros: dict[str, str | int | None] | None


class Hit(NamedTuple):
    """One row of the hits file, its columns by their own names; `ts` in UTC, amounts in micros."""

    visitor_id: str
    visit_id: int
    hit_number: int
    ts: datetime
    hit_type: str
    action_type: str
    checkout_step: int
    hostname: str
    page_path: str
    page_title: str | None
    referer: str | None
    is_entrance: bool | None
    is_exit: bool | None
    is_interaction: bool
    event_category: str | None
    event_action: str | None
    event_label: str | None
    transaction_id: str | None
    transaction_revenue_micros: int | None
    tax_micros: int | None
    shipping_micros: int | None
    products: list[Line]


def read(file: Path) -> Iterator[Hit]:
    """The hits, in time order, ties by visitor, visit and hit number.

    Raises:
        SourceError: a column is missing, or two hits claim one number of a visit.
    """
    table = read_parquet(file, Hit._fields).combine_chunks()
    _check_numbers(file, table)
    order = pc.sort_indices(
        table, [(name, "ascending") for name in ("ts", "visitor_id", "visit_id", "hit_number")]
    )
    for begin in range(0, len(order), _BATCH_HITS):
        yield from _hits(table.take(order.slice(begin, _BATCH_HITS)))


def cents(micros: int) -> int:
    """An amount in minor units, rounded as `streams.amounts` says: half a unit away from zero."""
    whole = (abs(micros) + _MICROS_PER_CENT // 2) // _MICROS_PER_CENT
    return whole if micros >= 0 else -whole


def _check_numbers(file: Path, table: pa.Table) -> None:
    """Refuse a number used twice: it is in the event's id, and the second event would be lost."""
    numbers = ["visitor_id", "visit_id", "hit_number"]
    repeated = len(table) - len(table.select(numbers).group_by(numbers).aggregate([]))
    if repeated:
        raise SourceError(
            f"{file}: {repeated} hits repeat the hit number of another hit of their visit"
        )


def _hits(table: pa.Table) -> Iterator[Hit]:
    columns = [table[name].to_pylist() for name in Hit._fields[:-1] if name != "ts"]
    columns.insert(
        Hit._fields.index("ts"), [one.replace(tzinfo=UTC) for one in _instants(table["ts"])]
    )
    return map(Hit._make, zip(*columns, _lines(table["products"].combine_chunks()), strict=True))


def _instants(column: pa.ChunkedArray[Any]) -> list[datetime]:
    instants: list[datetime] = column.cast(pa.timestamp("us")).to_numpy().tolist()
    return instants


def _lines(products: Any) -> list[list[Line]]:
    """Per hit its products, from Arrow's lists of structs; equal products are one object."""
    flat = products.flatten()
    told = zip(*(flat.field(name).to_pylist() for name in _PRODUCT), strict=True)
    lines = [_line(one) for one in told]
    counts = pc.list_value_length(products).to_pylist()
    bounds = accumulate(counts, initial=0)
    return [lines[begin:end] for begin, end in pairwise(bounds)]


@lru_cache(maxsize=65_536)
def _line(told: tuple[Any, ...]) -> Line:
    sku, name, category, variant, price_micros, quantity, revenue_micros = told
    product = Product(
        sku=sku,
        name=name or "",
        category=category or "",
        variant="" if variant in SILENT else variant or "",
        price_minor=cents(price_micros or 0),
        quantity=quantity or 0,
        revenue_minor=None if revenue_micros is None else cents(revenue_micros),
    )
    is_exact = not any(
        (micros or 0) % _MICROS_PER_CENT for micros in (price_micros, revenue_micros)
    )
    micros = {"sku": sku, "price_micros": price_micros, "revenue_micros": revenue_micros}
    return Line(product, None if is_exact else micros)
