"""What the broker holds, read whatever it says.

aiokafka's reader takes a header's name for UTF-8, which the broker never checked: one name that is
none stopped a partition for ever. So a batch is read by its fast reader, and only if that fails
record by record (`streams.damaged_batches`). The leader's epoch of a batch goes with its records:
the ledger keeps it, to notice a broker that lost its tail.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.legacy_records import LegacyRecordBatch

from streams.damaged_batches import BATCH_FAULTS, BatchHead, read_apart, unfolds_too_far
from streams.records import Record

__all__ = ["RecordBatches", "install_reader"]

_OVERHEAD = struct.Struct(">qi")  # base offset, length of what follows
_LEAST_BYTES = _OVERHEAD.size + 14  # of a message of version 0
_MAGIC_AT = 16


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
        self.leader_epoch = BatchHead.of(content).leader_epoch
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
        if unfolds_too_far(self._content):
            return iter(list(read_apart(bytes(self._content))))
        try:
            return iter(list(self._batch))
        except BATCH_FAULTS:
            return iter(list(read_apart(bytes(self._content))))

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
