"""A rule of a mapping as a function from the cells of a row to a value of the contract.

None means that the row does not tell it. What repeats (amounts, words of a lookup) is remembered,
what is mostly unique (ids, addresses, ISO instants) is not: a memory that always misses costs more.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import msgspec

from streams.currencies import minor_digits
from streams.decode import EARLIEST, LATEST
from streams.importers.mapped import conversions, digests, instants
from streams.importers.mapped.conversions import Unfit, text_of
from streams.importers.mapped.model import Rule, Told
from streams.importers.mapped.outcome import HIDDEN
from streams.importers.mapped.targets import Nature
from streams.importers.rows.options import File
from streams.importers.rows.row_file import Cells, Getter
from streams.nobody import names_nobody
from streams.personal import plain_digest

Convert = Callable[[Any], Any]
_REMEMBERED = 4_096
_NOBODY = "names nobody"


class Extract(Protocol):
    """How a value is found in the cells of a row."""

    def __call__(self, cells: Cells, currency: str = "", /) -> Any:
        """The value; amounts are read by the row's currency.

        Raises:
            Unfit: with column and value; the cell does not fit.
        """


def rule_of(told: Told) -> Rule:
    """A rule; names alone are those of its columns."""
    return told if isinstance(told, Rule) else Rule(column=told)


def columns_of(rule: Rule) -> list[str]:
    """The columns that a rule reads."""
    if rule.join:
        return [one for part in rule.join for one in _listed(part)]
    if rule.column is None:
        return []
    return _listed(rule.column)


def _listed(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else names


def is_personal(rule: Rule, nature: Nature) -> bool:
    """Whether its cells are plain addresses or numbers, which no report may show."""
    return nature == "hash" or rule.conversion in ("email_sha256", "phone_sha256")


def extractor(
    told: Told,
    nature: Nature,
    getter: Callable[[str], Getter],
    options: File,
    *,
    is_identifier: bool = False,
) -> Extract:
    """How a row's value for a field is found.

    Args:
        told: the rule, fitting its field.
        nature: of the field.
        getter: of the file: how a column is found within a row.
        options: of the file.
        is_identifier: of several columns the first counts that names somebody.
    """
    rule = rule_of(told)
    if rule.value is not None:
        constant = rule.value if nature != "text" else str(rule.value)
        return lambda *_: constant
    if is_identifier:
        return _identifier(rule, nature, getter, options)
    if nature == "instant" and isinstance(rule.column, list) and len(rule.column) > 1:
        return _first_instant(rule, getter, options)
    cell = _cell(rule, getter, frozenset(options.nulls))
    if rule.conversion != "money":
        return _read(rule, nature, cell, conversion(rule, nature, options), options)
    mark = rule.decimal_mark or options.decimal_mark
    if rule.digits is not None:
        return _read(rule, nature, cell, conversions.money(mark, rule.digits), options)

    @cache
    def of_digits(digits: int) -> Extract:
        convert = conversions.money(mark, digits)
        return _read(rule, nature, cell, convert, options)

    return lambda cells, currency="": of_digits(minor_digits(currency))(cells)


def _read(rule: Rule, nature: Nature, cell: Getter, convert: Convert, options: File) -> Extract:
    """How the cell that counts becomes a value, or the rule's default when it is empty."""
    nulls, default = frozenset(options.nulls), rule.default
    known: dict[str, Any] = {}
    is_remembered = _is_repeated(rule)
    named, is_hidden = ", ".join(columns_of(rule)), is_personal(rule, nature)

    def extract(cells: Cells, _: str = "") -> Any:
        found = cell(cells)
        if found.__class__ is str:
            found = found.strip()
            if not found or found in nulls:
                return default
            if found in known:
                return known[found]
        elif found is None:
            return default
        try:
            told = convert(found)
        except Unfit as unfit:
            unfit.column = named
            unfit.value = HIDDEN if is_hidden else str(found)
            raise
        if is_remembered and found.__class__ is str and len(known) < _REMEMBERED:
            known[found] = told
        return told

    return extract


def _first_instant(rule: Rule, getter: Callable[[str], Getter], options: File) -> Extract:
    """How the first column is found that tells an instant which can be one of an event.

    If none does, the first that tells something impossible is Unfit.
    """
    apart = [msgspec.structs.replace(rule, column=one) for one in columns_of(rule)]
    extracts = [extractor(one, "instant", getter, options) for one in apart]

    def extract(cells: Cells, _: str = "") -> Any:
        in_the_way: Unfit | None = None
        impossible = None
        for read in extracts:
            try:
                told = read(cells)
            except Unfit as unfit:
                in_the_way = in_the_way or unfit
                continue
            if told is not None and EARLIEST <= told < LATEST:
                return told
            impossible = impossible or told
        if in_the_way is not None and impossible is None:
            raise in_the_way
        return impossible

    return extract


def _identifier(
    rule: Rule, nature: Nature, getter: Callable[[str], Getter], options: File
) -> Extract:
    """How the first column that names somebody is found; a word such as `null` names nobody.

    If none does, what stood in the way is Unfit: an unreadable cell before a word for nobody. A
    digest stands for an address or a number in plain.
    """
    alone = msgspec.structs.replace(rule, default=None)
    apart = [msgspec.structs.replace(alone, column=one) for one in columns_of(rule)]
    nulls, is_hidden = frozenset(options.nulls), is_personal(rule, nature)
    readers = [
        (
            extractor(one, nature, getter, options),
            _cell(one, getter, nulls),
            ", ".join(columns_of(one)),
        )
        for one in ([alone] if rule.join else apart)
    ]

    def extract(cells: Cells, _: str = "") -> Any:
        in_the_way: Unfit | None = None
        for read, cell, column in readers:
            try:
                word = _word(cell(cells), nulls)
                told = None if names_nobody(word) and word else read(cells)
                if told is None and not word:
                    continue  # an object that cannot be read has raised
                if told is None or names_nobody(str(told)):
                    raise _unfit(_NOBODY, column, HIDDEN if is_hidden else word)
                if digest := plain_digest(str(told)):
                    raise _unfit(digests.IN_PLAIN, column, HIDDEN, digest)
            except Unfit as unfit:
                if in_the_way is None or in_the_way.code == "names_nobody":
                    in_the_way = unfit
                continue
            return told
        if in_the_way is not None and rule.default is None:
            raise in_the_way
        return rule.default

    return extract


def _word(cell: Any, nulls: frozenset[str]) -> str:
    """The text of a cell, empty when it tells nothing."""
    if cell is None or isinstance(cell, dict | list):
        return ""
    word = text_of(cell).strip()
    return "" if word in nulls else word


def _unfit(mistake: str, column: str, value: str, instead: str = "") -> Unfit:
    """How an identifier does not fit: it names nobody, or a digest stands for it."""
    unfit = Unfit(mistake, "plain_identifier" if instead else "names_nobody", instead)
    unfit.column, unfit.value = column, value
    return unfit


def plain_column(told: Told, nature: Nature) -> str | None:
    """The column whose text is the field's value as it stands, if it is as simple as that."""
    rule = rule_of(told)
    is_plain = nature == "text" and rule == Rule(column=rule.column)
    return rule.column if is_plain and isinstance(rule.column, str) else None


def conversion(rule: Rule, nature: Nature, options: File) -> Convert:
    """How a cell that is not empty becomes a value."""
    if rule.lookup is not None:
        return looked_up(rule.lookup, rule.otherwise, is_lower=rule.lower)
    return _CONVERSIONS[rule.conversion or nature](rule, nature, options)


def looked_up(
    table: Mapping[str, Any], otherwise: Any, *, is_lower: bool = False
) -> Callable[[object], Any]:
    """How a word is replaced; another one is Unfit unless something stands for it."""

    def replace(told: object) -> Any:
        word = text_of(told).lower() if is_lower else text_of(told)
        found = table.get(word, otherwise)
        if found is None:
            near = difflib.get_close_matches(word, table, n=1)
            raise Unfit("is not in the lookup" + (f"; {near[0]!r} is" if near else ""))
        return found

    return replace


def _text(rule: Rule, nature: Nature, _: File) -> Convert:
    if nature == "hash":
        return digests.sha256
    return (lambda told: text_of(told).lower()) if rule.lower else text_of


def _instant(rule: Rule, _: Nature, options: File) -> Convert:
    zone = rule.zone if rule.zone is not None else options.zone
    return instants.instant(rule.format, ZoneInfo(zone) if zone else None)


_CONVERSIONS: dict[str, Callable[[Rule, Nature, File], Convert]] = {
    **dict.fromkeys(("text", "hash", "any"), _text),
    "instant": _instant,
    "integer": lambda *_: conversions.integer,
    "number": lambda rule, _, options: conversions.number(
        rule.decimal_mark or options.decimal_mark
    ),
    "boolean": lambda rule, *_: conversions.boolean(rule.true_words, rule.false_words),
    "path": lambda rule, *_: conversions.path(rule.separator),
    "list": lambda rule, *_: conversions.members(rule.separator),
    "json": lambda *_: lambda told: told,
    "email_sha256": lambda *_: digests.email_sha256,
    "phone_sha256": lambda rule, *_: digests.phone_sha256(rule.country_code, rule.trunk_prefix),
}


def _is_repeated(rule: Rule) -> bool:
    if rule.lookup is not None or rule.conversion in ("money", "number", "path"):
        return True
    return rule.conversion is None and rule.format != "iso"


def _cell(rule: Rule, getter: Callable[[str], Getter], nulls: frozenset[str]) -> Getter:
    """The cell that counts: of one column as it is, of several the first, or all of them joined."""
    if rule.join:
        parts = [_first([getter(one) for one in _listed(part)], nulls) for part in rule.join]
        return lambda cells: _joined([part(cells) for part in parts], rule.between)
    getters = [getter(one) for one in columns_of(rule)]
    return getters[0] if len(getters) == 1 else _first(getters, nulls)


def _first(getters: Sequence[Getter], nulls: frozenset[str]) -> Getter:
    """The first cell that tells something, without outer spaces."""

    def first(cells: Cells) -> Any:
        for get in getters:
            found = get(cells)
            if isinstance(found, str):
                found = found.strip()
                if not found or found in nulls:
                    continue
            if found is not None:
                return found
        return None

    return first


def _joined(parts: Sequence[Any], between: str) -> str | None:
    """Nothing, if all parts are empty; else all of them, so that places keep their meaning."""
    if all(part is None for part in parts):
        return None
    return between.join("" if part is None else text_of(part) for part in parts)
