"""A real broker for the whole session, and topics of its own for each test that asks."""

from __future__ import annotations

import dataclasses
import gc
import random
import socket
import uuid
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from streams.local_kafka import LocalKafka
from streams.producer import ensure_topics
from streams.settings import StreamSettings
from tests.topics import Topic

JARS = Path(__file__).parents[1] / ".local" / "kafka" / "jars"  # shared with `active-analytics up`


@pytest.fixture(scope="session")
def kafka_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a broker that lives as long as the session."""
    kafka = LocalKafka(tmp_path_factory.mktemp("kafka"), free_port_pair(), JARS)
    kafka.start()
    yield kafka.brokers
    kafka.stop()


@pytest.fixture
def stream_settings(kafka_server: str, tmp_path: Path) -> StreamSettings:
    """Settings for that broker, with topics and a group that no other test knows; they exist."""
    settings = settings_on(kafka_server, tmp_path)
    ensure_topics(settings)
    return settings


@pytest.fixture(scope="session")
def second_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """Another broker, not started before somebody asks."""
    kafka = LocalKafka(tmp_path_factory.mktemp("second_kafka"), free_port_pair(), JARS)
    yield kafka
    kafka.stop()


@pytest.fixture
def stoppable_kafka(second_kafka: LocalKafka) -> Iterator[LocalKafka]:
    """A running broker that a test may stop and start."""
    second_kafka.start()
    yield second_kafka
    with warnings.catch_warnings():  # kafka-python leaves refused sockets to the collector
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> Topic:
    """The topic that publishers of a test send to."""
    topic = Topic()
    monkeypatch.setattr("streams.publisher.EventProducer", topic.producer)
    return topic


def settings_on(brokers: str, local_home: Path) -> StreamSettings:
    """Settings for a broker, with topics and a group under new names."""
    name = uuid.uuid4().hex[:8]
    return dataclasses.replace(
        StreamSettings(),
        kafka_brokers=brokers,
        events_topic=f"shop.events.{name}",
        triggers_topic=f"shop.triggers.{name}",
        consumer_group=f"active-analytics.{name}",
        local_home=local_home,
    )


def free_port_pair() -> int:
    """A free port whose next one is free as well, below those that clients are given."""
    while True:
        port = random.randrange(20_000, 30_000, 2)
        with ExitStack() as probes:
            try:
                for number in (port, port + 1):
                    probes.enter_context(socket.socket()).bind(("127.0.0.1", number))
            except OSError:
                continue
            return port
