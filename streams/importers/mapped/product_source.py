"""Where products come from: columns of a row, lists in cells, a nested list of objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from streams.amounts import line_revenue
from streams.importers.mapped.conversions import Unfit
from streams.importers.mapped.field_set import FieldSet, Found, told_columns, warning_of
from streams.importers.mapped.model import Products
from streams.importers.mapped.outcome import Mistake, Mistakes
from streams.importers.mapped.rules import columns_of, rule_of
from streams.importers.mapped.targets import product_targets
from streams.importers.rows.options import File
from streams.importers.rows.row_file import Cells, Getter, Row, RowFile, nested
from streams.nobody import names_nobody

_LIST = "data.products[]"
_WITHIN = f"{_LIST}."
_WORTH = frozenset({"price_minor", "revenue_minor"})


class ProductSource:
    """Where products of a row come from."""

    def __init__(self, declared: Products, rows: RowFile, options: File) -> None:
        getter = rows.getter if declared.each == "row" else nested_or_plain
        targets = product_targets()
        self._fields = FieldSet(getter, options)
        for name, told in declared.fields.items():
            self._fields.add(targets[name], told, within=_WITHIN)
        self._sku = told_columns(declared.fields["sku"])
        self._each = declared.each
        self._of = declared.of or ""
        self._list = rows.getter(self._of) if declared.of else None
        self._separator = declared.separator
        split = [one for told in declared.fields.values() for one in columns_of(rule_of(told))]
        self._split = {one: rows.getter(one) for one in split} if self._each == "split" else {}

    def products(self, row: Row, mistakes: Mistakes) -> list[Found]:
        """The products that a row tells; mistakes are added to those given.

        One without an SKU is among them if it tells what it is worth: it is in no event, and yet a
        part of the sum.
        """
        found = []
        for cells in self._items(row, mistakes):
            product = self._fields.fill(row, cells, mistakes)
            sku = product.get("sku", "")
            if sku and not _names_nothing(sku):
                found.append(product)
                continue
            is_worth = not _WORTH.isdisjoint(product)
            if sku or is_worth or self._each != "row":
                mistakes.warnings.append(self._left_out(row, sku))
            if is_worth:
                found.append({name: told for name, told in product.items() if name != "sku"})
        return found

    def _left_out(self, row: Row, sku: str) -> Mistake:
        place = f"{self._of}.{self._sku}".removeprefix(".")
        words = "a product has no sku, and is left out"
        return Mistake(row.number, place, sku, words, "item_left_out", _LIST)

    def _items(self, row: Row, mistakes: Mistakes) -> Sequence[Cells]:
        if self._each == "row":
            return (row.cells,)
        if self._list is None:
            return self._split_items(row, mistakes)
        try:
            items, others = items_of(self._list(row.cells))
        except Unfit as unfit:
            mistakes.warnings.append(warning_of(unfit, row, _LIST, self._of))
            return ()
        if others:
            words = f"{others} of its items are no objects, and are left out"
            mistakes.warnings.append(
                Mistake(row.number, self._of, "", words, "item_left_out", _LIST)
            )
        return items

    def _split_items(self, row: Row, mistakes: Mistakes) -> list[Cells]:
        told = {one: str(get(row.cells) or "").strip() for one, get in self._split.items()}
        members = {one: cell.split(self._separator) for one, cell in told.items() if cell}
        if len({len(one) for one in members.values()}) > 1:
            found = "; ".join(f"{one}: {len(many)}" for one, many in members.items())
            words = f"lists of unequal length: {found}"
            mistakes.warnings.append(
                Mistake(row.number, ", ".join(members), "", words, "unreadable", _LIST)
            )
            return []
        return [
            dict(zip(members, item, strict=True)) for item in zip(*members.values(), strict=True)
        ]


def _names_nothing(sku: str) -> bool:
    """Whether an article's number is a word for none; `0` and `000` are numbers of many a shop."""
    return names_nobody(sku) and "0" not in sku


def nested_or_plain(column: str) -> Getter:
    """A member of an item by its whole name, else at the end of a dotted path."""
    follow = nested(column)
    return lambda cells: cells[column] if column in cells else follow(cells)


def items_of(told: Any) -> tuple[Sequence[Cells], int]:
    """The objects of a nested list, and how many of its items are none; text is read as JSON first.

    Raises:
        Unfit: it is no list.
    """
    if told is None or told == "":
        return (), 0
    found = told
    if isinstance(told, str):
        try:
            found = msgspec.json.decode(told)
        except msgspec.DecodeError as error:
            raise _unfit(told, f"is not JSON: {error}") from None
    if found is None:
        return (), 0
    if not isinstance(found, list):
        raise _unfit(told, "is not a list of objects")
    items = [one for one in found if isinstance(one, dict)]
    return items, len(found) - len(items)


def numbered(products: Iterable[Found]) -> list[Found]:
    """Products that have an SKU, without which an event has none."""
    return [one for one in products if "sku" in one]


def sum_of(products: Iterable[Found]) -> int | None:
    """What lines are worth together, by the stream's own rule; None where none of them tells it."""
    lines = list(products)
    if not any("revenue_minor" in line or "price_minor" in line for line in lines):
        return None
    return sum(
        line_revenue(
            line.get("price_minor", 0),
            line.get("quantity", 0),
            line.get("discount_minor", 0),
            line.get("revenue_minor"),
        )
        for line in lines
    )


def _unfit(told: object, mistake: str) -> Unfit:
    unfit = Unfit(mistake)
    unfit.value = str(told)
    return unfit
