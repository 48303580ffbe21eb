"""Where products come from: columns of a row, lists in cells, a nested list of objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from streams.importers.mapped.conversions import Unfit
from streams.importers.mapped.field_set import FieldSet, Found, mistake_of, told_columns
from streams.importers.mapped.model import Products
from streams.importers.mapped.outcome import Mistake, Mistakes
from streams.importers.mapped.rules import columns_of, rule_of
from streams.importers.mapped.targets import product_targets
from streams.importers.rows.options import File
from streams.importers.rows.row_file import Cells, Getter, Row, RowFile, nested


class ProductSource:
    """Where products of a row come from."""

    def __init__(self, declared: Products, rows: RowFile, options: File) -> None:
        getter = rows.getter if declared.each == "row" else nested_or_plain
        targets = product_targets()
        self._fields = FieldSet(getter, options)
        for name, told in declared.fields.items():
            self._fields.add(name, told, targets[name].nature)
        self._sku = told_columns(declared.fields["sku"])
        self._each = declared.each
        self._of = declared.of or ""
        self._list = rows.getter(self._of) if declared.of else None
        self._separator = declared.separator
        split = [one for told in declared.fields.values() for one in columns_of(rule_of(told))]
        self._split = {one: rows.getter(one) for one in split} if self._each == "split" else {}

    def products(self, row: Row, mistakes: Mistakes) -> list[Found]:
        """The products that a row tells; mistakes are added to those given."""
        found = []
        for cells in self._items(row, mistakes):
            product = self._fields.fill(row, cells, mistakes)
            if product.get("sku"):
                found.append(product)
            elif self._each != "row":
                place = f"{self._of}.{self._sku}".removeprefix(".")
                mistakes.append(Mistake(row.number, place, "", "a product has no sku"))
        return found

    def _items(self, row: Row, mistakes: Mistakes) -> Sequence[Cells]:
        if self._each == "row":
            return (row.cells,)
        if self._list is None:
            return self._split_items(row, mistakes)
        try:
            return items_of(self._list(row.cells))
        except Unfit as unfit:
            mistakes.append(mistake_of(unfit, row, self._of))
            return ()

    def _split_items(self, row: Row, mistakes: Mistakes) -> list[Cells]:
        told = {one: str(get(row.cells) or "").strip() for one, get in self._split.items()}
        members = {one: cell.split(self._separator) for one, cell in told.items() if cell}
        if len({len(one) for one in members.values()}) > 1:
            found = "; ".join(f"{one}: {len(many)}" for one, many in members.items())
            mistakes.append(
                Mistake(row.number, ", ".join(members), "", f"lists of unequal length: {found}")
            )
            return []
        return [
            dict(zip(members, item, strict=True)) for item in zip(*members.values(), strict=True)
        ]


def nested_or_plain(column: str) -> Getter:
    """A member of an item by its whole name, else at the end of a dotted path."""
    follow = nested(column)
    return lambda cells: cells[column] if column in cells else follow(cells)


def items_of(told: Any) -> Sequence[Cells]:
    """The objects of a nested list; text is read as JSON first.

    Raises:
        Unfit: it is no list of objects.
    """
    if told is None or told == "":
        return ()
    found = told
    if isinstance(told, str):
        try:
            found = msgspec.json.decode(told)
        except msgspec.DecodeError as error:
            raise _unfit(told, f"is not JSON: {error}") from None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise _unfit(told, "is not a list of objects")
    return found


def sum_of(products: Iterable[Found]) -> int | None:
    """The revenue of lines: their own, else price times quantity; None where one tells neither."""
    total = 0
    for line in products:
        revenue = line.get("revenue_minor")
        if revenue is None:
            price, quantity = line.get("price_minor"), line.get("quantity")
            if price is None or quantity is None:
                return None
            revenue = price * quantity
        total += revenue
    return total


def _unfit(told: object, mistake: str) -> Unfit:
    unfit = Unfit(mistake)
    unfit.value = str(told)
    return unfit
