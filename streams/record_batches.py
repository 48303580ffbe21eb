"""What the broker holds, read whatever it says.

aiokafka's reader takes a header's name for UTF-8, which the broker never checked: one name that is
none stopped a partition for ever. So a batch is read by its fast reader, and only if that fails
record by record here. A record that is damaged inside becomes one without a key whose payload are
its own bytes, so that it ends among the dead letters and the ones behind it are read.

The leader's epoch of a batch goes with its records: the ledger keeps it, to notice a broker that
lost its tail. Layout of a batch: Kafka's message format, version 2 (KIP-98).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.legacy_records import LegacyRecordBatch
from cramjam import DecompressionError

from streams.records import Record

__all__ = ["RecordBatches", "install_reader"]

_OVERHEAD = struct.Struct(">qi")  # base offset, length of what follows
_HEAD = struct.Struct(">qiibIhiqqqhii")
_LEAST_BYTES = _OVERHEAD.size + 14  # of a message of version 0
_MAGIC_AT = 16
_APPEND_TIME = 0x08
_CODEC_MASK = 0x07
_LONGEST_VARINT = 10
_INT64 = 1 << 64

_FAULTS = (CorruptRecordException, ValueError, IndexError, OverflowError, EOFError, OSError)
_CODEC_FAULTS = (*_FAULTS, zlib.error, DecompressionError)


class _Head(NamedTuple):
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


class RawRecord(NamedTuple):
    """One record as it stands in a batch; names of headers that are not UTF-8 bear surrogates."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class RecordBatches:
    """The batches of one fetched piece of a partition, as aiokafka's fetcher wants them.

    Args:
        content: bytes as the broker sent them; the last batch may be cut off.
    """

    def __init__(self, content: bytes) -> None:
        self._content = memoryview(content)
        self._position = 0
        self.leader_epoch = -1  # of the batch given last; -1 where the broker keeps none

    def size_in_bytes(self) -> int:
        """The size of the piece."""
        return len(self._content)

    def has_next(self) -> bool:
        """Whether another whole batch is there."""
        return self._end() is not None

    def next_batch(self) -> Any:
        """The next whole batch, None behind the last one.

        Raises:
            CorruptRecordException: it is shorter than a batch can be.
        """
        end = self._end()
        if end is None:
            return None
        content = self._content[self._position : end]
        if len(content) < _LEAST_BYTES:
            raise CorruptRecordException(f"a batch of {len(content)} bytes")
        self._position = end
        magic = content[_MAGIC_AT]
        if magic < 2:
            self.leader_epoch = -1
            return LegacyRecordBatch(content, magic)
        self.leader_epoch = _HEAD.unpack_from(content)[2]
        return _Batch(content)

    def _end(self) -> int | None:
        """Where the next batch ends, None when it is not whole."""
        if len(self._content) - self._position < _OVERHEAD.size:
            return None
        _, length = _OVERHEAD.unpack_from(self._content, self._position)
        end = self._position + _OVERHEAD.size + int(length)
        return end if self._position < end <= len(self._content) else None


class _Batch:
    """aiokafka's batch, whose records are read a second way when its own fails."""

    def __init__(self, content: memoryview) -> None:
        self._content = content
        self._batch = DefaultRecordBatch(content)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._batch))
        except _CODEC_FAULTS:
            return iter(list(_read_apart(bytes(self._content))))

    def __next__(self) -> Any:
        """The record of a control batch."""
        return next(self._batch)


class _PartitionRecords(fetcher.PartitionRecords):  # type: ignore[misc]  # aiokafka is untyped
    """aiokafka's records of a partition, each made one of ours, with its leader's epoch."""

    def _consumer_record(self, _tp: Any, record: Any) -> Record:
        at = record.timestamp
        return Record(
            record.offset,
            record.key or b"",
            record.value,
            tuple(record.headers),
            -1 if at is None else at,
            self._records.leader_epoch,
        )


def install_reader() -> None:
    """Have aiokafka's consumers of this process read with `RecordBatches`, and give `Record`."""
    fetcher.MemoryRecords = RecordBatches
    fetcher.PartitionRecords = _PartitionRecords


def _read_apart(content: bytes) -> Iterator[RawRecord]:
    """The records of a batch, one after the other; the damaged ones as their own bytes."""
    head = _Head(*_HEAD.unpack_from(content))
    try:
        body = _body(content, head)
    except _CODEC_FAULTS:
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


def _damaged(head: _Head, offset: int, content: bytes) -> RawRecord:
    return RawRecord(offset, head.max_timestamp, None, content, ())


def _body(content: bytes, head: _Head) -> bytes:
    """The records of a batch, decompressed by aiokafka."""
    codec = head.attributes & _CODEC_MASK
    if not codec:
        return content[_HEAD.size :]
    from aiokafka import codec as codecs

    decode = {
        1: codecs.gzip_decode,
        2: codecs.snappy_decode,
        3: codecs.lz4_decode,
        4: codecs.zstd_decode,
    }[codec]
    return bytes(decode(content[_HEAD.size :]))


def _record(body: bytes, head: _Head) -> RawRecord:
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
