"""Bytes of the topic to an event of the contract, or to every reason why not.

An event is refused only for what makes it unusable: no JSON object, no id, no type that the
contract knows, no time or an impossible one. Whatever else is wrong costs the detail and not the
event, which bears a warning of it.

The good way is one pass of msgspec. Only a message that it does not take, or that holds a field
which the contract does not know, is looked at again, slowly, field by field (`streams.mending`).
What msgspec does not check is checked here: UTF-8 inside the parts it skips, the size and the years
an instant may lie in.
"""

from __future__ import annotations

import difflib
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET, Raw, Struct

from streams.event_warnings import EventWarning
from streams.events import KINDS, Event
from streams.json_text import rewritten, tolerant
from streams.mending import mended
from streams.nobody import names_nobody
from streams.personal import masked_text
from streams.value_mending import Notes, clean, instant_of, text_of

MAX_PAYLOAD_BYTES = 1_000_000  # the broker's own default limit (message.max.bytes) is 1,048,588
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
LONGEST_ID = 256

Failure = Literal["malformed", "unknown_kind", "invalid", "too_large"]

_DECODER: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
_FIRST_SURE_YEAR = EARLIEST.year + 1  # whatever the offset from UTC
_LAST_SURE_YEAR = LATEST.year - 2
_BRACE = ord("{")
_LONGEST_WORD = 18  # of those that stand for no id


class Rejected(Struct, frozen=True):
    """A message that could not be read: what kind of failure, and every reason for it."""

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
        The event with its warnings, at most 20, or every reason it could not be read.
    """
    if not payload:
        return Rejected("malformed", ("the message is empty",))
    if len(payload) > MAX_PAYLOAD_BYTES:
        size = f"{len(payload):,} bytes, at most {MAX_PAYLOAD_BYTES:,} are taken"
        return Rejected("too_large", (size,))
    try:
        if not payload.isascii():
            payload.decode()
        event = _DECODER.decode(payload)
    except (UnicodeDecodeError, msgspec.ValidationError, msgspec.DecodeError, RecursionError):
        return _read_leniently(payload)
    context = event.data.context
    is_named = len(event.id) > _LONGEST_WORD or not names_nobody(event.id)
    if (
        is_named
        and _FIRST_SURE_YEAR <= event.time.year <= _LAST_SURE_YEAR
        and (context is UNSET or bytes(context)[0] == _BRACE)
    ):
        return Decoded(event)  # as nearly all are; what lies at the edges is looked at closely
    return _read_leniently(payload)


def _read_leniently(payload: bytes) -> Decoded | Rejected:
    try:
        message, is_json = read_json(payload)
    except ValueError as error:
        return Rejected("malformed", (f"not JSON: {clean(str(error))}",))
    if not isinstance(message, dict):
        return Rejected("malformed", (f"an object was expected, not {_named(message)}",))
    notes = Notes()
    message, is_wrapped = _unwrapped(message, notes)
    name = message.get("type")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None and isinstance(name, str) and name.strip().lower() in KINDS:
        kind = KINDS[name.strip().lower()]
        notes.add("another_type", "type")
    event_id, time = _event_id(message.get("id"), notes), instant_of(message.get("time"), notes)
    errors = [] if kind else [_unknown(name)]
    if not event_id:
        errors.append(_no_id(message.get("id")))
    if time is None:
        errors.append(_no_time(message.get("time")))
    elif not EARLIEST <= time < LATEST:
        errors.append(f"`time` {time.isoformat()} lies outside {EARLIEST.year}..{LATEST.year - 1}")
    if kind is None or not event_id or time is None or errors:
        return Rejected("invalid" if kind else "unknown_kind", tuple(errors))
    event = mended(kind, message, time, event_id, notes)
    if event.data.context is not UNSET:
        context = _context_that_came(payload) if is_json and not is_wrapped else None
        if context is None:
            shallow = tolerant(payload) if is_json and not is_wrapped else message
            context = Raw(rewritten(shallow["data"]["context"]))
            if not is_wrapped:
                notes.add("text_mended", "data.context")
        event = _with_context(event, context)
    return Decoded(event, notes.warnings)


def _unwrapped(message: dict[str, Any], notes: Notes) -> tuple[dict[str, Any], bool]:
    """The message with its data as an object, where they came as text of JSON; whether they did."""
    data = message.get("data")
    if not isinstance(data, str) or data.lstrip()[:1] != "{":
        return message, False
    try:
        inner = tolerant(data.encode("utf-8", "surrogatepass"))
    except ValueError:
        return message, False
    notes.add("another_type", "data")
    return message | {"data": inner}, True


def read_json(payload: bytes) -> tuple[Any, bool]:
    """The JSON of a message, and whether it is JSON by the book.

    What programs write that is none is read too (`json_text.tolerant`): half surrogates and bytes
    that are not UTF-8 as lone surrogates, control characters in texts, a mark of the byte order,
    NaN and Infinity; what nests without end is cut off.

    Raises:
        ValueError: it is none of these.
    """
    try:
        payload.decode()
        return msgspec.json.decode(payload), True
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
        return tolerant(payload), False


def _event_id(value: Any, notes: Notes) -> str:
    """The id of an event, empty when there is none; `null` written as text is none either."""
    if value is None or isinstance(value, bool | dict | list):
        return ""
    text = text_of(value, "id", notes, LONGEST_ID, is_id=True)
    if not isinstance(text, str) or not text.strip():
        return ""
    return "" if names_nobody(text) and not text.strip().isdigit() else text


def _no_id(value: Any) -> str:
    if isinstance(value, str):
        return f"`id` {_shown(value)!r} is none"
    return "`id` is missing" if value is None else f"`id` is {_named(value)}"


def _no_time(value: Any) -> str:
    if value is None:
        return "`time` is missing"
    shown = repr(_shown(value)) if isinstance(value, str) else f"is {_named(value)}, which"
    return f"`time` {shown} is no instant such as 2026-03-14T12:00:00Z"


def _context_that_came(payload: bytes) -> Raw | None:
    """The photographic context as its text, None where that cannot be told apart."""
    try:
        return msgspec.json.decode(payload, type=_WithContext).data.context
    except (msgspec.DecodeError, RecursionError):
        return None


def _with_context(event: Any, context: Raw) -> Any:
    data = msgspec.structs.replace(event.data, context=context)
    return msgspec.structs.replace(event, data=data)


class _Context(Struct):
    context: Raw


class _WithContext(Struct):
    data: _Context


def _unknown(kind: object) -> str:
    if not isinstance(kind, str):
        return "`type` is missing" if kind is None else f"`type` is {_named(kind)}, not text"
    shown = _shown(kind)
    near = difflib.get_close_matches(shown, KINDS, n=1)
    return f"`type` {shown!r} is not in the contract" + (f"; {near[0]}?" if near else "")


def _shown(text: str) -> str:
    """The beginning of a text for people, with nothing personal."""
    return masked_text(clean(text)[:80])


def _named(value: object) -> str:
    names = {
        dict: "an object",
        list: "an array",
        str: "text",
        bool: "a truth value",
        type(None): "null",
    }
    return names.get(type(value), "a number")
