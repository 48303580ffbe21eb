"""A message as the broker gave it, where it came from, and when the broker took it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple


class Record(NamedTuple):
    """One message of a partition, as the broker gave it.

    A header's name that is not UTF-8 bears its bytes as surrogates. `leader_epoch` is -1 where the
    broker gives none. `timestamp_ms` is the record's own where `broker_time_ms` was bounded.
    """

    offset: int
    key: bytes
    payload: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    broker_time_ms: int
    leader_epoch: int = -1
    timestamp_ms: int | None = None


class Origin(NamedTuple):
    """Where a batch comes from: all of its records share topic, partition and the writer's
    generation.
    """

    topic: str
    partition: int
    generation: int


def with_bounded_times(
    records: Sequence[Record], after_ms: int, latest_ms: int
) -> Sequence[Record]:
    """The records, with the time at which the broker took each, as far as that can be known.

    Where a topic does not keep LogAppendTime, a timestamp is the producer's word and any 64 bits.
    A partition's clock never goes back, so that "first" goes by offset there, and is never ahead of
    ours, so that another partition's can be compared with it.

    Args:
        records: of one partition, (n,), offsets ascending.
        after_ms: the partition's clock before them, 0 (1970) when there is none.
        latest_ms: our own clock.

    Returns:
        (n,) records whose times ascend from `after_ms`; what they bore is `timestamp_ms`.
    """
    times = [one.broker_time_ms for one in records]
    bounded = list(accumulate((min(time, latest_ms) for time in times), max, initial=after_ms))[1:]
    if bounded == times:
        return records
    return [
        one
        if time == one.broker_time_ms
        else one._replace(broker_time_ms=time, timestamp_ms=one.broker_time_ms)
        for one, time in zip(records, bounded, strict=True)
    ]
