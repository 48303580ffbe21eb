"""The body of a request to the messages in it, as bytes; what cannot be read is a `Refusal`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import msgspec

ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
LINES = "application/x-ndjson"
ONE_OR_BATCH = ("application/json", "text/plain")  # the latter is what sendBeacon sends
MEDIA_TYPES = (ONE, BATCH, *ONE_OR_BATCH, LINES)

_BLANKS = re.compile(r"[ \t\r\n]*")
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that is refused as a whole: the HTTP status and the reason."""

    status: int
    reason: str


def unreadable(content_type: str, content_encoding: str = "") -> Refusal | None:
    """Why a body of such a type could not be read, before any of it has come."""
    media, _, parameters = content_type.partition(";")
    if media.strip().lower() not in MEDIA_TYPES:
        found = f"`Content-Type: {media.strip()[:80]}` is not taken, but {', '.join(MEDIA_TYPES)}"
        return Refusal(415, found)
    _, _, charset = parameters.lower().partition("charset=")
    if charset.strip(' "') not in ("", "utf-8", "utf8", "us-ascii"):
        return Refusal(415, "`charset` must be utf-8")
    if content_encoding.lower() not in ("", "identity"):
        return Refusal(415, "`Content-Encoding` is not taken: send the body as it is")
    return None


def messages_in(content_type: str, body: bytes, at_most: int) -> list[bytes] | Refusal:
    """The messages of a body; whether each is an event is not looked at here.

    Args:
        content_type: one of `MEDIA_TYPES`, whatever its parameters.
        body: all of it.
        at_most: how many messages are taken at a time.
    """
    media = content_type.partition(";")[0].strip().lower()
    if not body.strip():
        return Refusal(400, "the body is empty")
    if media == LINES:
        return _bounded([line for line in body.splitlines() if line.strip()], at_most)
    if media == BATCH or (media != ONE and body.lstrip()[:1] == b"["):
        return _array(body, at_most)
    return [body]


def _array(body: bytes, at_most: int) -> list[bytes] | Refusal:
    try:
        body.decode()
        return _bounded([bytes(one) for one in _ARRAY.decode(body)], at_most)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
        messages = _items(body.decode("utf-8", "surrogateescape"))
    if isinstance(messages, str):
        return Refusal(400, f"not a JSON array: {messages}")
    return _bounded(messages, at_most)


def _items(text: str) -> list[bytes] | str:
    """The items of an array that is not JSON by the book, or why it is none at all.

    One that cannot be read costs no other: half surrogates and bytes that are not UTF-8 stay where
    they are, and what stands behind the last readable item is one more message.
    """
    decoder = json.JSONDecoder(strict=False)
    items: list[bytes] = []
    if text.lstrip()[:1] != "[":
        return "an array was expected"
    place = text.index("[") + 1
    while True:
        place = _BLANKS.match(text, place).end()  # type: ignore[union-attr]  # it matches anywhere
        if text[place : place + 1] == "]" and not text[place + 1 :].strip():
            return items
        try:
            _, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            if not items:
                return str(error)
            return [*items, text[place:].encode("utf-8", "surrogateescape")]
        items.append(text[place:end].encode("utf-8", "surrogateescape"))
        place = _BLANKS.match(text, end).end()  # type: ignore[union-attr]  # as above
        if text[place : place + 1] == ",":
            place += 1


def _bounded(messages: list[bytes], at_most: int) -> list[bytes] | Refusal:
    if len(messages) > at_most:
        return Refusal(413, f"{len(messages):,} events in one request, at most {at_most:,}")
    return messages
