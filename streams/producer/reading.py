"""Reading a topic from one end to the other, outside of any consumer group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from streams.producer.connection import connection, translated
from streams.producer.topics import end_offsets
from streams.settings import StreamSettings

POLL_MS = 500
POLL_RECORDS = 5_000


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
        BrokerBusyError: the broker went away.
    """
    places = {
        partition: TopicPartition(topic, partition) for partition in end_offsets(settings, topic)
    }
    with translated(f"read {topic}"):
        consumer = _consumer(settings, read_committed)
        try:
            consumer.assign(list(places.values()))
            for partition, offset in (start or {}).items():
                consumer.seek(places[partition], offset)
            ends = consumer.end_offsets(list(places.values()))
            while not (stop_at_end and _has_reached(consumer, ends)):
                for place, batch in consumer.poll(POLL_MS, POLL_RECORDS).items():
                    for one in batch:
                        if not stop_at_end or one.offset < ends[place]:
                            yield _record(one)
        finally:
            consumer.close()


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
    return all(consumer.position(place) >= end for place, end in ends.items())


def _record(one: Any) -> Record:
    return Record(one.partition, one.offset, one.key, one.value, tuple(one.headers), one.timestamp)
