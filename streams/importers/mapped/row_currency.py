"""In which currency the amounts of rows are: its digits say what `12.34` is in minor units."""

from __future__ import annotations

import re
from collections.abc import Callable

from streams.importers.mapped.conversions import Unfit
from streams.importers.mapped.model import Mapping
from streams.importers.mapped.rules import extractor
from streams.importers.rows.row_file import Row, RowFile

_CURRENCY = re.compile("[A-Z]{3}")

Priced = Callable[[list[Row]], list[Row]]


def currency_of(told: str) -> str:
    """The code of a currency in whatever case it is written; empty for what is none."""
    currency = told.strip().upper()
    return currency if _CURRENCY.fullmatch(currency) else ""


def priced(mapping: Mapping, rows: RowFile, shop_currency: str) -> Priced:
    """How the rows of a group learn their currency.

    In whatever case it is written. A row that tells none, or no such word, has that of its group
    (of several, the first by name), else the shop's.
    """
    told = mapping.fields.get("currency")
    if told is None:
        return lambda group: [row._replace(currency=shop_currency) for row in group]
    extract = extractor(told, "text", rows.getter, mapping.file)

    def currency_of_row(row: Row) -> str:
        try:
            return currency_of(str(extract(row.cells) or ""))
        except Unfit:
            return ""  # a warning of that row, when it is read

    def price(group: list[Row]) -> list[Row]:
        found = [currency_of_row(row) for row in group]
        usual = min(filter(None, found), default=shop_currency)
        return [row._replace(currency=one or usual) for row, one in zip(group, found, strict=True)]

    return price
