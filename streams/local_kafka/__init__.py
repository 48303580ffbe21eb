"""A real Apache Kafka on this machine: one node in KRaft mode, from its published jars.

It listens on loopback only, keeps its data under one folder, survives restarts with it, and is
stopped by the process id it was started with. Needs Java 17 and, the first time, Maven.
"""

from streams.local_kafka.broker import LocalKafka
from streams.local_kafka.installation import LocalKafkaError

__all__ = ["LocalKafka", "LocalKafkaError"]
