"""The only door to kafka-python: topics, publishing, reading a topic from end to end.

Everything that talks to the broker outside of Faust's worker goes through here. Two kinds of error
leave it: `BrokerBusyError` (the same call later may succeed) and `BrokerRefusedError` (it never
will: show a person).
"""

from streams.producer.connection import (
    BrokerBusyError,
    BrokerError,
    BrokerRefusedError,
    FencedError,
)
from streams.producer.events import EventProducer
from streams.producer.feed import FeedProducer
from streams.producer.log_ends import LogEnds, log_ends
from streams.producer.reading import Record, read_topic
from streams.producer.topics import (
    end_offsets,
    ensure_topics,
    first_offsets,
    is_answering,
    topic_id,
)

__all__ = [
    "BrokerBusyError",
    "BrokerError",
    "BrokerRefusedError",
    "EventProducer",
    "FeedProducer",
    "FencedError",
    "LogEnds",
    "Record",
    "end_offsets",
    "ensure_topics",
    "first_offsets",
    "is_answering",
    "log_ends",
    "read_topic",
    "topic_id",
]
