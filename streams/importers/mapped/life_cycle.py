"""An order row with its statuses as the life of an order: placed, paid, shipped, cancelled,
returned.

Every event carries the whole order, except a return that tells an amount of its own: which goods
came back the file does not say then. Ids are the order's number and the step, so a later export of
the same order gives the steps told before the same ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from streams.importers.mapped.conversions import Unfit
from streams.importers.mapped.declared import SKIP, STEPS, product_sources
from streams.importers.mapped.field_set import Found, mistake_of, told_columns
from streams.importers.mapped.makers import (
    Make,
    envelope,
    products_reader,
    revenue_of_products,
)
from streams.importers.mapped.model import OrdersMapping, Status, StatusHistory, Told
from streams.importers.mapped.outcome import SHOWN, Message, Mistake, Mistaken, Outcome
from streams.importers.mapped.plan import Plan, checked
from streams.importers.mapped.product_source import items_of, nested_or_plain, sum_of
from streams.importers.mapped.rules import Extract, extractor
from streams.importers.mapped.targets import Nature
from streams.importers.rows.row_file import Cells, Getter, Row, RowFile

_RANKS = {step: rank for rank, step in enumerate(STEPS)}
_NATURES: dict[str, Nature] = {"time": "instant", "revenue_minor": "minor", "reason": "text"}


class _Step(NamedTuple):
    """A step that an order reached, and what is said of it alone."""

    name: str
    at: datetime
    said: Found


_Steps = Callable[[Row, list[Mistake]], Iterator[_Step]]


def orders_maker(mapping: OrdersMapping, rows: RowFile) -> Make:
    """How rows become the events of an order; the first row of a group speaks for it."""
    sources = product_sources(mapping.products)
    plans = {
        step: Plan(f"order.{step}", mapping.fields, rows, mapping.file, sources) for step in STEPS
    }
    products_of = products_reader(mapping, rows)
    has_sum = revenue_of_products(mapping.fields)
    steps_of = _steps_in_columns(mapping, rows) or _steps_in_list(mapping, rows)

    def make(group: Sequence[Row]) -> Outcome:
        head = group[0]
        mistakes: list[Mistake] = []
        attributes, order = plans["placed"].fill(head, mistakes)
        order["products"] = products_of(group, mistakes)
        if has_sum and order["products"]:
            order["revenue_minor"] = sum_of(order["products"])
        steps = sorted(steps_of(head, mistakes), key=lambda one: (one.at, _RANKS[one.name]))
        if not steps and not mistakes:
            mistakes.append(Mistake(head.number, _told_places(mapping), "", "no status has a time"))
        if mistakes:
            return Mistaken(mistakes)
        return _messages(mapping.source, plans, head.number, (attributes, order), steps)

    return make


def _messages(
    source: str, plans: dict[str, Plan], row: int, order: tuple[Found, Found], steps: list[_Step]
) -> Outcome:
    attributes, whole = order
    times: Counter[str] = Counter()
    messages: list[Message] = []
    mistakes: list[Mistake] = []
    for step in steps:
        times[step.name] += 1
        again = f"-{times[step.name]}" if times[step.name] > 1 else ""
        told = {
            **attributes,
            "id": f"order:{whole.get('order_id', '')}:{step.name}{again}",
            "time": step.at,
        }
        message = envelope(f"order.{step.name}", source, told, _data(whole, step))
        made = checked(message, plans[step.name], row, rank=_RANKS[step.name])
        if isinstance(made, Message):
            messages.append(made)
        else:
            mistakes += made
    return Mistaken(list(dict.fromkeys(mistakes))) if mistakes else messages


def _data(whole: Found, step: _Step) -> Found:
    is_part = step.name == "returned" and step.said.get("revenue_minor") not in (
        None,
        whole.get("revenue_minor"),
    )
    data = {**whole, **step.said}
    return {**data, "products": []} if is_part else data


def _steps_in_columns(mapping: OrdersMapping, rows: RowFile) -> _Steps | None:
    if mapping.statuses is None:
        return None
    columns: dict[str, dict[str, Extract]] = {}
    for name in STEPS:
        status = getattr(mapping.statuses, name)
        if status is not None:
            told = status if isinstance(status, Status) else Status(time=status)
            columns[name] = _extracts(told, mapping, rows.getter)

    def steps(row: Row, mistakes: list[Mistake]) -> Iterator[_Step]:
        for name, extracts in columns.items():
            found = _told(extracts, row, row.cells, mistakes)
            if (at := found.pop("time", None)) is not None:
                yield _Step(name, at, found)

    return steps


def _steps_in_list(mapping: OrdersMapping, rows: RowFile) -> _Steps:
    history = mapping.history
    assert history is not None  # one of both, as the mapping's fitting made sure
    listed = rows.getter(history.of)
    extracts = _extracts(history, mapping, nested_or_plain)
    word_of = extractor(history.status, "text", nested_or_plain, mapping.file)

    def steps(row: Row, mistakes: list[Mistake]) -> Iterator[_Step]:
        try:
            items = items_of(listed(row.cells))
        except Unfit as unfit:
            mistakes.append(mistake_of(unfit, row, history.of))
            return
        for item in items:
            word = _word(word_of, item)
            name = history.lookup.get(word, history.otherwise)
            if name is None:
                place = f"{history.of}.{history.status}"
                mistakes.append(
                    Mistake(row.number, place, word, "is not in the lookup of statuses")
                )
            elif name != SKIP:
                found = _told(extracts, row, item, mistakes)
                if (at := found.pop("time", None)) is not None:
                    yield _Step(name, at, found)
                else:
                    mistakes.append(Mistake(row.number, history.of, word, "has no time"))

    return steps


def _word(word_of: Extract, item: Cells) -> str:
    """The shop's word for a status; what is no text is in no lookup."""
    try:
        return word_of(item) or ""
    except Unfit as unfit:
        return unfit.value[:SHOWN]


def _extracts(
    told: Status | StatusHistory, mapping: OrdersMapping, getter: Callable[[str], Getter]
) -> dict[str, Extract]:
    rules: dict[str, Told | None] = {name: getattr(told, name) for name in _NATURES}
    return {
        name: extractor(rule, _NATURES[name], getter, mapping.file)
        for name, rule in rules.items()
        if rule is not None
    }


def _told(extracts: dict[str, Extract], row: Row, cells: Cells, mistakes: list[Mistake]) -> Found:
    found: Found = {}
    for name, extract in extracts.items():
        try:
            told: Any = extract(cells)
        except Unfit as unfit:
            mistakes.append(mistake_of(unfit, row))
            continue
        if told is not None:
            found[name] = told
    return found


def _told_places(mapping: OrdersMapping) -> str:
    if mapping.history is not None:
        return mapping.history.of
    statuses = [getattr(mapping.statuses, name) for name in STEPS]
    told = [one.time if isinstance(one, Status) else one for one in statuses if one is not None]
    return ", ".join(told_columns(one) for one in told)
