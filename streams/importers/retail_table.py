"""The order lines of the Online Retail files as invoices in time order.

The files speak the shop's local time without a zone; the shop stood in London. Rows that are no
goods bought or brought back are left out, each with its reason: the contract has no event for the
ledger's corrections, and a write-off told as a return would falsify every figure about returns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from streams.events import Product
from streams.importers.source import SourceError, check_columns, read_parquet

SHOP_ZONE = ZoneInfo("Europe/London")

_COLUMNS = {
    "invoice_no": pa.string(),
    "stock_code": pa.string(),
    "description": pa.string(),
    "quantity": pa.int64(),
    "invoice_ts": pa.timestamp("us"),
    "unit_price": pa.float64(),
    "customer_id": pa.string(),
    "country": pa.string(),
}
_BATCH_ROWS = 65_536


class Invoice(NamedTuple):
    """An invoice, or a cancellation: its number begins with C; its quantities are positive too.

    `customer_id` is empty when the shop did not know the customer.
    """

    number: str
    at: datetime
    customer_id: str
    country: str
    lines: list[Product]


def read(file: Path) -> pa.Table:
    """All rows of the csv, csv.gz or parquet file, with a column `left_out`: the reason, or empty.

    Raises:
        SourceError: there is no such file, or it is not one of these.
    """
    if not file.is_file():
        raise SourceError(
            f"{file} is not a file; name online_retail.parquet or online_retail.csv.gz"
        )
    is_parquet = file.suffix == ".parquet"
    table = read_parquet(file, _COLUMNS) if is_parquet else _read_csv(file)
    table = pa.table({name: table[name].cast(kind) for name, kind in _COLUMNS.items()})
    return table.append_column("left_out", _left_out(table))


def accounts(table: pa.Table) -> dict[str, int]:
    """What became of the rows: how many are lines of events, how many are not, and why."""
    counts = pc.value_counts(table["left_out"]).to_pylist()
    reasons = {one["values"]: one["counts"] for one in counts}
    lines = reasons.pop("", 0)
    return {"rows": len(table), "in events": lines, **dict(sorted(reasons.items()))}


def invoices(table: pa.Table) -> Iterator[Invoice]:
    """The invoices in time order, ties by number; lines in the file's order, repeated ones kept."""
    for number, rows in groupby(_rows(_sorted(table)), key=lambda row: row["invoice_no"]):
        first, *others = rows
        yield Invoice(
            number=number,
            at=first["at"].replace(tzinfo=SHOP_ZONE).astimezone(UTC),
            customer_id=first["customer_id"] or "",
            country=first["country"],
            lines=[_line(row) for row in (first, *others)],
        )


def _read_csv(file: Path) -> pa.Table:
    convert = pyarrow.csv.ConvertOptions(column_types=_COLUMNS, strings_can_be_null=True)
    try:
        table = pyarrow.csv.read_csv(file, convert_options=convert)
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceError(f"{file} cannot be read as csv: {error}") from None
    check_columns(file, table.column_names, _COLUMNS)
    return table


def _left_out(table: pa.Table) -> pa.ChunkedArray:
    """Per row, why it is in no event; empty when it is in one."""
    number, quantity = table["invoice_no"], table["quantity"]
    is_cancellation = pc.starts_with(number, "C")
    is_order = pc.match_substring_regex(number, r"^\d")
    reasons: Mapping[str, Any] = {
        "bookkeeping: neither an order nor a cancellation": pc.invert(
            pc.or_(is_order, is_cancellation)
        ),
        "no stock code": pc.equal(table["stock_code"], ""),
        "negative price": pc.less(table["unit_price"], 0),
        "stock correction: less than nothing ordered": pc.and_(is_order, pc.less(quantity, 0)),
        "more than nothing cancelled": pc.and_(is_cancellation, pc.greater(quantity, 0)),
    }
    conditions = pc.make_struct(*(pc.fill_null(one, False) for one in reasons.values()))
    return pc.case_when(conditions, *(pa.scalar(one) for one in reasons), pa.scalar(""))


def _sorted(table: pa.Table) -> pa.Table:
    """The rows of events, in the order of invoices, with the instant `at` of the invoice."""
    kept = table.filter(pc.equal(table["left_out"], ""))
    kept = kept.append_column("row", pa.array(range(len(kept)), pa.int64()))
    begins = kept.group_by("invoice_no").aggregate([("invoice_ts", "min")])
    kept = kept.join(begins.rename_columns({"invoice_ts_min": "at"}), "invoice_no")
    return kept.sort_by([("at", "ascending"), ("invoice_no", "ascending"), ("row", "ascending")])


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in table.to_batches(max_chunksize=_BATCH_ROWS):
        yield from batch.to_pylist()


def _line(row: Mapping[str, Any]) -> Product:
    return _product(row["stock_code"], row["description"], abs(row["quantity"]), row["unit_price"])


@lru_cache(maxsize=65_536)
def _product(sku: str, name: str | None, quantity: int, price: float) -> Product:
    """Prices have up to three decimals; cents are rounded per unit and per line, as
    `streams.amounts` says: half a unit away from zero.
    """
    price_mills = round(price * 1000)
    return Product(
        sku=sku,
        name=name or "",
        price_minor=_cents(price_mills),
        quantity=quantity,
        revenue_minor=_cents(price_mills * quantity),
    )


def _cents(mills: int) -> int:
    cents = (abs(mills) + 5) // 10
    return cents if mills >= 0 else -cents
