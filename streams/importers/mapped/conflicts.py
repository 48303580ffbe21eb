"""Events of one id that rows tell differently: one is kept, the others are mistakes."""

from __future__ import annotations

from typing import NamedTuple

from streams.importers.mapped.field_set import told_columns
from streams.importers.mapped.model import EventsMapping, Mapping, OrdersMapping
from streams.importers.mapped.outcome import SHOWN, Mistake


class Conflict(NamedTuple):
    """An event that is left out, its row, and the row that tells the one which is kept."""

    id: str
    row: int
    kept_row: int


def mistake_of_conflict(conflict: Conflict, mapping: Mapping) -> Mistake:
    """An event that is left out as a line of the report."""
    told = f"is an event that row {conflict.kept_row} tells with other values, which are kept"
    if isinstance(mapping, OrdersMapping) and not mapping.group_by:
        told += "; if an order has several rows, say `group_by`"
    column = told_columns(mapping.fields[_id_field(mapping)])
    return Mistake(conflict.row, column, conflict.id[:SHOWN], told)


def _id_field(mapping: Mapping) -> str:
    match mapping:
        case EventsMapping():
            return "id"
        case OrdersMapping():
            return "order_id"
        case _:
            return "customerid"
