"""An order row with its statuses as the life of an order: placed, changed, paid, shipped,
cancelled, returned.

Every event carries the whole order, except a return that tells an amount of its own: which goods
came back the file does not say then. Ids are the source, the order's number and the step, so a
later export of the same order gives the steps told before the same ids. Steps of a list, which may
come again, bear their instants too: goods that came back earlier, and are told later, change no id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from streams.importers.mapped.conversions import Unfit
from streams.importers.mapped.declared import SKIP, STEPS, product_sources
from streams.importers.mapped.field_set import (
    Found,
    mended,
    mistake_of,
    told_columns,
    warning_of,
)
from streams.importers.mapped.makers import (
    Make,
    envelope,
    products_reader,
    revenue_of_products,
)
from streams.importers.mapped.merging import in_order, merged
from streams.importers.mapped.model import OrdersMapping, Status, StatusHistory, Told
from streams.importers.mapped.outcome import (
    SHOWN,
    Kept,
    Message,
    Mistake,
    Mistakes,
    Outcome,
    stamp,
)
from streams.importers.mapped.plan import Plan, checked
from streams.importers.mapped.product_source import (
    items_of,
    nested_or_plain,
    numbered,
    sum_of,
)
from streams.importers.mapped.rules import Extract, extractor
from streams.importers.mapped.targets import Nature
from streams.importers.rows.row_file import Cells, Getter, Row, RowFile

_RANKS = {step: rank for rank, step in enumerate(STEPS)}
_ENCODE = msgspec.json.Encoder(order="sorted").encode
_NATURES: dict[str, Nature] = {
    "time": "instant",
    "revenue_minor": "minor",
    "reason": "text",
    "return_id": "text",
}


class _Step(NamedTuple):
    """A step that an order reached, and what is said of it alone."""

    name: str
    at: datetime
    said: Found


_UNDATED = _Step("placed", datetime(2000, 1, 1, tzinfo=UTC), {})  # to check all but the time
_Steps = Callable[[Row, Mistakes], Iterator[_Step]]


def orders_maker(mapping: OrdersMapping, rows: RowFile) -> Make:
    """How rows become the events of an order; each row of a group tells what it knows of it."""
    sources = product_sources(mapping.products)
    plans = {
        step: Plan(f"order.{step}", mapping.fields, rows, mapping.file, sources) for step in STEPS
    }
    products_of = products_reader(mapping, rows)
    has_sum = revenue_of_products(mapping.fields)
    steps_of = _steps_in_columns(mapping, rows) or _steps_in_list(mapping, rows)

    def make(group: Sequence[Row]) -> Iterator[Outcome]:
        members = in_order(group, rows.content)
        mistakes = Mistakes()
        told = [plans["placed"].fill(row, mistakes) for row in members]
        attributes, differing = merged([one for one, _ in told])
        order, differing_data = merged([one for _, one in told])
        lines = [one for line in products_of(members, mistakes) for one in line]
        order["products"] = numbered(lines)
        if has_sum and lines:
            order["revenue_minor"] = sum_of(lines)
        read = len(mistakes) + len(mistakes.warnings)
        reached = [list(steps_of(row, mistakes)) for row in members]
        steps, differing_steps = _once(reached, is_listed=mapping.history is not None)
        if any(step.name == "placed" for step in steps):
            mistakes.forgive("order.placed")
        head = members[0].number
        others = []
        if not steps and len(mistakes) + len(mistakes.warnings) == read:
            others.append(Mistake(head, _told_places(mapping), "", "no status has a time"))
        if not order.get("order_id"):
            column = told_columns(mapping.fields["order_id"])
            others.append(Mistake(head, column, "", "order_id is empty: which order is this?"))
            yield mistakes.left_out(others, len(group))
            return
        made = _messages(
            mapping, plans, head, (attributes, order), steps or [_UNDATED], mistakes=mistakes
        )
        if mistakes or others or not steps or not made:
            yield mistakes.left_out(others, len(group))
            return
        several = [*differing, *differing_data, *differing_steps]
        yield Kept(made, len(group), several, [*mended(members), *mistakes.warnings])

    return make


def _once(told: list[list[_Step]], *, is_listed: bool) -> tuple[list[_Step], list[str]]:
    """The steps that rows of one order tell, in order, and those that they tell differently.

    Of a column the earliest instant counts. Lists may name a step several times: what most of them
    tell of an instant counts as often as one row tells it.
    """
    counts: Counter[bytes] = Counter()
    steps: dict[bytes, _Step] = {}
    for row in told:
        named = [(_ENCODE(step), step) for step in row]
        counts |= Counter(name for name, _ in named)
        steps.update(named)
    ordered = sorted(steps, key=lambda one: (steps[one].at, _RANKS[steps[one].name], one))
    if is_listed:
        return [steps[one] for one in ordered for _ in range(counts[one])], []
    first: dict[str, _Step] = {}
    differing: dict[str, None] = {}
    for one in (steps[name] for name in ordered):
        if first.setdefault(one.name, one) is not one:
            differing[one.name] = None
    return list(first.values()), list(differing)


def _messages(
    mapping: OrdersMapping,
    plans: dict[str, Plan],
    row: int,
    order: tuple[Found, Found],
    steps: list[_Step],
    *,
    mistakes: Mistakes,
) -> list[Message]:
    """The events of an order; a step that is none costs itself, the placing the whole order."""
    attributes, whole = order
    times: Counter[str] = Counter()
    messages: list[Message] = []
    prefix = f"order:{mapping.source}:{whole.get('order_id', '')}"
    is_listed = mapping.history is not None
    for step in steps:
        place = step.name
        if step.name == "changed" or (is_listed and (step.name != "placed" or times[place])):
            place = f"{step.name}:{stamp(step.at)}"
        times[place] += 1
        again = f"-{times[place]}" if times[place] > 1 else ""
        told = {**attributes, "id": f"{prefix}:{place}{again}", "time": step.at}
        message = envelope(f"order.{step.name}", mapping.source, told, _data(whole, step))
        made = checked(message, plans[step.name], row, mistakes, rank=_RANKS[step.name])
        if isinstance(made, Message):
            messages.append(made)
        elif step.name == "placed":
            mistakes += made
        else:
            mistakes.warnings += [
                one._replace(warning="unreadable", field=f"order.{step.name}") for one in made
            ]
    return messages


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

    def steps(row: Row, mistakes: Mistakes) -> Iterator[_Step]:
        for name, extracts in columns.items():
            found = _told(name, extracts, row, row.cells, mistakes)
            if (at := found.pop("time", None)) is not None:
                yield _Step(name, at, found)

    return steps


def _steps_in_list(mapping: OrdersMapping, rows: RowFile) -> _Steps:
    history = mapping.history
    assert history is not None  # one of both, as the mapping's fitting made sure
    listed = rows.getter(history.of)
    extracts = _extracts(history, mapping, nested_or_plain)
    word_of = extractor(history.status, "text", nested_or_plain, mapping.file)

    def steps(row: Row, mistakes: Mistakes) -> Iterator[_Step]:
        try:
            items, _ = items_of(listed(row.cells))
        except Unfit as unfit:
            mistakes.append(mistake_of(unfit, row, history.of))
            return
        for item in items:
            word = _word(word_of, item)
            name = history.lookup.get(word, history.otherwise)
            if name is None:
                place = f"{history.of}.{history.status}"
                words = "is not in the lookup of statuses"
                mistakes.warnings.append(
                    Mistake(row.number, place, word, words, "item_left_out", history.of)
                )
            elif name != SKIP:
                before = len(mistakes) + len(mistakes.warnings)
                found = _told(name, extracts, row, item, mistakes)
                if (at := found.pop("time", None)) is not None:
                    yield _Step(name, at, found)
                elif len(mistakes) + len(mistakes.warnings) == before:
                    _lose(mistakes, name, Mistake(row.number, history.of, word, "has no time"))

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


def _told(
    step: str, extracts: dict[str, Extract], row: Row, cells: Cells, mistakes: Mistakes
) -> Found:
    found: Found = {}
    for name, extract in extracts.items():
        try:
            told: Any = extract(cells, row.currency)
        except Unfit as unfit:
            if name == "time":
                _lose(mistakes, step, mistake_of(unfit, row))
            else:
                mistakes.warnings.append(warning_of(unfit, row, f"data.{name}"))
            continue
        if told is not None:
            found[name] = told
    return found


def _lose(mistakes: Mistakes, step: str, mistake: Mistake) -> None:
    """A step without its time is none, and an order that was never placed is none either."""
    if step == "placed":
        mistakes.append(mistake)
    else:
        mistakes.warnings.append(mistake._replace(warning="unreadable", field=f"order.{step}"))


def _told_places(mapping: OrdersMapping) -> str:
    if mapping.history is not None:
        return mapping.history.of
    statuses = [getattr(mapping.statuses, name) for name in STEPS]
    told = [one.time if isinstance(one, Status) else one for one in statuses if one is not None]
    return ", ".join(told_columns(one) for one in told)
