"""Fields of one object of a message, filled from rows.

What does not fit costs its field and is a warning, except where nothing is an event without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

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
from streams.importers.mapped.targets import Target
from streams.importers.rows.options import File
from streams.importers.rows.row_file import Cells, Getter, Row

Found = dict[str, Any]
Getters = Callable[[str], Getter]


class _Field(NamedTuple):
    """A field, how it is found, its place in a message, and whether its row hangs on it."""

    name: str
    extract: Extract
    path: str
    is_vital: bool


class FieldSet:
    """Fields of one object of a message, filled from a row: constants and plain text at once."""

    def __init__(self, rows: Getters, options: File) -> None:
        self._getter = rows
        self._options = options
        self._nulls = frozenset(options.nulls)
        self._constants: Found = {}
        self._plain: list[tuple[_Field, Getter]] = []
        self._others: list[_Field] = []

    def add(self, target: Target, told: Told, *, within: str = "", is_vital: bool = False) -> None:
        """One more field, given by a rule.

        Args:
            target: the field.
            told: the rule.
            within: where the object is in its message, such as `data.products[].`.
            is_vital: a row whose cell cannot be read is left out.
        """
        name, nature = target.place[-1], target.nature
        extract = extractor(
            told, nature, self._getter, self._options, is_identifier=target.is_identifier
        )
        field = _Field(name, extract, within + ".".join(target.place), is_vital)
        if rule_of(told).value is not None:
            self._constants[name] = extract(None)
        elif (column := plain_column(told, nature)) and not target.is_identifier:
            self._plain.append((field, self._getter(column)))
        else:
            self._others.append(field)

    def fill(self, row: Row, cells: Cells, mistakes: Mistakes) -> Found:
        """What a row tells of the fields; mistakes are added to those given."""
        found = self._constants.copy()
        nulls = self._nulls
        for field, get in self._plain:
            told = get(cells)
            if told.__class__ is str:
                told = told.strip()
                if told and told not in nulls:
                    found[field.name] = told
            elif told is not None:
                _put(found, field, row, cells, mistakes)
        for field in self._others:
            _put(found, field, row, cells, mistakes)
        return found


def told_columns(told: Told) -> str:
    """The columns of a rule, for people."""
    return ", ".join(columns_of(rule_of(told)))


def mistake_of(unfit: Unfit, row: Row, column: str = "") -> Mistake:
    """A cell that does not fit as a line of the report: a mistake that leaves its row out."""
    return Mistake(row.number, unfit.column or column, unfit.value[:SHOWN], str(unfit))


def warning_of(unfit: Unfit, row: Row, field: str, column: str = "") -> Mistake:
    """A cell that does not fit as a line of the report: it costs its field."""
    return mistake_of(unfit, row, column)._replace(warning=unfit.code, field=field)


def mended(rows: Iterable[Row]) -> Iterator[Mistake]:
    """Texts of rows in which U+FFFD had to stand for what is no text."""
    for row in rows:
        for column in row.mended:
            words = "held bytes or half characters that are no text: U+FFFD stands for them"
            yield Mistake(row.number, column, "", words, "text_mended", column)


def _put(found: Found, field: _Field, row: Row, cells: Cells, mistakes: Mistakes) -> None:
    try:
        told = field.extract(cells, row.currency)
    except Unfit as unfit:
        if field.is_vital and not unfit.instead:
            mistakes.append(mistake_of(unfit, row))
        else:
            mistakes.warnings.append(warning_of(unfit, row, field.path))
        told = unfit.instead or None
    if told is not None:
        found[field.name] = told
