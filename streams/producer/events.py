"""Publishing events: idempotent, acknowledged by all replicas, many at a time.

The library's own retries wait out a broker's outage for as long as the budget says; only then is
it an error.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from kafka import KafkaProducer

from streams.producer.connection import connection, translated
from streams.settings import StreamSettings

OUTAGE_BUDGET_SECONDS = 120.0
LINGER_MS = 20
BATCH_BYTES = 256 * 1024
REQUEST_BYTES = 4 * 1024 * 1024
WINDOW_MESSAGES = 5_000
WINDOWS = 8


class EventProducer:
    """Publishes events, in the order given per key, many at a time."""

    def __init__(
        self, settings: StreamSettings, outage_budget_seconds: float = OUTAGE_BUDGET_SECONDS
    ) -> None:
        """Connect.

        Args:
            settings: the broker, and the topic of events.
            outage_budget_seconds: an outage that lasts no longer is waited out.

        Raises:
            BrokerBusyError: no broker answers.
        """
        self._topic = settings.events_topic
        self._budget_seconds = outage_budget_seconds
        self._pending: deque[list[Any]] = deque()
        self._window: list[Any] = []
        with translated(f"connect to {settings.kafka_brokers}"):
            self._producer = KafkaProducer(
                **connection(settings),
                enable_idempotence=True,
                acks="all",
                compression_type="lz4",
                linger_ms=LINGER_MS,
                batch_size=BATCH_BYTES,
                max_request_size=REQUEST_BYTES,
                delivery_timeout_ms=int(outage_budget_seconds * 1000),
                max_block_ms=int(outage_budget_seconds * 1000),
                metrics_enabled=False,
            )

    def send(self, key: bytes, value: bytes) -> None:
        """Hand over one message; waits when too many are not acknowledged yet.

        Raises:
            BrokerError: a message handed over earlier, or this one, could not be published.
        """
        with translated("publish"):
            self._window.append(self._producer.send(self._topic, key=key, value=value))
        if len(self._window) >= WINDOW_MESSAGES:
            self._pending.append(self._window)
            self._window = []
            while len(self._pending) > WINDOWS:
                self._settle(self._pending.popleft())

    def flush(self) -> None:
        """Wait until every message handed over is acknowledged.

        Raises:
            BrokerError: one of them could not be published.
        """
        with translated("publish"):
            self._producer.flush(self._budget_seconds)
        self._pending.append(self._window)
        self._window = []
        while self._pending:
            self._settle(self._pending.popleft())

    def close(self) -> None:
        """Publish what is left and disconnect."""
        try:
            self.flush()
        finally:
            self._producer.close(timeout=1)

    def __enter__(self) -> EventProducer:
        """The producer itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Publish what is left and disconnect."""
        self.close()

    def _settle(self, window: list[Any]) -> None:
        with translated("publish"):
            for future in window:
                future.get(self._budget_seconds)
