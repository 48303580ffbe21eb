"""Fields of a mapping, ready to be filled from rows, and messages checked as the stream will.

A message is read back by `streams.decode` before it is kept: what an import publishes, the stream
can read. What makes it no event comes back as mistakes of the columns that caused them, what the
stream would leave out or mend as warnings in the stream's words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from streams.decode import MAX_PAYLOAD_BYTES, Rejected, decode
from streams.enrich.user_agent import user_agent_of
from streams.event_warnings import Code, EventWarning, sentence
from streams.events import key_of
from streams.importers.mapped.field_set import FieldSet, Found, told_columns
from streams.importers.mapped.model import Products, Told
from streams.importers.mapped.outcome import HIDDEN, SHOWN, Message, Mistake, Mistakes
from streams.importers.mapped.row_currency import currency_of
from streams.importers.mapped.rules import is_personal, rule_of
from streams.importers.mapped.targets import Target, target_of
from streams.importers.rows.options import File
from streams.importers.rows.row_file import Row, RowFile
from streams.mending import identity_warnings

_WHO = ("visitorid", "customerid")
_LONGEST = 8192  # characters of a text of the contract
_ENCODE = msgspec.json.Encoder().encode
_FIELD = re.compile(r"`(?P<name>\w+)` (?P<is_missing>is missing)?")
_PRODUCT = re.compile(r"^products?(\.|$)")
_INDEX = re.compile(r"\[\d*\]")


class Plan:
    """The fields of one kind of event, from a mapping's fields that the kind has."""

    def __init__(
        self,
        kind: str,
        fields: Mapping[str, Told],
        rows: RowFile,
        options: File,
        products: Sequence[Products] = (),
    ) -> None:
        self.kind = kind
        self._columns = {name: told_columns(told) for name, told in fields.items()}
        for source in reversed(products):
            self._columns |= {
                f"products.{name}": told_columns(one) for name, one in source.fields.items()
            }
            sku = told_columns(source.fields["sku"])
            self._columns["products."] = f"{source.of}.{sku}" if source.of else sku
        self._personal: set[str] = set()
        self._attributes = FieldSet(rows.getter, options)
        self._body = FieldSet(rows.getter, options)
        self._parts: dict[str, FieldSet] = {}
        for name, told in fields.items():
            target = target_of(name, kind)
            if target is not None and rule_of(told).sum is None:
                self._set_of(target, rows, options).add(target, told, is_vital=name == "time")
                if is_personal(rule_of(told), target.nature):
                    self._personal.add(name)

    def _set_of(self, target: Target, rows: RowFile, options: File) -> FieldSet:
        match target.place:
            case [_]:
                return self._attributes
            case ["data", _]:
                return self._body
            case _:
                return self._parts.setdefault(target.place[1], FieldSet(rows.getter, options))

    def fill(self, row: Row, mistakes: Mistakes) -> tuple[Found, Found]:
        """The attributes and the data that a row tells; mistakes are added to those given."""
        cells = row.cells
        attributes = self._attributes.fill(row, cells, mistakes)
        data = self._body.fill(row, cells, mistakes)
        for name, fields in self._parts.items():
            if part := fields.fill(row, cells, mistakes):
                data[name] = part
        if currency := data.get("currency"):
            self._mend_currency(data, str(currency), row, mistakes)
        return attributes, data

    def _mend_currency(self, data: Found, told: str, row: Row, mistakes: Mistakes) -> None:
        """A currency as the contract writes it: its amounts have been read by it already."""
        mended = currency_of(told)
        if mended == told:
            return
        data.pop("currency")
        if mended:
            data["currency"] = mended
        code: Code = "another_type" if mended else "unreadable"
        warning = EventWarning(code, "data.currency")
        mistakes.warnings.append(
            Mistake(
                row.number,
                self._column("currency"),
                told[:SHOWN],
                sentence(warning),
                code,
                warning.field,
            )
        )

    def mistake(self, error: str, row: int) -> Mistake:
        """A reason of the stream, told of the column behind it."""
        field = _FIELD.match(error)
        name = field["name"] if field else ""
        if field and field["is_missing"]:
            error = f"{name} is empty, and {self.kind} must have it"
        return Mistake(row, self._column(name) if name else "", "", error)

    def warning(self, warning: EventWarning, row: int, message: Found) -> Mistake:
        """What the stream would leave out or mend, told of the column behind it."""
        code, field, _ = warning
        if code == "nobody_named":
            columns = filter(None, (self._columns.get(name) for name in _WHO))
            return Mistake(row, ", ".join(columns), "", sentence(warning), code, field)
        name = _INDEX.sub("", field.removeprefix("data."))
        value = self._shown(name, field, message)
        return Mistake(row, self._column(name), value, sentence(warning), code, field)

    def _column(self, name: str) -> str:
        return self._columns.get(_PRODUCT.sub("products.", name)) or name

    def _shown(self, name: str, path: str, message: Found) -> str:
        return HIDDEN if name in self._personal else _value(message, path)


def checked(
    message: Found,
    plan: Plan,
    row: int,
    mistakes: Mistakes,
    *,
    rank: int = 0,
    is_repeatable: bool = False,
) -> Message | list[Mistake]:
    """A message as the stream will read it, or the mistakes that make it none.

    Args:
        message: of a CloudEvent, instants as datetimes.
        plan: knows the columns behind its fields.
        row: the number of the row it was made of.
        mistakes: of its row; what the stream would warn of is added, except that what could not be
            read is missing.
        rank: among events of one instant.
        is_repeatable: its id is a digest of the row's content.
    """
    try:
        payload = _ENCODE(message)
    except (UnicodeEncodeError, OverflowError, TypeError) as error:
        return [Mistake(row, "", "", f"cannot be told as JSON: {error}")]
    if len(payload) > MAX_PAYLOAD_BYTES:
        payload = _ENCODE(_shortened(message))
        words = f"is more than {MAX_PAYLOAD_BYTES:,} bytes: long texts and the context are cut"
        mistakes.warnings.append(Mistake(row, "", "", words, "text_cut", "data"))
    decoded = decode(payload)
    if isinstance(decoded, Rejected):
        return [plan.mistake(error, row) for error in decoded.errors]
    event = decoded.event
    if warnings := (*decoded.warnings, *identity_warnings(event)):
        unread = {one.field for one in mistakes.warnings}
        found = [
            plan.warning(one, row, message)
            for one in warnings
            if one.code != "missing" or one.field not in unread
        ]
        known = set(mistakes.warnings)  # the steps of an order share its details
        mistakes.warnings += [one for one in found if one not in known]
    client = event.data.client
    is_bots = client is not None and client.user_agent != "" and _is_bots(client.user_agent)
    return Message(
        event.time, rank, plan.kind, event.id, key_of(event), payload, is_repeatable, row, is_bots
    )


@lru_cache(maxsize=65_536)
def _is_bots(user_agent: str) -> bool:
    return user_agent_of(user_agent).bot_verdict == "bot"


def _shortened(message: Found) -> Found:
    """A message that is too large without its context and the ends of its longest texts."""
    data = {name: told for name, told in message["data"].items() if name != "context"}
    short: Found = _cut({**message, "data": data})
    return short


def _cut(told: Any) -> Any:
    match told:
        case str():
            return told[:_LONGEST]
        case list():
            return [_cut(one) for one in told]
        case dict():
            return {name: _cut(one) for name, one in told.items()}
        case _:
            return told


def _value(message: Any, path: str) -> str:
    """What stands at a place; nothing where a list is on the way and no place in it is named."""
    found = message
    for step in _INDEX.sub(lambda one: "." + one[0][1:-1], path).split("."):
        if isinstance(found, list):
            found = found[int(step)] if step else None
        elif isinstance(found, dict):
            found = found.get(step)
    return "" if found is None else str(found)[:SHOWN]
