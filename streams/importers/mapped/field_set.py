"""Fields of one object of a message, filled from rows; what does not fit is a mistake."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streams.importers.mapped.conversions import Unfit
from streams.importers.mapped.model import Told
from streams.importers.mapped.outcome import SHOWN, Mistake, Mistakes
from streams.importers.mapped.rules import (
    Extract,
    columns_of,
    extractor,
    plain_column,
    rule_of,
)
from streams.importers.mapped.targets import Nature
from streams.importers.rows.options import File
from streams.importers.rows.row_file import Cells, Getter, Row

Found = dict[str, Any]
Getters = Callable[[str], Getter]


class FieldSet:
    """Fields of one object of a message, filled from a row: constants and plain text at once."""

    def __init__(self, rows: Getters, options: File) -> None:
        self._getter = rows
        self._options = options
        self._nulls = frozenset(options.nulls)
        self._constants: Found = {}
        self._plain: list[tuple[str, Getter, Extract]] = []
        self._others: list[tuple[str, Extract]] = []
        self._dispensable: set[str] = set()

    def add(self, name: str, told: Told, nature: Nature, *, is_dispensable: bool = False) -> None:
        """One more field, given by a rule; a dispensable one that cannot be read is a remark."""
        if is_dispensable:
            self._dispensable.add(name)
        extract = extractor(told, nature, self._getter, self._options)
        if rule_of(told).value is not None:
            self._constants[name] = extract(None)
        elif column := plain_column(told, nature):
            self._plain.append((name, self._getter(column), extract))
        else:
            self._others.append((name, extract))

    def fill(self, row: Row, cells: Cells, mistakes: Mistakes) -> Found:
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
            is_dispensable = name in self._dispensable
            unread = mistakes.remarks if is_dispensable else mistakes
            _put(found, (name, extract), row, cells, unread)
        return found


def told_columns(told: Told) -> str:
    """The columns of a rule, for people."""
    return ", ".join(columns_of(rule_of(told)))


def mistake_of(unfit: Unfit, row: Row, column: str = "") -> Mistake:
    """A cell that does not fit as a line of the report."""
    return Mistake(row.number, unfit.column or column, unfit.value[:SHOWN], str(unfit))


def _put(
    found: Found, field: tuple[str, Extract], row: Row, cells: Cells, mistakes: list[Mistake]
) -> None:
    name, extract = field
    try:
        told = extract(cells, row.currency)
    except Unfit as unfit:
        mistakes.append(mistake_of(unfit, row))
        return
    if told is not None:
        found[name] = told
