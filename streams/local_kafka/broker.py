"""The broker: formatted once, started, awaited, stopped.

Everything it writes lies under one home: `jars`, `data`, `server.properties`, `kafka.log` (its own
log), `kafka.out` (what the Java machine says when it cannot start) and `kafka.pid`.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import fcntl
import os
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from streams.local_kafka.installation import LocalKafkaError, ensure_jars, find_java
from streams.local_kafka.running import Running
from streams.producer import is_answering
from streams.settings import StreamSettings

HEAP = "-Xmx512m"
START_BUDGET_SECONDS = 90.0  # answers after 3.5 s on two idle cores
STOP_BUDGET_SECONDS = 30.0
LOG4J = Path(__file__).with_name("log4j2.xml")

PROPERTIES = """\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller_port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}

# One node holds every copy there is.
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1

# Topics are made on purpose and keep every message for ever.
auto.create.topics.enable=false
log.retention.ms=-1
log.retention.bytes=-1

# A single developer's machine: no waiting for more consumers, few partitions of the inner topics.
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
share.coordinator.state.topic.num.partitions=4
"""


class LocalKafka:
    """One Kafka broker of our own, on loopback."""

    def __init__(self, home: Path, port: int = 9092, jars: Path | None = None) -> None:
        """Name the broker; nothing is touched before `start`.

        Args:
            home: where it keeps everything; one home is one broker.
            port: its listener's; the port after it is its controller's.
            jars: a folder of jars shared with other homes; `home/jars` without it.
        """
        self.home = home.resolve()
        self.port = port
        self.jars = jars.resolve() if jars else self.home / "jars"
        self._child: subprocess.Popen[bytes] | None = None

    @classmethod
    def of(cls, settings: StreamSettings, jars: Path | None = None) -> LocalKafka:
        """The local broker of the settings.

        Raises:
            LocalKafkaError: the settings name a broker that is not ours to start.
        """
        port = settings.kafka_brokers.rpartition(":")[2]
        if (
            "," in settings.kafka_brokers
            or not settings.is_broker_on_loopback
            or not port.isdigit()
        ):
            raise LocalKafkaError(
                f"KAFKA_BROKERS={settings.kafka_brokers} is not a broker of this machine:"
                " a local one takes 127.0.0.1 and a port"
            )
        return cls(settings.local_home / "kafka", int(port), jars)

    @property
    def brokers(self) -> str:
        """Its address, as the setting KAFKA_BROKERS takes it."""
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """Its own log."""
        return self.home / "kafka.log"

    def is_running(self) -> bool:
        """Whether the broker of this home runs, whoever started it."""
        return self._running() is not None

    def start(self) -> None:
        """Start the broker and wait until it answers; nothing happens when it runs already.

        Raises:
            LocalKafkaError: Java or Maven is missing, a port is taken, or it ended while starting.
        """
        java = find_java()
        self.home.mkdir(parents=True, exist_ok=True)
        with _one_at_a_time(self.home / "starting"):
            if self.is_running():
                return
            for port in (self.port, self.port + 1):
                _refuse_taken(port)
            ensure_jars(self.jars)
            self._write_properties()
            self._format_once(java)
            self._launch(java)
            self._await_answer()

    def stop(self) -> None:
        """Stop the broker and wait until it has ended; nothing happens when it does not run."""
        running = self._running()
        if running:
            running.end(STOP_BUDGET_SECONDS)
        if self._child:
            self._child.wait()
        self._pid_file.unlink(missing_ok=True)

    @property
    def _pid_file(self) -> Path:
        return self.home / "kafka.pid"

    @property
    def _properties(self) -> Path:
        return self.home / "server.properties"

    def _running(self) -> Running | None:
        return Running.noted_in(self._pid_file)

    def _write_properties(self) -> None:
        text = PROPERTIES.format(
            port=self.port, controller_port=self.port + 1, data=(self.home / "data").as_posix()
        )
        self._properties.write_text(text)

    def _format_once(self, java: Path) -> None:
        if (self.home / "data" / "meta.properties").exists():
            return
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        command = [*self._java(java), "kafka.tools.StorageTool", "format"]
        command += [
            f"--cluster-id={cluster}",
            f"--config={self._properties}",
        ]  # one may begin with -
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            raise LocalKafkaError(f"Kafka's storage could not be formatted:\n{run.stderr[-2000:]}")

    def _launch(self, java: Path) -> None:
        command = [*self._java(java), HEAP, "kafka.Kafka", str(self._properties)]
        with (self.home / "kafka.out").open("wb") as out:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,  # Ctrl-C in that terminal is not for the broker
            )
        running = Running.of(self._child.pid)
        if running:
            running.note_in(self._pid_file)

    def _java(self, java: Path) -> list[str]:
        settings = [f"-Dkafka.home={self.home}", f"-Dlog4j2.configurationFile={LOG4J}"]
        return [str(java), *settings, "-cp", f"{self.jars}/*"]

    def _await_answer(self) -> None:
        settings = StreamSettings(kafka_brokers=self.brokers)
        deadline = time.monotonic() + START_BUDGET_SECONDS
        while not is_answering(settings, budget_seconds=1):
            if not self.is_running():
                raise LocalKafkaError(f"Kafka ended while starting; it said:\n{self._last_words()}")
            if time.monotonic() > deadline:
                self.stop()
                raise LocalKafkaError(
                    f"Kafka did not answer within {START_BUDGET_SECONDS:.0f} s; it said:\n"
                    + self._last_words()
                )
            time.sleep(0.1)

    def _last_words(self) -> str:
        told = ""
        for path in (self.home / "kafka.out", self.log):
            with contextlib.suppress(FileNotFoundError):
                told += path.read_text(errors="replace")[-1500:]
        return f"{told}\n(the whole log: {self.log})"


@contextlib.contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Let nobody else start the same broker meanwhile; whoever tries waits."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            raise LocalKafkaError(
                f"port {port} of 127.0.0.1 cannot be used ({os.strerror(error.errno)}): another"
                " broker may be there; stop it, choose another port, or use it by KAFKA_BROKERS"
            ) from None
