"""A customer row as what happened: registered, changed, subscribed.

Ids are the source, the customer's id and, for a change, its instant: a later export adds changes
and repeats none. That of a subscription holds the answer too, since a file may tell none of its
instants: who unsubscribes between two exports has done so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from streams.importers.mapped.conversions import Unfit
from streams.importers.mapped.field_set import (
    Found,
    mended,
    mistake_of,
    told_columns,
    warning_of,
)
from streams.importers.mapped.makers import Make, envelope
from streams.importers.mapped.model import CustomersMapping
from streams.importers.mapped.outcome import (
    Kept,
    Message,
    Mistake,
    Mistakes,
    Outcome,
    stamp,
)
from streams.importers.mapped.plan import Plan, checked
from streams.importers.mapped.rules import Extract, extractor
from streams.importers.rows.row_file import Row, RowFile

_REGISTERED = "customer.registered"
_UPDATED = "customer.updated"
_SUBSCRIPTION = "subscription.changed"
_UNDATED = datetime(2000, 1, 1, tzinfo=UTC)  # to check all but the time


class _Subscription(NamedTuple):
    name: str
    is_subscribed: Extract
    time: Extract | None


class _Step(NamedTuple):
    """What happened to a customer: an event's kind, id, time and data."""

    kind: str
    id: str
    at: datetime
    data: Found


def customers_maker(mapping: CustomersMapping, rows: RowFile) -> Make:
    """How a row becomes the events of a customer."""
    plans = {
        kind: Plan(kind, mapping.fields, rows, mapping.file)
        for kind in (_REGISTERED, _UPDATED, _SUBSCRIPTION)
    }
    registered = extractor(mapping.registered, "instant", rows.getter, mapping.file)
    updated = (
        extractor(mapping.updated, "instant", rows.getter, mapping.file)
        if mapping.updated
        else None
    )
    subscriptions = _subscriptions(mapping, rows)

    def outcome_of(row: Row) -> Outcome:
        mistakes = Mistakes()
        attributes, customer = plans[_REGISTERED].fill(row, mistakes)
        read = len(mistakes)
        began = _told(registered, row, mistakes)
        changed = _told(updated, row, mistakes, _UPDATED) if updated else None
        others = []
        who = _who(attributes, customer)
        if not who:
            column = told_columns(mapping.fields["customerid"])
            others.append(Mistake(row.number, column, "", "names nobody: which customer is this?"))
        if began is None and len(mistakes) == read:
            column = told_columns(mapping.registered)
            others.append(Mistake(row.number, column, "", "is empty: when was this registered?"))
        began = began or _UNDATED
        name = f"customer:{mapping.source}:{who}"
        steps = [
            *_steps(name, began, changed, customer),
            *_subscribed(name, changed or began, subscriptions, row, mistakes),
        ]
        _, common = plans[_SUBSCRIPTION].fill(row, mistakes)
        told = steps if who else []  # without a name nothing has an id
        made = _messages(mapping.source, plans, row, (attributes, common), told, mistakes=mistakes)
        if mistakes or others:
            return mistakes.left_out(others)
        return Kept(made, warnings=[*mended([row]), *dict.fromkeys(mistakes.warnings)])

    return lambda group: [outcome_of(row) for row in group]


def _steps(who: str, began: datetime, changed: datetime | None, customer: Found) -> Iterator[_Step]:
    yield _Step(_REGISTERED, f"{who}:registered", began, customer)
    if changed is not None and changed > began:
        yield _Step(_UPDATED, f"{who}:updated:{stamp(changed)}", changed, customer)


def _subscribed(
    who: str,
    last: datetime,
    subscriptions: Sequence[_Subscription],
    row: Row,
    mistakes: Mistakes,
) -> Iterator[_Step]:
    for one in subscriptions:
        answer = _told(one.is_subscribed, row, mistakes, "data.is_subscribed")
        at = (_told(one.time, row, mistakes, "time") if one.time else None) or last
        if answer is not None:
            told = {"name": one.name, "is_subscribed": answer}
            said = "yes" if answer else "no"
            identity = f"{who}:subscription:{one.name}:{stamp(at)}:{said}"
            yield _Step(_SUBSCRIPTION, identity, at, told)


def _messages(
    source: str,
    plans: dict[str, Plan],
    row: Row,
    common: tuple[Found, Found],
    steps: list[_Step],
    *,
    mistakes: Mistakes,
) -> list[Message]:
    """The events of a customer; without the registration there is none of them."""
    attributes, data = common
    messages: list[Message] = []
    for rank, step in enumerate(steps):
        told = {**attributes, "id": step.id, "time": step.at}
        body = step.data if step.kind != _SUBSCRIPTION else {**data, **step.data}
        message = envelope(step.kind, source, told, body)
        made = checked(message, plans[step.kind], row.number, mistakes, rank=rank)
        if isinstance(made, Message):
            messages.append(made)
        elif step.kind == _REGISTERED:
            mistakes += made
        else:
            mistakes.warnings += [
                one._replace(warning="unreadable", field=step.kind) for one in made
            ]
    return messages


def _who(attributes: Found, customer: Found) -> str:
    """How the ids of a customer's events name it; empty is nobody."""
    names = customer.get("identifiers", {})
    email = customer.get("email_sha256") or names.get("email_sha256")
    phone = customer.get("phone_sha256") or names.get("phone_sha256")
    return str(attributes.get("customerid") or email or phone or "")


def _subscriptions(mapping: CustomersMapping, rows: RowFile) -> list[_Subscription]:
    return [
        _Subscription(
            one.name,
            extractor(one.is_subscribed, "boolean", rows.getter, mapping.file),
            extractor(one.time, "instant", rows.getter, mapping.file) if one.time else None,
        )
        for one in mapping.subscriptions
    ]


def _told(extract: Extract, row: Row, mistakes: Mistakes, field: str = "") -> Any:
    """What a cell tells; one that cannot be read costs its field, or the row if there is none."""
    try:
        return extract(row.cells)
    except Unfit as unfit:
        if field:
            mistakes.warnings.append(warning_of(unfit, row, field))
        else:
            mistakes.append(mistake_of(unfit, row))
        return None
