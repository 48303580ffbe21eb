"""Publishing past events: in their order, at a pace, and onwards from where it stopped.

Events are handed to the producer one by one; every so often it is flushed, and only then does the
checkpoint move. What a caller cuts off at the end (a limit, a date) is simply not sent yet.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, TypeVar

from streams.events import Event, encode, key_of
from streams.importers.checkpoint import Checkpoint

CHECKPOINT_EVENTS = 20_000
CHECKPOINT_SECONDS = 5.0
_BATCH_EVENTS = 1_000

Message = tuple[bytes, bytes]
Progress = Callable[[int], None]
_T = TypeVar("_T")


def unseen(_sent: int) -> None:
    """The progress that nobody looks at."""


class Publisher(Protocol):
    """What publishes messages: `streams.producer.EventProducer`."""

    def send(self, key: bytes, value: bytes) -> None:
        """Hand over one message."""

    def flush(self) -> None:
        """Wait until all messages are acknowledged."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What one run of an import did: events already there, events published, and in what time."""

    name: str
    already: int
    published: int
    seconds: float

    @property
    def events_per_second(self) -> float:
        """The speed of this run."""
        return self.published / self.seconds if self.seconds else 0.0


class Pace:
    """Holds events to so many per second, counted from its making; None is as fast as it goes."""

    def __init__(
        self,
        rate: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.rate = rate
        self._clock = clock
        self._sleep = sleep
        self._began = clock()

    def wait(self, events: int) -> None:
        """Sleep until so many events are due."""
        early = self._began + events / self.rate - self._clock() if self.rate else 0.0
        if early > 0:
            self._sleep(early)

    def batch(self, seconds: float, most: int) -> int:
        """How many events fit into some seconds, at least one and not more than `most`."""
        return most if self.rate is None else max(1, min(most, int(self.rate * seconds)))


def import_messages(
    messages: Iterable[Message],
    producer: Publisher,
    *,
    name: str,
    checkpoint: Checkpoint,
    rate: float | None = None,
    progress: Progress = unseen,
) -> ImportReport:
    """Publish messages from the checkpoint on, whether they can be read or not.

    Args:
        messages: always the same ones in the same order, from the first.
        producer: where they go.
        name: of the import, for the report.
        checkpoint: knows how many of them are published, and is told of more.
        rate: messages per second at most.
        progress: called now and then with the number of messages published so far, by all runs.

    Raises:
        SourceError: the checkpoint or the files behind the messages cannot be read.
    """
    already = checkpoint.sent()
    rest = islice(messages, already, None)
    published = _publish(rest, producer, checkpoint, already, rate=rate, progress=progress)
    return ImportReport(name, already, *published)


def message_of(event: Event) -> Message:
    """Key and payload of an event."""
    return key_of(event), encode(event)


def _publish(
    messages: Iterator[Message],
    producer: Publisher,
    checkpoint: Checkpoint,
    already: int,
    *,
    rate: float | None,
    progress: Progress,
) -> tuple[int, float]:
    """Publish all messages; how many they were, and the seconds it took."""
    began = time.monotonic()
    pace = Pace(rate)
    stretch = pace.batch(CHECKPOINT_SECONDS, CHECKPOINT_EVENTS)
    sent = saved = already
    for batch in _batches(messages, pace.batch(0.1, _BATCH_EVENTS)):
        for key, payload in batch:
            producer.send(key, payload)
        sent += len(batch)
        progress(sent)
        if sent - saved >= stretch:
            producer.flush()
            checkpoint.save(saved := sent)
        pace.wait(sent - already)
    producer.flush()
    checkpoint.save(sent)
    return sent - already, time.monotonic() - began


def _batches(items: Iterator[_T], size: int) -> Iterator[list[_T]]:
    while batch := list(islice(items, size)):
        yield batch
