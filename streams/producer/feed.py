"""Publishing to the trigger feed: in transactions, by one producer at a time."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from concurrent.futures import Future

from kafka import KafkaProducer
from kafka.errors import KafkaTimeoutError

from streams.producer.connection import BrokerBusyError, BrokerError, connection, translated
from streams.settings import StreamSettings

DELIVERY_SECONDS = 15.0
PUBLISH_BUDGET_SECONDS = 20.0


class FeedProducer:
    """Publishes to the trigger feed in transactions; a newer one with the same id fences it.

    After an error it is spent. Make a new one, which settles what the old one left open, and only
    then read the feed's tail to learn whether the last transaction was committed.
    """

    def __init__(self, settings: StreamSettings, transactional_id: str) -> None:
        """Connect and fence whoever holds the id.

        Raises:
            BrokerBusyError: no broker answers.
        """
        self._topic = settings.triggers_topic
        self._spent: BrokerError | None = None
        with translated(f"connect to {settings.kafka_brokers}"):
            self._producer = KafkaProducer(
                **connection(settings),
                transactional_id=transactional_id,
                max_block_ms=int(DELIVERY_SECONDS * 1000),
                delivery_timeout_ms=int(DELIVERY_SECONDS * 1000),
                request_timeout_ms=int(DELIVERY_SECONDS * 1000),
                metrics_enabled=False,
            )
        try:
            with translated(f"take over {transactional_id}"):
                self._producer.init_transactions()
        except BrokerError as error:
            self._spent = error
            self.close()
            raise

    def publish(self, messages: Sequence[tuple[bytes, bytes]]) -> list[tuple[int, int]]:
        """Publish all of the messages or none.

        Args:
            messages: key and value of each.

        Returns:
            Partition and offset of each, in the order given.

        Raises:
            FencedError: another producer took over; nothing was published.
            BrokerError: nothing was published, or, when the broker went away during the commit,
                all of it.
        """
        if self._spent:
            raise self._spent
        if not messages:
            return []
        try:
            return self._within_budget(messages)
        except BrokerError as error:
            self._spent = error
            raise

    def close(self) -> None:
        """Disconnect.

        One that is spent lets go in the background: the library may hold on to what it could not
        deliver until its time is over.
        """
        if self._spent:
            threading.Thread(target=self._let_go, name="feed-letting-go", daemon=True).start()
        else:
            self._producer.close()

    def __enter__(self) -> FeedProducer:
        """The producer itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Disconnect."""
        self.close()

    def _let_go(self) -> None:
        with contextlib.suppress(KafkaTimeoutError):
            self._producer.close(timeout=2 * DELIVERY_SECONDS)

    def _within_budget(self, messages: Sequence[tuple[bytes, bytes]]) -> list[tuple[int, int]]:
        """One transaction; in a thread of its own, for the library's commit waits without end."""
        outcome: Future[list[tuple[int, int]]] = Future()

        def run() -> None:
            try:
                outcome.set_result(self._transact(messages))
            except BrokerError as error:
                outcome.set_exception(error)

        threading.Thread(target=run, name="feed-transaction", daemon=True).start()
        try:
            return outcome.result(PUBLISH_BUDGET_SECONDS)
        except TimeoutError:
            told = f"could not publish to the feed within {PUBLISH_BUDGET_SECONDS:.0f} s"
            raise BrokerBusyError(told) from None

    def _transact(self, messages: Sequence[tuple[bytes, bytes]]) -> list[tuple[int, int]]:
        with translated("publish to the feed"):
            self._producer.begin_transaction()
            sent = [self._producer.send(self._topic, value, key) for key, value in messages]
            self._producer.commit_transaction()
            stored = [one.get(DELIVERY_SECONDS) for one in sent]
        return [(one.partition, one.offset) for one in stored]
