"""Batches of Kafka's message format 2, byte by byte: what a hostile producer may send."""

from __future__ import annotations

import gzip
import random
import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

import cramjam
from aiokafka.record.util import calc_crc32c

from tests.builders import NOON

NOON_MS = int(NOON.timestamp() * 1000)
GZIP, ZSTD = 1, 4


class RawMessage(NamedTuple):
    """One record; every part may be any bytes, and None is none."""

    key: bytes | None = None
    value: bytes | None = None
    headers: Sequence[tuple[bytes, bytes | None]] = ()
    timestamp_ms: int = NOON_MS


class RawName(str):
    """The name of a header that kafka-python sends as these bytes."""

    raw: bytes

    def __new__(cls, raw: bytes) -> RawName:
        name = super().__new__(cls, raw.decode(errors="replace"))
        name.raw = raw
        return name

    def encode(self, *_: object, **__: object) -> bytes:
        return self.raw


def raw_batch(
    messages: Sequence[RawMessage],
    *,
    base_offset: int = 0,
    leader_epoch: int = 7,
    codec: int = 0,
    damage: Callable[[int, bytes], bytes] = lambda _, content: content,
) -> bytes:
    """A batch with a right checksum.

    Args:
        messages: its records, at least one.
        base_offset: of the first.
        leader_epoch: of the batch.
        codec: 0 for none, `GZIP` or `ZSTD`.
        damage: may change the bytes of a record (its number, what stands behind its length).
    """
    first_ms = messages[0].timestamp_ms
    body = b"".join(
        _sized(damage(number, _record(number, message, first_ms)))
        for number, message in enumerate(messages)
    )
    if codec:
        body = {GZIP: gzip.compress, ZSTD: cramjam.zstd.compress}[codec](body)
    times = [message.timestamp_ms for message in messages]
    count = len(messages)
    signed = struct.pack(">hiqqqhii", codec, count - 1, first_ms, max(times), -1, -1, -1, count)
    signed += bytes(body)
    crc = calc_crc32c(signed)
    rest = struct.pack(">ibI", leader_epoch, 2, crc) + signed
    return struct.pack(">qi", base_offset, len(rest)) + rest


def random_message(chance: random.Random, values: Sequence[bytes]) -> RawMessage:
    """Any record that the broker takes; its value is often one of these."""

    def some_bytes(longest: int) -> bytes | None:
        return None if chance.random() < 0.1 else chance.randbytes(chance.randrange(longest))

    return RawMessage(
        key=some_bytes(20),
        value=chance.choice(values) if chance.random() < 0.7 else some_bytes(60),
        headers=[(some_bytes(6) or b"", some_bytes(9)) for _ in range(chance.choice((0, 0, 1, 2)))],
        timestamp_ms=chance.choice(
            (NOON_MS, -1, 0, -2, -(2**62), NOON_MS - chance.randrange(10**9), 2**61)
        ),
    )


def _record(number: int, message: RawMessage, first_ms: int) -> bytes:
    headers = b"".join(_sized(name) + _nullable(content) for name, content in message.headers)
    return (
        b"\0"
        + _varint(message.timestamp_ms - first_ms)
        + _varint(number)
        + _nullable(message.key)
        + _nullable(message.value)
        + _varint(len(message.headers))
        + headers
    )


def _nullable(content: bytes | None) -> bytes:
    return _varint(-1) if content is None else _sized(content)


def _sized(content: bytes) -> bytes:
    return _varint(len(content)) + content


def _varint(number: int) -> bytes:
    written = bytearray()
    number = (number << 1) ^ (number >> 63)
    number %= 1 << 64
    while number > 0x7F:
        written.append(0x80 | number & 0x7F)
        number >>= 7
    written.append(number)
    return bytes(written)
