"""Fields of a mapping, ready to be filled from rows, and messages checked as the stream will.

A message is read back by `streams.decode` before it is kept: what an import publishes, the stream
can read. Contradictions of the contract come back as mistakes of the columns that caused them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from streams.decode import NOBODY, Rejected, decode
from streams.events import key_of
from streams.importers.mapped.conversions import Unfit
from streams.importers.mapped.model import File, Products, Told
from streams.importers.mapped.outcome import SHOWN, Message, Mistake
from streams.importers.mapped.rules import (
    HIDDEN,
    Extract,
    columns_of,
    extractor,
    is_personal,
    plain_column,
    rule_of,
)
from streams.importers.mapped.targets import Nature, Target, product_targets, target_of
from streams.importers.rows.row_file import Cells, Getter, Row, RowFile, nested

_ENCODE = msgspec.json.Encoder().encode
_PLACE = re.compile(r"^\$\.(?P<path>[\w.\[\]]+?)(?:: | is (?P<is_missing>missing))")
_PRODUCT = re.compile(r"^products?(\.|$)")
_INDEX = re.compile(r"\[\d+\]")

Found = dict[str, Any]
Getters = Callable[[str], Getter]


class FieldSet:
    """Fields of one object of a message, filled from a row: constants and plain text at once."""

    def __init__(self, rows: Getters, options: File) -> None:
        self._getter = rows
        self._options = options
        self._nulls = frozenset(options.nulls)
        self._constants: Found = {}
        self._plain: list[tuple[str, Extract, Extract]] = []
        self._others: list[tuple[str, Extract]] = []

    def add(self, name: str, told: Told, nature: Nature) -> None:
        """One more field, given by a rule."""
        extract = extractor(told, nature, self._getter, self._options)
        if rule_of(told).value is not None:
            self._constants[name] = extract(None)
        elif column := plain_column(told, nature):
            self._plain.append((name, self._getter(column), extract))
        else:
            self._others.append((name, extract))

    def fill(self, row: Row, cells: Cells, mistakes: list[Mistake]) -> Found:
        """What a row tells of the fields; mistakes are added to those given."""
        found = self._constants.copy()
        nulls = self._nulls
        for name, get, extract in self._plain:
            told = get(cells)
            if told.__class__ is str:
                told = told.strip()
                if told and told not in nulls:
                    found[name] = told
            elif told is not None:
                _put(found, (name, extract), row, cells, mistakes)
        for name, extract in self._others:
            _put(found, (name, extract), row, cells, mistakes)
        return found


class Plan:
    """The fields of one kind of event, from a mapping's fields that the kind has."""

    def __init__(
        self,
        kind: str,
        fields: Mapping[str, Told],
        rows: RowFile,
        options: File,
        products: Sequence[Products] = (),
    ) -> None:
        self.kind = kind
        self._columns = {name: told_columns(told) for name, told in fields.items()}
        for source in reversed(products):
            self._columns |= {
                f"products.{name}": told_columns(one) for name, one in source.fields.items()
            }
            self._columns["products."] = told_columns(source.fields["sku"])
        self._personal: set[str] = set()
        self._attributes = FieldSet(rows.getter, options)
        self._body = FieldSet(rows.getter, options)
        self._parts: dict[str, FieldSet] = {}
        for name, told in fields.items():
            target = target_of(name, kind)
            if target is not None and rule_of(told).sum is None:
                self._set_of(target, rows, options).add(target.place[-1], told, target.nature)
                if is_personal(rule_of(told), target.nature):
                    self._personal.add(name)

    def _set_of(self, target: Target, rows: RowFile, options: File) -> FieldSet:
        match target.place:
            case [_]:
                return self._attributes
            case ["data", _]:
                return self._body
            case _:
                return self._parts.setdefault(target.place[1], FieldSet(rows.getter, options))

    def fill(self, row: Row, mistakes: list[Mistake]) -> tuple[Found, Found]:
        """The attributes and the data that a row tells; mistakes are added to those given."""
        cells = row.cells
        attributes = self._attributes.fill(row, cells, mistakes)
        data = self._body.fill(row, cells, mistakes)
        for name, fields in self._parts.items():
            if part := fields.fill(row, cells, mistakes):
                data[name] = part
        return attributes, data

    def mistake(self, error: str, row: int, message: Found) -> Mistake:
        """A reason of the stream, told of the column behind it."""
        if error == NOBODY:
            columns = [self._columns.get(name, "") for name in ("visitorid", "customerid")]
            return Mistake(
                row, ", ".join(filter(None, columns)), "", "names nobody: both are empty"
            )
        found = _PLACE.match(error)
        if found is None:
            column = self._columns.get("time", "") if error.startswith("`time`") else ""
            return Mistake(row, column, "", error)
        name = _INDEX.sub("", found["path"].removeprefix("data."))
        column = self._columns.get(_PRODUCT.sub("products.", name)) or name
        if found["is_missing"]:
            return Mistake(row, column, "", f"{name} is empty, and {self.kind} must have it")
        value = HIDDEN if name in self._personal else _value(message, found["path"])
        return Mistake(row, column, value, error[found.end() :])


def told_columns(told: Told) -> str:
    """The columns of a rule, for people."""
    return ", ".join(columns_of(rule_of(told)))


def checked(
    message: Found, plan: Plan, row: int, *, rank: int = 0, is_repeatable: bool = False
) -> Message | list[Mistake]:
    """A message as the stream will read it, or its mistakes.

    Args:
        message: of a CloudEvent, instants as datetimes.
        plan: knows the columns behind its fields.
        row: the number of the row it was made of.
        rank: among events of one instant.
        is_repeatable: its id is a digest of the row's content.
    """
    try:
        payload = _ENCODE(message)
    except (UnicodeEncodeError, OverflowError, TypeError) as error:
        return [Mistake(row, "", "", f"cannot be told as JSON: {error}")]
    event = decode(payload)
    if isinstance(event, Rejected):
        return [plan.mistake(error, row, message) for error in event.errors]
    return Message(event.time, rank, plan.kind, event.id, key_of(event), payload, is_repeatable)


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

    def products(self, row: Row, mistakes: list[Mistake]) -> list[Found]:
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

    def _items(self, row: Row, mistakes: list[Mistake]) -> Sequence[Cells]:
        if self._each == "row":
            return (row.cells,)
        if self._list is None:
            return self._split_items(row, mistakes)
        try:
            return items_of(self._list(row.cells))
        except Unfit as unfit:
            mistakes.append(mistake_of(unfit, row, self._of))
            return ()

    def _split_items(self, row: Row, mistakes: list[Mistake]) -> list[Cells]:
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


def nested_or_plain(column: str) -> Extract:
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


def mistake_of(unfit: Unfit, row: Row, column: str = "") -> Mistake:
    """A cell that does not fit as a line of the report."""
    return Mistake(row.number, unfit.column or column, unfit.value[:SHOWN], str(unfit))


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


def _put(
    found: Found, field: tuple[str, Extract], row: Row, cells: Cells, mistakes: list[Mistake]
) -> None:
    name, extract = field
    try:
        told = extract(cells)
    except Unfit as unfit:
        mistakes.append(mistake_of(unfit, row))
        return
    if told is not None:
        found[name] = told


def _unfit(told: object, mistake: str) -> Unfit:
    unfit = Unfit(mistake)
    unfit.value = str(told)
    return unfit


def _value(message: Any, path: str) -> str:
    found = message
    for step in _INDEX.sub(lambda one: "." + one[0][1:-1], path).split("."):
        if isinstance(found, list):
            found = found[int(step)]
        elif isinstance(found, dict):
            found = found.get(step)
    return str(found)[:SHOWN]
