"""Publishing events: idempotent, acknowledged by all replicas, many at a time.

The library's own retries wait out a broker's outage for as long as the budget says; only then is
it an error. Handing over is slowed down to the broker's pace by looking back: a message is handed
over only when the one 45,000 places before it is acknowledged, so memory is bounded.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import TracebackType
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError
from kafka.partitioner.default import murmur2

from streams.producer.connection import (
    ANSWER_BUDGET_SECONDS,
    BrokerError,
    broker_error,
    connection,
    translated,
)
from streams.producer.topics import partition_count
from streams.settings import StreamSettings

OUTAGE_BUDGET_SECONDS = 120.0
GRACE_SECONDS = 2.0  # in which the library gives up what could not be delivered within the budget
REQUEST_SECONDS = 15.0
LINGER_MS = 20
BATCH_BYTES = 256 * 1024  # 64 KB: 41 k events/s, 256 KB: 52 k, 1 MB: 56 k (564 bytes each, 2 cores)
WINDOW_MESSAGES = 5_000
WINDOWS = 8
REMEMBERED_KEYS = 65_536


class EventProducer:
    """Publishes events, in the order given per key, many at a time.

    After an error it is spent, and nothing since the last `flush` counts as published: make a new
    one and publish it again.
    """

    def __init__(
        self, settings: StreamSettings, outage_budget_seconds: float = OUTAGE_BUDGET_SECONDS
    ) -> None:
        """Connect.

        Args:
            settings: the broker, and the topic of events.
            outage_budget_seconds: an outage that lasts no longer is waited out.

        Raises:
            BrokerBusyError: no broker answers.
            BrokerRefusedError: there is no such topic, or we may not write to it.
        """
        self._topic = settings.events_topic
        self._budget_seconds = outage_budget_seconds
        self._is_spent = False
        self._window: list[Any] = []
        self._windows: deque[list[Any]] = deque()
        answer_seconds = min(ANSWER_BUDGET_SECONDS, outage_budget_seconds)
        partitions = partition_count(settings, self._topic, answer_seconds)
        self._partition_of = partition_of(partitions)
        with translated(f"connect to {settings.kafka_brokers}"):
            self._producer = KafkaProducer(
                **connection(settings, answer_seconds),
                enable_idempotence=True,
                acks="all",
                compression_type="lz4",
                linger_ms=LINGER_MS,
                batch_size=BATCH_BYTES,
                request_timeout_ms=int(min(REQUEST_SECONDS, outage_budget_seconds / 2) * 1000),
                delivery_timeout_ms=int(outage_budget_seconds * 1000),
                max_block_ms=int(outage_budget_seconds * 1000),
                metrics_enabled=False,
            )

        try:
            with self._spending():  # asked now, or an outage could block `send`
                self._producer.partitions_for(self._topic)
        except BrokerError:
            self.close()
            raise

    def send(self, key: bytes, value: bytes) -> None:
        """Hand over one message; waits while too many are not acknowledged yet.

        Raises:
            BrokerError: this message, or one handed over earlier, could not be published.
        """
        try:
            sent = self._producer.send(self._topic, value, key, None, self._partition_of(key))
        except KafkaError as error:
            self._is_spent = True
            raise broker_error("publish", error) from error
        self._window.append(sent)
        if len(self._window) >= WINDOW_MESSAGES:
            self._close_window()
            if len(self._windows) > WINDOWS:
                with self._spending():
                    self._settle_oldest()

    def flush(self) -> None:
        """Wait until every message handed over is acknowledged.

        Raises:
            BrokerError: one of them could not be published.
        """
        self._close_window()
        with self._spending():
            self._producer.flush(self._budget_seconds + GRACE_SECONDS)
            while self._windows:
                self._settle_oldest()

    def close(self) -> None:
        """Publish what is left, unless an error came before, and disconnect.

        Raises:
            BrokerError: it could not be published.
        """
        try:
            if not self._is_spent:
                self.flush()
        finally:
            with contextlib.suppress(KafkaTimeoutError):  # the caller has been told already
                self._producer.close(timeout=1)

    def __enter__(self) -> EventProducer:
        """The producer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Publish what is left, unless an error came before, and disconnect."""
        self._is_spent = self._is_spent or kind is not None
        self.close()

    def _close_window(self) -> None:
        self._windows.append(self._window)
        self._window = []

    def _settle_oldest(self) -> None:
        for sent in self._windows.popleft():
            sent.get(self._budget_seconds + GRACE_SECONDS)

    @contextmanager
    def _spending(self) -> Iterator[None]:
        try:
            with translated("publish"):
                yield
        except BrokerError:
            self._is_spent = True
            raise


def partition_of(partitions: int) -> Callable[[bytes], int]:
    """The partition of a key, as Kafka's own clients reckon it, among so many.

    The library hashes in Python: remembering the keys is worth a fourth of the throughput.
    """

    def reckoned(key: bytes) -> int:
        return int(murmur2(key) & 0x7FFFFFFF) % partitions

    return lru_cache(REMEMBERED_KEYS)(reckoned)
