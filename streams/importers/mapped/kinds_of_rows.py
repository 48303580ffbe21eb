"""Which kind of event each row of a group is, and so which events the group makes.

A group makes one event of each kind in it: an order and its return share a number in many a log.
Rows that are lines belong to the only event of their group.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from streams.importers.mapped.conversions import Unfit
from streams.importers.mapped.declared import LINE, SKIP
from streams.importers.mapped.field_set import mistake_of
from streams.importers.mapped.model import EventsMapping, Rule
from streams.importers.mapped.outcome import Mistake, Mistaken, Skipped
from streams.importers.mapped.rules import columns_of, extractor
from streams.importers.rows.row_file import Row, RowFile

LINES_ALONE = "lines of an order that is not told"

KindOf = Callable[[Row], str | Skipped | Mistaken]


class Part(NamedTuple):
    """The rows of a group that make one event: those that tell it, and its lines."""

    kind: str
    heads: list[Row]
    lines: list[Row]


def parts_of(group: Sequence[Row], kind_of: KindOf) -> list[Part | Skipped | Mistaken]:
    """The events of a group, and what is left out of it; every row is in one of them."""
    left_out: list[Part | Skipped | Mistaken] = []
    by_kind: dict[str, list[Row]] = defaultdict(list)
    for row in group:
        match kind_of(row):
            case Skipped() as skipped:
                left_out.append(skipped)
            case Mistaken() as mistaken:
                left_out.append(mistaken)
            case kind:
                by_kind[kind].append(row)
    lines = by_kind.pop(LINE, [])
    if lines and len(by_kind) > 1:
        whose = " or of ".join(sorted(by_kind))
        mistake = Mistake(lines[0].number, "", "", f"is a line of {whose}: nothing says")
        rest = len(lines) + sum(map(len, by_kind.values()))
        return [*left_out, Mistaken([mistake], rest)]
    if lines and not by_kind:
        return [*left_out, Skipped(LINES_ALONE, len(lines))]
    return [*left_out, *(Part(kind, heads, lines) for kind, heads in sorted(by_kind.items()))]


def kind_reader(mapping: EventsMapping, rows: RowFile) -> KindOf:
    """How a row tells its kind."""
    declared = mapping.kind
    if isinstance(declared, str):
        return lambda _: declared
    otherwise = declared.otherwise
    rule = Rule(column=declared.column, join=declared.join, between=declared.between)
    extract = extractor(rule, "text", rows.getter, mapping.file)

    def read(row: Row) -> str | Skipped | Mistaken:
        try:
            told = extract(row.cells)
        except Unfit as unfit:
            return Mistaken([mistake_of(unfit, row)])
        kind = declared.lookup.get(told or "", otherwise)
        if kind == SKIP:
            return Skipped(f"{told or 'no word'} is left out")
        if kind is None:
            columns = ", ".join(columns_of(rule))
            found = Mistake(row.number, columns, told or "", "is not in the lookup of kinds")
            return Mistaken([found])
        return kind

    return read
