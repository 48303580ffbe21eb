"""A message that the contract does not take as it stands, read as it was meant.

The slow way of `streams.decode`: the message is walked along the contract's structs, and what
cannot be read is left empty or mended (`streams.value_mending`), each with a warning. Nothing here
refuses an event: what makes one unusable (no id, no type, no time) is for `decode` to say.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

import msgspec
from msgspec import Raw, Struct
from msgspec.inspect import (
    BoolType,
    FloatType,
    IntType,
    ListType,
    LiteralType,
    RawType,
    StrType,
    StructType,
    Type,
    UnionType,
    type_info,
)

from streams.event_warnings import EventWarning
from streams.nobody import names_nobody
from streams.personal import masked_text, plain_digest
from streams.value_mending import (
    ABSENT,
    Mend,
    Notes,
    choice,
    clean,
    currency,
    digest,
    quantity,
    text,
    truth,
    whole,
)

MOST_PRODUCTS = 10_000  # of one event; the contract allows fewer for some kinds
# Attributes that CloudEvents and its extensions define, and that say nothing to us.
CLOUDEVENTS = {
    *("data_base64", "dataref", "partitionkey", "sequence", "sequencetype", "sampledrate"),
    *("expirytime", "recordedtime", "correlationid", "causationid"),
}


def mended(
    kind: type[Struct], message: Mapping[str, Any], time: datetime, event_id: str, notes: Notes
) -> Any:
    """The event of a message, whatever its details.

    Args:
        kind: the struct of its type.
        message: generic JSON.
        time: when it happened, read already.
        event_id: likewise.
        notes: takes the warnings.
    """
    others = {name: value for name, value in message.items() if name not in ("id", "time", "type")}
    fields = _fields(kind, others, "", notes, given=frozenset({"id", "time"}))
    data = fields["data"]
    if kind.__struct_config__.tag in ("order.placed", "order.changed") and not data.order_id:
        fields["data"] = msgspec.structs.replace(data, order_id=event_id)  # its money still counts
    return kind(id=event_id, time=time, **fields)


def _fields(
    struct: type[Struct],
    message: Mapping[str, Any],
    path: str,
    notes: Notes,
    given: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    plan = _plan(struct)
    fields: dict[str, Any] = {}
    for name, value in message.items():
        mend = plan.menders.get(name)
        if mend is None:
            if name not in given and not (not path and name in CLOUDEVENTS) and not notes.is_full:
                shown = masked_text(clean(name)[:80])  # some use addresses as names
                notes.add("unknown_field", f"{path}{shown}", _nearest(struct, shown))
        elif value is not None:
            kept = mend(value, f"{path}{name}", notes)
            if kept is not ABSENT:
                fields[name] = kept
    for name, empty in plan.required.items():
        if name not in fields and name not in given:
            if message.get(name) in (None, "", [], {}):
                notes.add("missing", f"{path}{name}")
            fields[name] = empty()
    return fields


class _Plan:
    """How to mend each field of a struct, and what stands in for those that must be there."""

    def __init__(self, struct: type[Struct]) -> None:
        self.menders: dict[str, Mend] = {}
        self.required: dict[str, Callable[[], Any]] = {}
        info = type_info(struct)
        assert isinstance(info, StructType)
        for field in info.fields:
            if field.name in ("id", "time"):
                continue
            self.menders[field.encode_name] = _mender(field.name, field.type)
            if field.required:
                self.required[field.name] = _empty(field.name, field.type)


@cache
def _plan(struct: type[Struct]) -> _Plan:
    return _Plan(struct)


def _empty(name: str, wanted: Type) -> Callable[[], Any]:
    """What a required field holds that is missing."""
    if name == "specversion":
        return lambda: "1.0"
    if name == "source":
        return lambda: "/unknown"
    if isinstance(wanted, LiteralType):
        return lambda: "other"  # what was clicked on the site
    if isinstance(wanted, StructType):
        return lambda: wanted.cls(**_fields(wanted.cls, {}, "", Notes()))
    if isinstance(wanted, ListType):
        return list
    return {IntType: lambda: 1, BoolType: lambda: False}.get(type(wanted), str)


def _mender(name: str, wanted: Type) -> Mend:
    """How a value of the contract's type is mended."""
    if isinstance(wanted, UnionType):
        parts = [
            one for one in wanted.types if not type(one).__name__.startswith(("None", "Unset"))
        ]
        if any(isinstance(one, FloatType) for one in parts):
            return quantity
        return _mender(name, parts[0])
    if isinstance(wanted, StructType):
        return lambda value, path, notes: _struct(wanted.cls, value, path, notes)
    mender: Mend
    match wanted:
        case ListType():
            mender = _list(wanted)
        case RawType():
            mender = _context
        case StrType():
            mender = _OWN.get(name) or text(name, wanted)
        case IntType():
            mender = whole(wanted)
        case BoolType():
            mender = truth
        case LiteralType():
            mender = choice(name, wanted)
        case _:
            raise TypeError(f"no way to mend {name}: {wanted}")
    return mender


def _struct(struct: type[Struct], value: Any, path: str, notes: Notes) -> Any:
    if not isinstance(value, dict):
        notes.add("unreadable", path)
        return ABSENT
    return struct(**_fields(struct, value, f"{path}.", notes))


def _list(wanted: ListType) -> Mend:
    item_type = wanted.item_type
    assert isinstance(item_type, StructType)
    item, most = item_type.cls, wanted.max_length or MOST_PRODUCTS

    def mend(value: Any, path: str, notes: Notes) -> Any:
        if isinstance(value, dict):
            value = _listed(value)
            notes.add("another_type", path)
        if not isinstance(value, list):
            notes.add("unreadable", path)
            return ABSENT
        kept: list[Any] = []
        for one in value:
            product = _item(item, one, f"{path}[]", notes)
            if product is None or len(kept) == most:
                notes.add("item_left_out", f"{path}[]")
                if len(kept) == most:
                    break
            else:
                kept.append(product)
        if not value and wanted.min_length:
            return ABSENT
        return kept

    return mend


def _listed(value: dict[str, Any]) -> list[Any]:
    """A list as other languages write it: one item bare, or the items by their places."""
    return list(value.values()) if value and all(map(str.isdecimal, value)) else [value]


def _item(item: type[Struct], value: Any, path: str, notes: Notes) -> Any:
    """A product of a list; without a SKU it is none, and what it says is of no use."""
    if not isinstance(value, dict):
        return None
    if item.__name__ == "Product":
        sku = value.get("sku")
        if sku is None or not isinstance(sku, str | int | float) or not str(sku).strip():
            return None
    return item(**_fields(item, value, f"{path}.", notes))


def _context(value: Any, path: str, notes: Notes) -> Any:
    """The text itself is put in by `decode`, as it came; here only whether there is one."""
    if isinstance(value, dict):
        return Raw(b"{}")
    notes.add("unreadable", path)
    return ABSENT


@lru_cache(1024)
def _nearest(struct: type[Struct], name: str) -> str:
    """The known field that an unknown one may be meant for, in words."""
    known = [field.encode_name for field in msgspec.structs.fields(struct)]
    plain = name.lower()
    in_minor_units = [one for one in known if one == f"{plain}_minor"]
    near = in_minor_units or difflib.get_close_matches(plain, known, n=1)
    return f"did you mean {near[0]}?" if near else ""


def identity_warnings(event: Any) -> tuple[EventWarning, ...]:
    """Which names of an event name nobody, and whether none is left: by the shipped list; and which
    tell an address or a number.

    The stream empties the ones by the shop's own list and makes digests of the others; whoever
    publishes learns of it here.
    """
    told = event.data.identifiers
    names = {
        "visitorid": event.visitorid,
        "customerid": event.customerid,
        "visitid": event.visitid,
        **(
            {f"data.identifiers.{name}": getattr(told, name) for name in _OTHER_NAMES}
            if told
            else {}
        ),
        **{f"data.{name}": getattr(event.data, name, "") for name in _OTHER_NAMES},
    }
    given = {field: name for field, name in names.items() if name}
    nobodys = [field for field, name in given.items() if names_nobody(name)]
    warnings = [EventWarning("names_nobody", field) for field in nobodys]
    in_plain = {**given, "id": event.id, "data.order_id": getattr(event.data, "order_id", "")}
    warnings += [
        EventWarning("plain_identifier", field)
        for field, name in in_plain.items()
        if plain_digest(name)
    ]
    is_about_order = getattr(event.data, "order_id", "")  # which may be anybody's
    if not set(given) - set(nobodys) - {"visitid"} and not is_about_order:
        warnings.append(EventWarning("nobody_named", ""))
    return tuple(warnings)


_OWN: dict[str, Mend] = {"currency": currency, "email_sha256": digest, "phone_sha256": digest}
_OTHER_NAMES = ("email_sha256", "phone_sha256", "partner_id")
