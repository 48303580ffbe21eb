"""A real worker reads real Kafka into the real engine."""

import dataclasses
import os
import random
import subprocess
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaProducer

from streams import ledger
from streams.events import encode
from streams.local_kafka import LocalKafka
from streams.producer import EventProducer, end_offsets, ensure_topics, topic_id
from streams.settings import StreamSettings
from streams.verify import verify
from tests.builders import event, record
from tests.fixtures_kafka import settings_on
from tests.processes import COMMAND, Worker, environment, eventually
from tests.raw_batches import NOON_MS, RawName, random_message
from warehouse.client import Warehouse
from warehouse.settings import WarehouseSettings


def publish(settings: StreamSettings, numbers: Iterable[int]) -> None:
    with EventProducer(settings) as producer:
        for number in numbers:
            one = record(number, event(id=f"e{number}", visitorid=f"v{number % 50}"))
            producer.send(one.key, one.payload if number % 100 else b"{broken")
        producer.flush()


def stored(warehouse: Warehouse) -> int:
    return int(
        warehouse.scalar(
            "select sum(event_count + dead_letter_count) from event_store.stored_ranges"
        )
    )


def test_every_message_is_stored_once_and_a_second_worker_goes_on(
    stream_settings: StreamSettings, warehouse_server: WarehouseSettings, warehouse: Warehouse
) -> None:
    publish(stream_settings, range(1_000))
    with Worker(stream_settings, warehouse_server) as worker:
        eventually(lambda: stored(warehouse) == 1_000, tell=worker.told)
        assert worker.stop() == 0
    publish(stream_settings, range(1_000, 1_500))
    with Worker(stream_settings, warehouse_server) as worker:
        eventually(lambda: stored(warehouse) == 1_500, tell=worker.told)
    verdict = verify(warehouse)
    assert verdict.is_ok
    assert sum(one.dead_letters for one in verdict.partitions) == 15
    assert warehouse.scalar("select uniqExact(event_id) from analytics.events") == 1_485


def test_a_topic_made_anew_stops_the_worker_with_the_reason(
    stream_settings: StreamSettings, warehouse_server: WarehouseSettings, warehouse: Warehouse
) -> None:
    warehouse.insert(
        "event_store.ranges",
        ["topic_id", "topic", "partition"],
        [["another", stream_settings.events_topic, 0]],
    )
    worker = Worker(stream_settings, warehouse_server)
    worker.start()
    assert worker.process.wait(60) == 3
    assert "was made anew" in worker.log.read_text()


def test_what_a_shop_takes_back_in_its_transaction_never_happened(
    stream_settings: StreamSettings, warehouse_server: WarehouseSettings, warehouse: Warehouse
) -> None:
    producer = KafkaProducer(
        bootstrap_servers=stream_settings.kafka_brokers,
        transactional_id=stream_settings.events_topic,
    )
    producer.init_transactions()
    for is_committed, numbers in ((True, range(10)), (False, range(10, 25)), (True, range(25, 30))):
        producer.begin_transaction()
        for number in numbers:
            content = record(number, event(id=f"e{number}", visitorid=f"v{number % 5}"))
            producer.send(stream_settings.events_topic, key=content.key, value=content.payload)
        if is_committed:
            producer.commit_transaction()
        else:
            producer.flush()
            producer.abort_transaction()
    producer.close()
    with Worker(stream_settings, warehouse_server) as worker:
        eventually(lambda: stored(warehouse) == 15, tell=worker.told)
        assert worker.stop() == 0
    assert verify(warehouse).is_ok
    events = warehouse.rows("select event_id from analytics.events")
    assert {event_id for (event_id,) in events} == {
        f"e{number}" for number in (*range(10), *range(25, 30))
    }


def test_whatever_a_record_bears_is_stored_or_dead_lettered(
    stream_settings: StreamSettings, warehouse_server: WarehouseSettings, warehouse: Warehouse
) -> None:
    settings = dataclasses.replace(
        stream_settings, events_topic=f"{stream_settings.events_topic}.c"
    )
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka_brokers)
    asked = {"num_partitions": 1, "replication_factor": 1}  # the default is the producer's clock
    admin.create_topics({settings.events_topic: asked}, wait_for_metadata=True)
    admin.close()
    producer = KafkaProducer(bootstrap_servers=settings.kafka_brokers, linger_ms=100)
    chance = random.Random(5)
    values = [encode(event(id="e1")), b"{broken"]
    messages = [random_message(chance, values) for _ in range(300)]
    for message in messages:
        producer.send(
            settings.events_topic,
            message.value,
            message.key or b"",
            [(RawName(name), value or b"") for name, value in message.headers],
            timestamp_ms=min(message.timestamp_ms, NOON_MS),
        )
    producer.close()
    with Worker(settings, warehouse_server) as worker:
        eventually(lambda: stored(warehouse) == len(messages), tell=worker.told)
        assert worker.stop() == 0
    assert verify(warehouse).is_ok
    rows = warehouse.dicts(
        "select headers.name as names, record_timestamp_ms, toUnixTimestamp64Milli(broker_time)"
        " as taken_ms from event_store.event_log order by offset"
    )
    assert [row["record_timestamp_ms"] for row in rows] == [
        min(message.timestamp_ms, NOON_MS) for message in messages
    ]
    times = [row["taken_ms"] for row in rows]
    assert times == sorted(times)
    hexes = warehouse.rows(
        "select arrayMap(name -> hex(name), headers.name) from event_store.event_log"
        " order by offset"
    )
    assert [names for (names,) in hexes] == [
        [name.hex().upper() for name, _ in message.headers] for message in messages
    ]


def test_no_partition_starves_while_others_flow(
    stream_settings: StreamSettings, warehouse_server: WarehouseSettings, warehouse: Warehouse
) -> None:
    settings = dataclasses.replace(stream_settings, batch_rows=400, linger_seconds=0.0)
    sizes = {0: 12_000, 1: 12_000, 2: 12_000, 3: 3_000}
    producer = KafkaProducer(bootstrap_servers=settings.kafka_brokers)
    for partition, size in sizes.items():
        for number in range(size):
            content = record(number, event(id=f"e{partition}-{number}", visitorid=f"v{partition}"))
            producer.send(
                settings.events_topic, content.payload, key=content.key, partition=partition
            )
    producer.close()
    with Worker(settings, warehouse_server) as worker:
        eventually(
            lambda: stored(warehouse) == sum(sizes.values()), within_seconds=180, tell=worker.told
        )
    ranges = warehouse.rows(
        "select partition, event_count from event_store.ranges order by stored_at, partition"
    )
    reached: Counter[int] = Counter()
    for partition, count in ranges:
        reached[partition] += count
        if reached[3] == sizes[3]:
            break
    others = [reached[partition] for partition in (0, 1, 2)]
    assert max(others) < 2 * min(others)  # side by side, and not one behind the other
    assert max(others) < 3 * sizes[3]  # the short one was not left for the end


def test_a_broker_that_holds_less_than_the_ledger_stops_the_worker_and_verify_says_so(
    stream_settings: StreamSettings, warehouse_server: WarehouseSettings, warehouse: Warehouse
) -> None:
    publish(stream_settings, range(1, 50))
    topic = stream_settings.events_topic
    position = ledger.claim(warehouse, "", topic, 0, first_offset=0, owner="a test")
    warehouse.insert(
        "event_store.ranges",
        ["topic_id", "topic", "partition", "generation", "to_offset", "leader_epoch"],
        [[topic_id(stream_settings, topic), topic, 0, position.generation, 999, 0]],
    )
    worker = Worker(stream_settings, warehouse_server)
    worker.start()
    assert worker.process.wait(60) == 3
    assert "it lost its tail" in worker.log.read_text()
    checked = subprocess.run(
        [COMMAND, "verify"],
        env=environment(stream_settings, warehouse_server),
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 3
    assert "it lost its tail" in " ".join(checked.stdout.split())


@pytest.mark.long
def test_a_tail_that_was_lost_and_grown_over_is_noticed_by_the_leaders_epoch(
    stoppable_kafka: LocalKafka,
    tmp_path: Path,
    warehouse_server: WarehouseSettings,
    warehouse: Warehouse,
) -> None:
    settings = dataclasses.replace(
        settings_on(stoppable_kafka.brokers, tmp_path), events_partitions=1
    )
    ensure_topics(settings)
    for first in range(0, 400, 100):
        publish(settings, range(first, first + 100))
    with Worker(settings, warehouse_server) as worker:
        eventually(lambda: stored(warehouse) == 400, tell=worker.told)
        assert worker.stop() == 0
    stoppable_kafka.stop()
    (segment,) = (stoppable_kafka.home / "data" / f"{settings.events_topic}-0").glob("*.log")
    os.truncate(segment, segment.stat().st_size // 2)
    (stoppable_kafka.home / "data" / ".kafka_cleanshutdown").unlink()
    stoppable_kafka.start()
    assert end_offsets(settings, settings.events_topic)[0] < 400
    publish(settings, range(400, 800))
    assert end_offsets(settings, settings.events_topic)[0] > 400
    worker.start()
    assert worker.process.wait(60) == 3, worker.told()
    assert "leader's epoch" in worker.log.read_text()
