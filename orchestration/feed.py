"""The trigger feed as detection sees it: letters go in by transactions, and can be looked up again.

Whoever opens a `KafkaFeed` takes the feed over: a detector that still runs elsewhere can publish
nothing more, and what it had begun is undone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import NamedTuple, Protocol
from uuid import UUID

import msgspec

from orchestration.triggers.message import read_message
from streams.producer import FeedProducer, end_offsets, ensure_topics, read_topic, topic_id
from streams.settings import StreamSettings


class Place(NamedTuple):
    """Where in the feed a letter stands."""

    partition: int
    offset: int


class Feed(Protocol):
    """What detection asks of a feed; a list can do it."""

    topic: str
    topic_id: str  # another one when the topic was made anew

    def publish(self, messages: Sequence[tuple[bytes, bytes]]) -> list[Place]:
        """Publish all of the messages or none; the place of each, in the order given."""

    def after(self, offsets: Mapping[int, int]) -> Iterator[tuple[UUID, Place]]:
        """Firings that stand after these offsets, by partition; all where none is given."""


class KafkaFeed:
    """The feed topic of the settings, taken over from whoever had it."""

    def __init__(self, settings: StreamSettings) -> None:
        """Take the feed over.

        Raises:
            BrokerBusyError: no broker answers.
        """
        ensure_topics(settings)
        self._settings = settings
        self.topic = settings.triggers_topic
        self.topic_id = topic_id(settings, self.topic)
        self._producer = FeedProducer(settings, f"{self.topic}.detector")

    def publish(self, messages: Sequence[tuple[bytes, bytes]]) -> list[Place]:
        """Publish all of the messages or none.

        Raises:
            FencedError: another detector took over; nothing was published.
            BrokerBusyError: nothing was published, or all of it: look it up before trying again.
        """
        return [Place(*stored) for stored in self._producer.publish(messages)]

    def after(self, offsets: Mapping[int, int]) -> Iterator[tuple[UUID, Place]]:
        """Firings that stand after these offsets, as readers of committed records see them.

        A topic that ends before an offset is not the one it was noted in: it is read as a whole.
        """
        ends = end_offsets(self._settings, self.topic)
        start = {
            partition: offset + 1
            for partition, offset in offsets.items()
            if offset < ends.get(partition, 0)
        }
        for record in read_topic(self._settings, self.topic, start=start, stop_at_end=True):
            try:
                fired = read_message(record.value or b"")
            except msgspec.DecodeError:
                continue  # somebody else's message: no firing of ours
            yield fired.id, Place(record.partition, record.offset)

    def close(self) -> None:
        """Let go of the feed."""
        self._producer.close()

    def __enter__(self) -> KafkaFeed:
        """The feed itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of the feed."""
        self.close()
