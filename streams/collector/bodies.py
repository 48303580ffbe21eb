"""The body of a request to the messages in it, as bytes; what cannot be read is a `Refusal`."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from streams.json_text import BOM, items_of

ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
LINES = "application/x-ndjson"
ONE_OR_BATCH = ("application/json", "text/plain")  # the latter is what sendBeacon sends
MEDIA_TYPES = (ONE, BATCH, *ONE_OR_BATCH, LINES)

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
    bare = body.removeprefix(BOM).lstrip()
    if media == BATCH or (media != ONE and bare.startswith(b"[")):
        return _array(bare, at_most)
    return [body]


def _array(body: bytes, at_most: int) -> list[bytes] | Refusal:
    """The items of an array; one that cannot be read costs no other."""
    if not body.startswith(b"["):
        return Refusal(400, "not a JSON array: an array was expected")
    try:
        body.decode()
        return _bounded([bytes(one) for one in _ARRAY.decode(body)], at_most)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
        return _bounded(list(items_of(body)), at_most)


def _bounded(messages: list[bytes], at_most: int) -> list[bytes] | Refusal:
    if len(messages) > at_most:
        return Refusal(413, f"{len(messages):,} events in one request, at most {at_most:,}")
    return messages
