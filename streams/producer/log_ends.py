"""How far the broker's logs reach, and how far each leader's part of them does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kafka import TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import UnsupportedVersionError, for_code
from kafka.protocol.consumer import OffsetForLeaderEpochRequest

from streams.producer.connection import ANSWER_BUDGET_SECONDS
from streams.producer.topics import connected_admin, existing_topic, topic_id_of
from streams.settings import StreamSettings


@dataclass(frozen=True, slots=True)
class LogEnds:
    """A topic as the broker holds it.

    `ends` has, per partition, the offset of the next message. `epoch_ends` has the offset at which
    the records of the leader's epoch that was asked for end; a partition is missing where the
    broker does not know that epoch.
    """

    topic_id: str
    ends: Mapping[int, int]
    epoch_ends: Mapping[int, int]


def log_ends(
    settings: StreamSettings,
    topic: str,
    epochs: Mapping[int, int],
    budget_seconds: float = ANSWER_BUDGET_SECONDS,
) -> LogEnds:
    """Ask the broker how far a topic's partitions reach.

    Args:
        settings: the broker.
        topic: its name.
        epochs: per partition the leader's epoch whose end is wanted.
        budget_seconds: for the first answer.

    Raises:
        BrokerBusyError: no broker answers within the budget.
        BrokerRefusedError: there is no such topic.
    """
    with connected_admin(settings, budget_seconds) as admin:
        described = existing_topic(admin, topic)
        places = [TopicPartition(topic, one["partition_index"]) for one in described["partitions"]]
        ends = admin.list_partition_offsets(dict.fromkeys(places, OffsetSpec.LATEST))
        wanted = {place: epochs[place.partition] for place in places if place.partition in epochs}
        return LogEnds(
            topic_id_of(described),
            {place.partition: ends[place].offset for place in places},
            _epoch_ends(admin, wanted) if wanted else {},
        )


def _epoch_ends(admin: Any, epochs: Mapping[TopicPartition, int]) -> dict[int, int]:
    """The library's admin asks by itself for everything but this."""
    try:
        return dict(admin._manager.run(_ask_epochs, admin, epochs))
    except UnsupportedVersionError:
        return {}  # an old broker: it keeps no epochs that we could ask for


async def _ask_epochs(admin: Any, epochs: Mapping[TopicPartition, int]) -> dict[int, int]:
    ends = {}
    leaders = await admin._async_get_leader_for_partitions(set(epochs))
    for leader, places in leaders.items():
        request = _request({place: epochs[place] for place in places})
        response = await admin._manager.send(request, node_id=leader)
        for topic in response.topics:
            for one in topic.partitions:
                if one.error_code:
                    raise for_code(one.error_code)(f"{topic.topic}[{one.partition}]")
                if one.end_offset >= 0:
                    ends[one.partition] = int(one.end_offset)
    return ends


def _request(epochs: Mapping[TopicPartition, int]) -> Any:
    wanted = OffsetForLeaderEpochRequest.OffsetForLeaderTopic
    (topic,) = {place.topic for place in epochs}
    partitions = [
        wanted.OffsetForLeaderPartition(
            partition=place.partition, current_leader_epoch=-1, leader_epoch=epoch
        )
        for place, epoch in epochs.items()
    ]
    return OffsetForLeaderEpochRequest(
        replica_id=-1, topics=[wanted(topic=topic, partitions=partitions)]
    )
