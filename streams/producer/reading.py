"""Reading a topic from one end to the other, outside of any consumer group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from streams.producer.connection import (
    ANSWER_BUDGET_SECONDS,
    BrokerBusyError,
    connection,
    translated,
)
from streams.producer.topics import end_offsets
from streams.settings import StreamSettings

ANSWER_MS = int(ANSWER_BUDGET_SECONDS * 1000)
POLL_MS = 250
POLL_RECORDS = 5_000
SILENT_POLLS = 120  # half a minute without a record, the end not being reached: nobody is there


@dataclass(frozen=True, slots=True)
class Record:
    """One message of a topic, as stored."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp_ms: int


def read_topic(
    settings: StreamSettings,
    topic: str,
    *,
    start: dict[int, int] | None = None,
    stop_at_end: bool = True,
    read_committed: bool = True,
) -> Iterator[Record]:
    """The messages of a topic, in order per partition.

    Args:
        settings: the broker.
        topic: its name.
        start: the first offset wanted, per partition; partitions not named begin at their first.
        stop_at_end: end where the topic ended when reading began, instead of waiting for more.
        read_committed: leave out messages of transactions that are open or were aborted.

    Raises:
        BrokerRefusedError: there is no such topic.
        BrokerBusyError: the broker went away; without `stop_at_end` it is waited for.
    """
    places = [TopicPartition(topic, partition) for partition in end_offsets(settings, topic)]
    with translated(f"read {topic}"):
        consumer = _consumer(settings, read_committed)
        try:
            consumer.assign(places)
            for partition, offset in (start or {}).items():
                consumer.seek(TopicPartition(topic, partition), offset)
            if stop_at_end:
                yield from _until_ends(consumer, consumer.end_offsets(places, ANSWER_MS))
            else:
                yield from _without_end(consumer)
        finally:
            consumer.close()


def _until_ends(consumer: Any, ends: dict[Any, int]) -> Iterator[Record]:
    silent = 0
    while not _has_reached(consumer, ends):
        polled = consumer.poll(POLL_MS, POLL_RECORDS)
        silent = 0 if polled else silent + 1
        if silent > SILENT_POLLS:
            raise BrokerBusyError("the broker fell silent before the end of the topic")
        for place, batch in polled.items():
            yield from (_record(one) for one in batch if one.offset < ends[place])


def _without_end(consumer: Any) -> Iterator[Record]:
    while True:
        for batch in consumer.poll(POLL_MS, POLL_RECORDS).values():
            yield from map(_record, batch)


def _consumer(settings: StreamSettings, read_committed: bool) -> Any:
    return KafkaConsumer(
        **connection(settings),
        isolation_level="read_committed" if read_committed else "read_uncommitted",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        metrics_enabled=False,
    )


def _has_reached(consumer: Any, ends: dict[Any, int]) -> bool:
    """Whether every partition was read to its end; positions count invisible commit marks too."""
    return all(consumer.position(place, ANSWER_MS) >= end for place, end in ends.items())


def _record(one: Any) -> Record:
    return Record(one.partition, one.offset, one.key, one.value, tuple(one.headers), one.timestamp)
