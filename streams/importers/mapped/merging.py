"""Rows of one group as one event, the same whatever their order in the file.

Of each field the first value counts that a row tells, rows in the order of what they say. Fields of
which the rows tell several values are named, for the account of the import.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from streams.importers.mapped.field_set import Found
from streams.importers.rows.row_file import Cells, Row


def in_order(group: Sequence[Row], content: Callable[[Cells], bytes]) -> Sequence[Row]:
    """Rows by what they say."""
    return group if len(group) == 1 else sorted(group, key=lambda row: content(row.cells))


def merged(told: Iterable[Found]) -> tuple[Found, list[str]]:
    """The first value of each field, and the fields of which there are several.

    Args:
        told: what each row tells, nested; the first is added to.
    """
    first, *others = told
    differing: dict[str, None] = {}
    for other in others:
        _add(first, other, "", differing)
    return first, list(differing)


def told_once(products: Sequence[list[Found]], begin: int, times: int) -> list[int]:
    """Which lines of an order count that was told so many times.

    A line that stands twice in an order, and so four times in two tellings of it, stays twice.

    Args:
        products: of each row.
        begin: which of them is the first line.
        times: how often the order was told.

    Returns:
        Their places among `products`, ascending.
    """
    if times == 1:
        return list(range(begin, len(products)))
    lines = [msgspec.json.encode(line, order="sorted") for line in products]
    wanted = {one: -(-count // times) for one, count in Counter(lines[begin:]).items()}
    kept = []
    for at in range(begin, len(lines)):
        if wanted[lines[at]]:
            wanted[lines[at]] -= 1
            kept.append(at)
    return kept


def _add(found: Found, other: Found, before: str, differing: dict[str, None]) -> None:
    for name, told in other.items():
        known: Any = found.setdefault(name, told)
        if isinstance(known, dict) and isinstance(told, dict):
            _add(known, told, f"{before}{name}.", differing)
        elif known != told:
            differing[before + name] = None
