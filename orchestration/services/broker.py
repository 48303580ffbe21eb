"""The local Kafka as a service like the others."""

from __future__ import annotations

from pathlib import Path

from orchestration.services.processes import ServiceError, is_taken
from streams.local_kafka import LocalKafka, LocalKafkaError
from streams.local_kafka.running import Running


class LocalBroker:
    """Kafka with its own way of starting, which waits until it answers."""

    name = "kafka"
    group = "kafka"

    def __init__(self, home: Path, port: int) -> None:
        self.port = port
        self._kafka = LocalKafka(home / "kafka", port)

    @property
    def address(self) -> str:
        """What KAFKA_BROKERS takes."""
        return self._kafka.brokers

    @property
    def note(self) -> Path:
        """The file that says which process it is."""
        return self._kafka.home / "kafka.pid"

    @property
    def log(self) -> Path:
        """The broker's own log."""
        return self._kafka.log

    def running(self) -> Running | None:
        """The broker's process, None when it has ended."""
        return Running.noted_in(self.note)

    def is_answering(self) -> bool:
        """Whether something listens on its port."""
        return is_taken(self.port)

    def refuse_taken_port(self) -> None:
        """Complain when its listener's or its controller's port is somebody else's.

        Raises:
            ServiceError: naming the port and what to do.
        """
        for port in (self.port, self.port + 1):
            if not self.running() and is_taken(port):
                raise ServiceError(
                    f"port {port}, which the local Kafka needs, is taken by another program:"
                    " end it, set KAFKA_PORT to another one, or use that broker: KAFKA_BROKERS"
                )

    def start(self) -> None:
        """Start the broker and wait until it answers.

        Raises:
            ServiceError: Java or Maven is missing, or it ended while starting.
        """
        try:
            self._kafka.start()
        except LocalKafkaError as error:
            raise ServiceError(str(error)) from None

    def await_answer(self) -> None:
        """Nothing: `start` waited."""

    def stop(self) -> None:
        """Stop the broker; its data stays."""
        self._kafka.stop()
