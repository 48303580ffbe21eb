"""Publishing history: in order, at a pace, and onwards from the last acknowledged event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from streams.events import Data, Event, PageViewed
from streams.importers import run
from streams.importers.checkpoint import Checkpoint
from streams.importers.run import Message, Pace, import_messages, message_of
from streams.importers.source import SourceError


class Topic:
    """A topic as a list; what is not flushed yet is lost when the broker's link breaks."""

    def __init__(self, breaks_at: int | None = None) -> None:
        self.messages: list[Message] = []
        self.flushed = 0
        self._breaks_at = breaks_at

    def send(self, key: bytes, value: bytes) -> None:
        if len(self.messages) == self._breaks_at:
            raise ConnectionError("the link broke")
        self.messages.append((key, value))

    def flush(self) -> None:
        self.flushed = len(self.messages)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    return Checkpoint.of(tmp_path, "past", "1:abc", "topic-1")


def test_an_import_publishes_all_events_in_their_order(checkpoint: Checkpoint) -> None:
    topic = Topic()
    report = import_messages(
        map(message_of, past(2_500)), topic, name="past", checkpoint=checkpoint
    )
    assert topic.messages == [message_of(event) for event in past(2_500)]
    assert topic.flushed == 2_500
    assert (report.already, report.published) == (0, 2_500)


def test_an_import_that_broke_goes_on_from_its_last_checkpoint(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "CHECKPOINT_EVENTS", 2_000)
    broken = Topic(breaks_at=5_300)
    with pytest.raises(ConnectionError):
        import_messages(map(message_of, past(9_000)), broken, name="past", checkpoint=checkpoint)
    whole = Topic()
    report = import_messages(
        map(message_of, past(9_000)), whole, name="past", checkpoint=checkpoint
    )
    assert (report.already, report.published) == (4_000, 5_000)
    assert broken.messages[:4_000] + whole.messages == [message_of(one) for one in past(9_000)]


def test_a_finished_import_publishes_nothing_more(checkpoint: Checkpoint) -> None:
    import_messages(map(message_of, past(10)), Topic(), name="past", checkpoint=checkpoint)
    topic = Topic()
    report = import_messages(map(message_of, past(10)), topic, name="past", checkpoint=checkpoint)
    assert (report.already, report.published, topic.messages) == (10, 0, [])


def test_a_forgotten_import_begins_again(checkpoint: Checkpoint) -> None:
    import_messages(map(message_of, past(10)), Topic(), name="past", checkpoint=checkpoint)
    checkpoint.forget()
    report = import_messages(map(message_of, past(10)), Topic(), name="past", checkpoint=checkpoint)
    assert (report.already, report.published) == (0, 10)


def test_messages_that_are_no_events_are_published_as_they_are(checkpoint: Checkpoint) -> None:
    topic = Topic()
    import_messages([(b"7", b"\xff")], topic, name="past", checkpoint=checkpoint)
    assert topic.messages == [(b"7", b"\xff")]


def test_progress_counts_the_events_of_earlier_runs_too(checkpoint: Checkpoint) -> None:
    checkpoint.save(1_500)
    seen: list[int] = []
    import_messages(
        map(message_of, past(3_000)),
        Topic(),
        name="past",
        checkpoint=checkpoint,
        progress=seen.append,
    )
    assert seen == [2_500, 3_000]


def test_a_rate_spreads_events_over_the_time_they_need(checkpoint: Checkpoint) -> None:
    clock = Clock()
    pace = Pace(100, clock.now, clock.sleep)
    for sent in range(10, 501, 10):
        pace.wait(sent)
    assert clock.seconds == pytest.approx(5)


def test_a_rate_is_kept_after_a_pause_without_sleeping(checkpoint: Checkpoint) -> None:
    clock = Clock()
    pace = Pace(100, clock.now, clock.sleep)
    clock.seconds = 60.0
    pace.wait(500)
    assert clock.seconds == 60.0


@pytest.mark.parametrize(("rate", "size"), [(None, 1_000), (0.5, 1), (200, 20), (1_000_000, 1_000)])
def test_a_slow_import_goes_in_small_batches(rate: float | None, size: int) -> None:
    assert Pace(rate).batch(0.1, 1_000) == size


def test_another_topic_or_other_events_have_checkpoints_of_their_own(tmp_path: Path) -> None:
    files = {
        Checkpoint.of(tmp_path, name, identity, topic).file
        for name, identity, topic in (
            ("past", "1:abc", "topic-1"),
            ("past", "1:abc", "topic-2"),
            ("past", "2:abc", "topic-1"),
            ("other", "1:abc", "topic-1"),
        )
    }
    assert len(files) == 4


def test_a_damaged_checkpoint_says_what_to_do(checkpoint: Checkpoint) -> None:
    checkpoint.save(5)
    checkpoint.file.write_text("{")
    with pytest.raises(SourceError, match="remove it to import from the beginning"):
        checkpoint.sent()


class Clock:
    """Time that passes by sleeping only."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def past(count: int) -> list[Event]:
    began_at = datetime(2026, 3, 1, tzinfo=UTC)
    return [
        PageViewed(
            specversion="1.0",
            id=f"e{number}",
            source="/shop",
            time=began_at + timedelta(seconds=number),
            visitorid=str(number % 7),
            data=Data(),
        )
        for number in range(count)
    ]
