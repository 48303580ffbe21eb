"""Bytes of the topic to an event of the contract, or to every reason why not.

The good way is one pass of msgspec. Only a message that fails is looked at again, slowly, field by
field, so that its sender learns all of its mistakes at once. What msgspec does not check is checked
here: UTF-8 inside the parts it skips, the size, the years an instant may lie in, and that somebody
is named.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, get_args, get_origin

import msgspec
from msgspec import UNSET, Raw, Struct

from streams.event_warnings import EventWarning
from streams.events import KINDS, Envelope, Event

MAX_PAYLOAD_BYTES = 1_000_000  # the broker's own default limit (message.max.bytes) is 1,048,588
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
NOBODY = "neither `visitorid` nor `customerid` is given"

Failure = Literal["malformed", "unknown_kind", "invalid", "too_large"]

_DECODER: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
_FIRST_SURE_YEAR = EARLIEST.year + 1  # whatever the offset from UTC
_LAST_SURE_YEAR = LATEST.year - 2
_BRACE = ord("{")


class Rejected(Struct, frozen=True):
    """A message that could not be read: what kind of failure, and every reason found."""

    failure: Failure
    errors: tuple[str, ...]


class Decoded(NamedTuple):
    """An event that could be read, and what was left out or mended to do so."""

    event: Event
    warnings: tuple[EventWarning, ...] = ()


def decode(payload: bytes | None) -> Decoded | Rejected:
    """Read one message of the shop's topic.

    A malformed message is an ordinary outcome, so it is a value: the caller decides where rejects
    go.

    Args:
        payload: UTF-8 JSON, one object, as in tests/examples; None is a message without a body.

    Returns:
        The event with its warnings, or every reason it could not be read.
    """
    if not payload:
        return Rejected("malformed", ("the message is empty",))
    if len(payload) > MAX_PAYLOAD_BYTES:
        found = f"{len(payload):,} bytes, at most {MAX_PAYLOAD_BYTES:,} are taken"
        return Rejected("too_large", (found,))
    try:
        if not payload.isascii():
            payload.decode()
        event = _DECODER.decode(payload)
    except UnicodeDecodeError as error:
        return Rejected("malformed", (f"not UTF-8 at byte {error.start}",))
    except (msgspec.ValidationError, msgspec.DecodeError, RecursionError):
        return _rejected(payload)
    context = event.data.context
    if (
        (event.visitorid or event.customerid)
        and _FIRST_SURE_YEAR <= event.time.year <= _LAST_SURE_YEAR
        and (context is UNSET or bytes(context)[0] == _BRACE)
    ):
        return Decoded(event)  # as nearly all are; what lies at the edges is looked at closely
    errors = tuple(_broken_rules(event))
    return Rejected("invalid", errors) if errors else Decoded(event)


def _broken_rules(event: Envelope) -> Iterator[str]:
    if not (event.visitorid or event.customerid):
        yield NOBODY
    if not EARLIEST <= event.time < LATEST:
        yield f"`time` {event.time.isoformat()} lies outside {EARLIEST.year}..{LATEST.year - 1}"
    context = event.data.context  # type: ignore[attr-defined]  # every kind has data
    if context is not UNSET and bytes(context)[:1] != b"{":
        yield "`data.context` is not an object"


def _rejected(payload: bytes) -> Rejected:
    try:
        message = msgspec.json.decode(payload)
    except (msgspec.DecodeError, RecursionError) as error:
        return Rejected("malformed", (f"not JSON: {error}",))
    if not isinstance(message, dict):
        return Rejected("malformed", (f"an object was expected, not {_named(message)}",))
    name = message.get("type")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        return Rejected("unknown_kind", (_unknown(name),))
    errors = tuple(_mistakes(message, kind, "$"))
    if not (message.get("visitorid") or message.get("customerid")):
        errors = (*errors, NOBODY)
    return Rejected("invalid", errors or ("the message contradicts the contract",))


def _unknown(kind: object) -> str:
    if not isinstance(kind, str):
        return "`type` is missing" if kind is None else f"`type` is {_named(kind)}, not text"
    near = difflib.get_close_matches(kind, KINDS, n=1)
    return f"`type` {kind[:80]!r} is not in the contract" + (f"; {near[0]}?" if near else "")


def _mistakes(value: object, wanted: Any, path: str) -> Iterator[str]:
    """Every mistake of a value against a type of the contract, each with its place."""
    struct = next((one for one in _alternatives(wanted) if _is_struct(one)), None)
    if struct is not None and isinstance(value, dict):
        for field in msgspec.structs.fields(struct):
            place = f"{path}.{field.encode_name}"
            if field.encode_name in value:
                yield from _mistakes(value[field.encode_name], field.type, place)
            elif field.required:
                yield f"{place} is missing"
        return
    items = next((get_args(one)[0] for one in _alternatives(wanted) if _is_list(one)), None)
    if items is not None and isinstance(value, list):
        for number, item in enumerate(value):
            yield from _mistakes(item, items, f"{path}[{number}]")
    if Raw in _alternatives(wanted):
        if not isinstance(value, dict):
            yield f"{path}: expected an object, found {_named(value)}"
        return
    try:
        msgspec.convert(value, wanted)
    except (msgspec.ValidationError, OverflowError) as error:
        if items is None or "Expected `array`" in str(error):
            yield f"{path}: {str(error).split(' - at ')[0]}"


def _alternatives(wanted: Any) -> tuple[Any, ...]:
    """A type without its bounds, or the members of a union of types."""
    if hasattr(wanted, "__metadata__"):
        return _alternatives(wanted.__origin__)
    if get_origin(wanted) is None or _is_list(wanted):
        return (wanted,)
    return tuple(get_args(wanted))


def _is_struct(wanted: Any) -> bool:
    return isinstance(wanted, type) and issubclass(wanted, Struct)


def _is_list(wanted: Any) -> bool:
    return get_origin(wanted) is list


def _named(value: object) -> str:
    names = {
        dict: "an object",
        list: "an array",
        str: "text",
        bool: "a truth value",
        type(None): "null",
    }
    return names.get(type(value), "a number")
