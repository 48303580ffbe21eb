"""Batches that aiokafka's reader refuses, record by record.

A record that is damaged inside becomes one without a key whose payload are its own bytes, so that
it ends among the dead letters and those behind it are read. A batch that unfolds to more than 64 MB
(6 KB of zstd can hold 200 MB) is kept folded, as one dead letter. Layout of a batch: Kafka's
message format, version 2 (KIP-98).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import cramjam
from aiokafka.codec import snappy_decode
from aiokafka.errors import CorruptRecordException
from cramjam import DecompressionError

MAX_UNFOLDED_BYTES = 64 * 1024 * 1024  # a batch of the publisher's has 3 MB

_HEAD = struct.Struct(">qiibIhiqqqhii")
_APPEND_TIME = 0x08
_CODEC_MASK = 0x07
_LONGEST_VARINT = 10
_SNAPPY = 2  # unfolds to 21 times its size at most, and is never more than the broker takes
_UNFOLDERS = {
    1: cramjam.gzip.decompress_into,
    3: cramjam.lz4.decompress_into,
    4: cramjam.zstd.decompress_into,
}
_HIGHEST_RATIOS = {1: 1_032, 3: 255, 4: MAX_UNFOLDED_BYTES}  # zstd's has no bound to speak of
_INT64 = 1 << 64

_FAULTS = (CorruptRecordException, ValueError, LookupError, OverflowError, EOFError, OSError)
BATCH_FAULTS = (*_FAULTS, zlib.error, DecompressionError)


class BatchHead(NamedTuple):
    """The fixed part of a batch, as `_HEAD` lays it out."""

    base_offset: int
    length: int
    leader_epoch: int
    magic: int
    crc: int
    attributes: int
    last_offset_delta: int
    first_timestamp: int
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    record_count: int

    @classmethod
    def of(cls, content: bytes | memoryview) -> BatchHead:
        """The head of a batch."""
        return cls(*_HEAD.unpack_from(content))


class RawRecord(NamedTuple):
    """One record as it stands in a batch; names of headers that are not UTF-8 bear surrogates."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


def read_apart(content: bytes) -> Iterator[RawRecord]:
    """The records of a batch, one after the other; the damaged ones as their own bytes."""
    head = BatchHead.of(content)
    try:
        body = _body(content, head)
    except BATCH_FAULTS:
        yield _damaged(head, head.base_offset + head.last_offset_delta, content[_HEAD.size :])
        return
    position, offset = 0, head.base_offset - 1
    for number in range(head.record_count):
        try:
            length, start = _varint(body, position)
            if not 0 <= length <= len(body) - start:
                raise ValueError(f"a record of {length} bytes")
        except _FAULTS:
            yield _damaged(head, head.base_offset + head.last_offset_delta, body[position:])
            return
        position = start + length
        try:
            record = _record(body[start:position], head)
            if not offset < record.offset <= head.base_offset + head.last_offset_delta:
                raise ValueError(f"offset {record.offset} after {offset}")
        except _FAULTS:
            offset = max(offset + 1, head.base_offset + number)
            yield _damaged(head, offset, body[start:position])
        else:
            offset = record.offset
            yield record


def _damaged(head: BatchHead, offset: int, content: bytes) -> RawRecord:
    return RawRecord(offset, head.max_timestamp, None, content, ())


def _body(content: bytes, head: BatchHead) -> bytes:
    """The records of a batch, decompressed.

    Raises:
        DecompressionError: it is no compressed text, or unfolds to more than we hold.
        KeyError: the codec is none that Kafka has.
    """
    body = content[_HEAD.size :]
    codec = head.attributes & _CODEC_MASK
    if not codec:
        return body
    return bytes(snappy_decode(body)) if codec == _SNAPPY else _unfolded(codec, body)


def _unfolded(codec: int, body: bytes | memoryview) -> bytes:
    """A compressed text as it was, at most `MAX_UNFOLDED_BYTES`."""
    likely = min(max(16 * len(body), 1 << 20), MAX_UNFOLDED_BYTES)
    try:
        return _within(likely, codec, body)
    except DecompressionError:
        return _within(MAX_UNFOLDED_BYTES, codec, body)


def _within(size: int, codec: int, body: bytes | memoryview) -> bytes:
    unfolded = bytearray(size)
    return bytes(memoryview(unfolded)[: _UNFOLDERS[codec](body, unfolded)])


def unfolds_too_far(content: memoryview) -> bool:
    """Whether a batch is larger than we hold, or no compressed text at all."""
    body = content[_HEAD.size :]
    codec = BatchHead.of(content).attributes & _CODEC_MASK
    if codec not in _UNFOLDERS or len(body) * _HIGHEST_RATIOS[codec] <= MAX_UNFOLDED_BYTES:
        return False
    try:
        _unfolded(codec, body)
    except DecompressionError:
        return True
    return False


def _record(body: bytes, head: BatchHead) -> RawRecord:
    """Read one record.

    Args:
        body: attributes, timestamp's and offset's difference, key, value and headers.
        head: of its batch.

    Raises:
        ValueError: it says something impossible.
        IndexError: it ends too early.
    """
    _attributes = body[0]
    later_by, position = _varint(body, 1)
    delta, position = _varint(body, position)
    key, position = _sized(body, position)
    value, position = _sized(body, position)
    count, position = _varint(body, position)
    if count < 0:
        raise ValueError(f"{count} headers")
    headers = []
    for _ in range(count):
        name, position = _sized(body, position)
        if name is None:
            raise ValueError("a header without a name")
        content, position = _sized(body, position)
        headers.append((name.decode(errors="surrogateescape"), content))
    if position != len(body):
        raise ValueError(f"{len(body) - position} bytes behind the headers")
    timestamp = (
        head.max_timestamp
        if head.attributes & _APPEND_TIME
        else _signed(head.first_timestamp + later_by)
    )
    return RawRecord(head.base_offset + delta, timestamp, key, value, headers)


def _sized(body: bytes, position: int) -> tuple[bytes | None, int]:
    """Bytes behind their length, and where they end; -1 stands for none."""
    length, start = _varint(body, position)
    if length < 0:
        return None, start
    if length > len(body) - start:
        raise IndexError(f"{length} bytes at {start} of {len(body)}")
    return body[start : start + length], start + length


def _varint(body: bytes, position: int) -> tuple[int, int]:
    """A zig-zag number of up to 64 bits, and where it ends."""
    number = 0
    for count in range(_LONGEST_VARINT):
        byte = body[position + count]
        number |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            number %= _INT64
            return (number >> 1) ^ -(number & 1), position + count + 1
    raise ValueError(f"a number of more than {_LONGEST_VARINT} bytes")


def _signed(number: int) -> int:
    """A number as the 64 bits of the protocol hold it."""
    number %= _INT64
    return number - _INT64 if number >= _INT64 // 2 else number
