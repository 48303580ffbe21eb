"""The topics of the settings: made when missing, and how far they reach."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import TopicAlreadyExistsError
from kafka.net.compat import KafkaNetClient

from streams.producer.connection import (
    ANSWER_BUDGET_SECONDS,
    BrokerBusyError,
    BrokerRefusedError,
    await_listener,
    connection,
    translated,
)
from streams.settings import StreamSettings


def is_answering(settings: StreamSettings, budget_seconds: float = 5.0) -> bool:
    """Whether a broker is there and ready for work."""
    try:
        with connected_admin(settings, budget_seconds) as admin:
            return bool(admin.describe_cluster()["brokers"])
    except BrokerBusyError:
        return False


def ensure_topics(settings: StreamSettings) -> None:
    """Create the topics of events and of triggers where they are missing; they never forget, and
    a message's timestamp is when the broker took it.

    Raises:
        BrokerRefusedError: a topic is there with another number of partitions than the settings
            tell: people would change their partition, and their events lose their order.
    """
    wanted = {
        settings.events_topic: settings.events_partitions,
        settings.triggers_topic: settings.triggers_partitions,
    }
    with connected_admin(settings) as admin:
        present = {topic["name"]: len(topic["partitions"]) for topic in _described(admin, wanted)}
        for topic, partitions in wanted.items():
            found = present[topic] or _create(admin, topic, partitions, settings)
            if found != partitions:
                raise BrokerRefusedError(
                    f"topic {topic} has {found} partitions and the settings say {partitions}"
                )


def topic_id(settings: StreamSettings, topic: str) -> str:
    """The broker's id of a topic: a topic that was deleted and made anew has another one.

    Raises:
        BrokerRefusedError: there is no such topic.
    """
    with connected_admin(settings) as admin:
        return topic_id_of(existing_topic(admin, topic))


def topic_id_of(described: dict[str, Any]) -> str:
    """The id in the broker's description of a topic."""
    return str(uuid.UUID(str(described["topic_id"])))


def partition_count(
    settings: StreamSettings, topic: str, budget_seconds: float = ANSWER_BUDGET_SECONDS
) -> int:
    """Into how many partitions a topic is cut.

    Raises:
        BrokerRefusedError: there is no such topic.
    """
    with connected_admin(settings, budget_seconds) as admin:
        return len(existing_topic(admin, topic)["partitions"])


def end_offsets(settings: StreamSettings, topic: str) -> dict[int, int]:
    """Per partition, the offset that the next message will get."""
    return _offsets(settings, topic, OffsetSpec.LATEST)


def first_offsets(settings: StreamSettings, topic: str) -> dict[int, int]:
    """Per partition, the offset of the oldest message that is still there."""
    return _offsets(settings, topic, OffsetSpec.EARLIEST)


def _offsets(settings: StreamSettings, topic: str, which: OffsetSpec) -> dict[int, int]:
    with connected_admin(settings) as admin:
        partitions = [one["partition_index"] for one in existing_topic(admin, topic)["partitions"]]
        asked = {TopicPartition(topic, one): which for one in sorted(partitions)}
        told = admin.list_partition_offsets(asked)
    return {place.partition: told[place].offset for place in asked}


def existing_topic(admin: Any, topic: str) -> dict[str, Any]:
    """The broker's description of a topic.

    Raises:
        BrokerRefusedError: there is no such topic.
    """
    (found,) = _described(admin, [topic])
    if not found["partitions"]:
        raise BrokerRefusedError(f"there is no topic {topic}")
    return found


def _described(admin: Any, topics: Any) -> list[dict[str, Any]]:
    """One description per topic; a topic that is not there has no partitions."""
    described: list[dict[str, Any]] = admin.describe_topics(list(topics))
    return described


def _create(admin: Any, topic: str, partitions: int, settings: StreamSettings) -> int:
    asked = {
        "num_partitions": partitions,
        "replication_factor": settings.kafka_replication_factor,
        "configs": {
            "retention.ms": "-1",
            "retention.bytes": "-1",
            "message.timestamp.type": "LogAppendTime",  # the broker's clock, not a producer's word
        },
    }
    try:
        admin.create_topics({topic: asked}, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        admin.wait_for_topics([topic])  # somebody else made it meanwhile
    return len(existing_topic(admin, topic)["partitions"])


@contextmanager
def connected_admin(
    settings: StreamSettings, budget_seconds: float = ANSWER_BUDGET_SECONDS
) -> Iterator[Any]:
    """The library's admin client, as a context.

    Raises:
        BrokerBusyError: no broker answers within the budget.
    """
    await_listener(settings, budget_seconds)
    clients: list[KafkaNetClient] = []

    def client(**given: Any) -> Any:
        clients.append(KafkaNetClient(**given))
        return clients[-1]

    with translated(f"ask {settings.kafka_brokers} by {settings.kafka_security_protocol}"):
        try:
            yield KafkaAdminClient(**connection(settings, budget_seconds), kafka_client=client)
        finally:
            for one in clients:  # an admin client that finds no broker does not stop its thread
                one.close()
