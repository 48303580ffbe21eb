"""The door to kafka-python on a real broker: topics, events, transactions, reading."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaProducer
from kafka.partitioner.default import murmur2

from streams.local_kafka import LocalKafka
from streams.producer import (
    BrokerBusyError,
    BrokerRefusedError,
    EventProducer,
    FeedProducer,
    FencedError,
    Record,
    end_offsets,
    ensure_topics,
    first_offsets,
    log_ends,
    read_topic,
    topic_id,
)
from streams.producer.apart import ApartProducer
from streams.settings import StreamSettings
from tests.fixtures_kafka import settings_on
from tests.processes import eventually


def test_topics_are_made_once_with_the_partitions_of_the_settings(
    stream_settings: StreamSettings,
) -> None:
    first_id = topic_id(stream_settings, stream_settings.events_topic)
    ensure_topics(stream_settings)
    assert topic_id(stream_settings, stream_settings.events_topic) == first_id
    assert end_offsets(stream_settings, stream_settings.events_topic) == {0: 0, 1: 0, 2: 0, 3: 0}
    assert first_offsets(stream_settings, stream_settings.triggers_topic) == {0: 0}


def test_topics_of_ours_bear_the_brokers_clock_and_not_the_producers_word(
    stream_settings: StreamSettings,
) -> None:
    topic = stream_settings.events_topic
    producer = KafkaProducer(bootstrap_servers=stream_settings.kafka_brokers)
    producer.send(topic, b"v", key=b"k", timestamp_ms=1, partition=0)
    producer.close()
    (record,) = read_topic(stream_settings, topic)
    assert record.timestamp_ms > 1_700_000_000_000
    log = log_ends(stream_settings, topic, {0: 0})
    assert (log.ends[0], log.epoch_ends) == (1, {0: 1})
    assert log.topic_id == topic_id(stream_settings, topic)


def test_a_topic_with_other_partitions_than_the_settings_say_is_refused(
    stream_settings: StreamSettings,
) -> None:
    other = dataclasses.replace(stream_settings, events_partitions=6)
    with pytest.raises(BrokerRefusedError, match="has 4 partitions and the settings say 6"):
        ensure_topics(other)


def test_a_missing_topic_is_named_at_once(kafka_server: str, tmp_path: Path) -> None:
    settings = settings_on(kafka_server, tmp_path)
    with pytest.raises(BrokerRefusedError, match=f"there is no topic {settings.events_topic}"):
        EventProducer(settings)
    with pytest.raises(BrokerRefusedError, match="there is no topic"):
        topic_id(settings, settings.events_topic)


def test_a_producer_apart_publishes_what_was_flushed_and_ends_its_process(
    stream_settings: StreamSettings,
) -> None:
    producer = ApartProducer(stream_settings, 10)
    producer.send(b"k", b"1")
    producer.send(b"k", b"2")
    producer.flush()
    producer.send(b"k", b"3")
    producer.close()
    values = [one.value for one in read_topic(stream_settings, stream_settings.events_topic)]
    assert values == [b"1", b"2"]
    with pytest.raises(BrokerBusyError, match="the process that does it died"):
        producer.flush()


def test_a_producer_apart_tells_what_the_broker_refuses_or_that_there_is_none(
    kafka_server: str, tmp_path: Path
) -> None:
    settings = settings_on(kafka_server, tmp_path)
    with pytest.raises(BrokerRefusedError, match=f"there is no topic {settings.events_topic}"):
        ApartProducer(settings, 10)
    nowhere = dataclasses.replace(settings, kafka_brokers="127.0.0.1:1")
    with pytest.raises(BrokerBusyError, match="no broker answers"):
        ApartProducer(nowhere, 0.5)


def test_events_of_a_key_stay_in_order_in_the_partition_that_kafka_itself_would_choose(
    stream_settings: StreamSettings,
) -> None:
    with EventProducer(stream_settings) as producer:
        for number in range(12_000):  # more than two windows
            producer.send(b"visitor-%d" % (number % 50), b"%d" % number)

    records = list(read_topic(stream_settings, stream_settings.events_topic))

    assert len(records) == 12_000
    for number in range(50):
        key = b"visitor-%d" % number
        own = [record for record in records if record.key == key]
        assert [record.value for record in own] == [b"%d" % n for n in range(number, 12_000, 50)]
        assert {record.partition for record in own} == {(murmur2(key) & 0x7FFFFFFF) % 4}


def test_a_message_above_the_brokers_limit_is_refused(stream_settings: StreamSettings) -> None:
    with (
        pytest.raises(BrokerRefusedError, match="larger than the maximum request size"),
        EventProducer(stream_settings) as producer,
    ):
        producer.send(b"key", bytes(1_100_000))


def test_reading_begins_where_it_is_told_and_ends_where_the_topic_ended(
    stream_settings: StreamSettings,
) -> None:
    with EventProducer(stream_settings) as producer:
        for number in range(10):
            producer.send(b"one key", b"%d" % number)
        producer.flush()
        ends = end_offsets(stream_settings, stream_settings.events_topic)
        (partition,) = [one for one, end in ends.items() if end]

        reading = read_topic(stream_settings, stream_settings.events_topic, start={partition: 7})
        first = next(reading)
        producer.send(b"one key", b"after the reading began")
        producer.flush()

    assert (first.partition, first.offset, first.value) == (partition, 7, b"7")
    assert _values(reading) == [b"8", b"9"]


def test_a_follower_sees_what_comes_later(stream_settings: StreamSettings) -> None:
    following = read_topic(stream_settings, stream_settings.events_topic, stop_at_end=False)
    with EventProducer(stream_settings) as producer:
        producer.send(b"key", b"already there")
        producer.flush()
        assert next(following).value == b"already there"
        producer.send(b"key", b"later")
        producer.flush()
        assert next(following).value == b"later"
    following.close()  # type: ignore[attr-defined]  # a generator


def test_a_transaction_of_the_feed_tells_where_each_message_lies(
    stream_settings: StreamSettings,
) -> None:
    with FeedProducer(stream_settings, _id(stream_settings)) as feed:
        assert feed.publish([]) == []
        places = feed.publish([(b"a", b"1"), (b"b", b"2")])
        places += feed.publish([(b"a", b"3")])
    assert [(r.partition, r.offset, r.value) for r in _feed(stream_settings)] == [
        (*place, value) for place, value in zip(places, [b"1", b"2", b"3"], strict=True)
    ]


def test_a_second_producer_of_the_feed_fences_the_first_for_good(
    stream_settings: StreamSettings,
) -> None:
    with (
        FeedProducer(stream_settings, _id(stream_settings)) as first,
        FeedProducer(stream_settings, _id(stream_settings)) as second,
    ):
        second.publish([(b"a", b"by the second")])
        for _ in range(2):
            with pytest.raises(FencedError, match="another producer took over"):
                first.publish([(b"a", b"by the first")])
        second.publish([(b"b", b"by the second again")])
    assert _values(_feed(stream_settings)) == [b"by the second", b"by the second again"]


def test_messages_of_an_open_transaction_are_seen_only_by_those_who_ask_for_them(
    stream_settings: StreamSettings,
) -> None:
    with FeedProducer(stream_settings, _id(stream_settings)) as feed:
        feed.publish([(b"a", b"committed")])
        feed._producer.begin_transaction()
        feed._producer.send(stream_settings.triggers_topic, b"open", b"a")
        feed._producer.flush()
        topic = stream_settings.triggers_topic
        assert _values(_feed(stream_settings)) == [b"committed"]
        everything = read_topic(stream_settings, topic, read_committed=False)
        assert _values(everything) == [b"committed", b"open"]
        feed._producer.abort_transaction()
        feed.publish([(b"a", b"committed too")])
    assert _values(_feed(stream_settings)) == [b"committed", b"committed too"]


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_short_outage_is_waited_out_and_a_long_one_is_a_busy_error(
    stoppable_kafka: LocalKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_on(stoppable_kafka.brokers, tmp_path)
    ensure_topics(settings)
    threads_before = set(threading.enumerate())
    monkeypatch.setattr("streams.producer.feed.DELIVERY_SECONDS", 2.0)
    monkeypatch.setattr("streams.producer.feed.PUBLISH_BUDGET_SECONDS", 1.0)
    feed = FeedProducer(settings, _id(settings))
    feed.publish([(b"a", b"before")])
    patient = EventProducer(settings, outage_budget_seconds=60)
    hasty = EventProducer(settings, outage_budget_seconds=2)
    for producer in (patient, hasty):
        producer.send(b"key", b"before")
        producer.flush()

    stoppable_kafka.stop()
    patient.send(b"key", b"during")
    hasty.send(b"key", b"lost to the outage")
    with pytest.raises(BrokerBusyError, match="could not publish"):
        hasty.flush()
    for _ in range(2):
        with pytest.raises(BrokerBusyError, match="could not publish to the feed within 1 s"):
            feed.publish([(b"a", b"during")])

    stoppable_kafka.start()
    patient.close()
    hasty.close()  # spent: it publishes nothing more
    feed.close()
    assert _values(read_topic(settings, settings.events_topic)) == [b"before", b"before", b"during"]
    with FeedProducer(settings, _id(settings)) as heir:  # settles what the first left open
        heir.publish([(b"a", b"after")])
    # the coordinator acknowledges a commit before its mark stands in the partition
    eventually(lambda: len(_values(_feed(settings))) == 2)
    assert _values(_feed(settings)) == [b"before", b"after"]
    eventually(lambda: set(threading.enumerate()) <= threads_before)  # nothing is left behind


def _id(settings: StreamSettings) -> str:
    return f"feed-of-{settings.triggers_topic}"


def _feed(settings: StreamSettings) -> Iterator[Record]:
    return read_topic(settings, settings.triggers_topic)


def _values(records: Iterator[Record]) -> list[bytes | None]:
    return [record.value for record in records]
