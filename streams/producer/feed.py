"""Publishing to the trigger feed: in transactions, by one producer at a time."""

from __future__ import annotations

from collections.abc import Sequence

from kafka import KafkaProducer

from streams.producer.connection import ANSWER_BUDGET_SECONDS, connection, translated
from streams.settings import StreamSettings


class FeedProducer:
    """Publishes to the trigger feed in transactions; a newer one with the same id fences it."""

    def __init__(self, settings: StreamSettings, transactional_id: str) -> None:
        """Connect and fence whoever holds the id.

        Raises:
            BrokerBusyError: no broker answers.
        """
        self._topic = settings.triggers_topic
        with translated(f"take over {transactional_id}"):
            self._producer = KafkaProducer(
                **connection(settings),
                transactional_id=transactional_id,
                max_block_ms=int(ANSWER_BUDGET_SECONDS * 1000),
                delivery_timeout_ms=int(ANSWER_BUDGET_SECONDS * 1000),
                metrics_enabled=False,
            )
            self._producer.init_transactions()

    def publish(self, messages: Sequence[tuple[bytes, bytes]]) -> list[tuple[int, int]]:
        """Publish all of the messages or none.

        Args:
            messages: key and value of each.

        Returns:
            Partition and offset of each, in the order given.

        Raises:
            FencedError: another producer took over; nothing was published.
            BrokerError: nothing was published, or, when the broker went away during the commit,
                all of it: read the feed's tail before trying again.
        """
        with translated("publish to the feed"):
            self._producer.begin_transaction()
            sent = [
                self._producer.send(self._topic, key=key, value=value) for key, value in messages
            ]
            self._producer.commit_transaction()
            stored = [one.get(ANSWER_BUDGET_SECONDS) for one in sent]
        return [(one.partition, one.offset) for one in stored]

    def close(self) -> None:
        """Disconnect."""
        self._producer.close(timeout=1)

    def __enter__(self) -> FeedProducer:
        """The producer itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Disconnect."""
        self.close()
