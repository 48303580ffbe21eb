"""Which members the items of a nested list have, as far as the first rows of a file tell."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from typing import NamedTuple

from streams.importers.mapped.conversions import Unfit
from streams.importers.mapped.product_source import items_of
from streams.importers.rows.row_file import SAMPLE_ROWS, Row, RowFile, paths_of


class Members(NamedTuple):
    """Dotted paths within items; complete if the file's schema names them all."""

    names: Collection[str]
    is_complete: bool


def members_of_items(rows: RowFile, of: str) -> Members:
    """The members of the items of a nested list; none if it is always empty, or never a list."""
    found: dict[str, None] = {}
    listed, is_typed = rows.getter(of), rows.is_complete
    for row in islice(rows.rows(), SAMPLE_ROWS):
        told = listed(row.cells) if isinstance(row, Row) else None
        is_typed = is_typed and not isinstance(told, str)
        try:
            for item in items_of(told)[0]:
                found.update(dict.fromkeys(paths_of(item)))
        except Unfit:
            continue  # a mistake of that row, when it is read
    return Members(found, is_typed)
