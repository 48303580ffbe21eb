"""Kafka brokers that ask for a password behind TLS: one, or a cluster of which each may be killed.

The jars are those of the local broker. Clients and brokers come by SASL_SSL with SCRAM-SHA-512, the
controllers among themselves by TLS.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import os
import subprocess
import uuid
from pathlib import Path
from types import TracebackType

from kafka import KafkaAdminClient

from streams.local_kafka.broker import LOG4J
from streams.local_kafka.installation import ensure_jars, find_java
from streams.producer import BrokerRefusedError, is_answering
from streams.producer.connection import connection
from streams.settings import StreamSettings
from tests.certificates import Certificates, make_certificates
from tests.fixtures_kafka import JARS, free_port_pair, settings_on
from tests.processes import eventually

USER, PASSWORD = "shop", "a password of the shop"
BROKER_USER, BROKER_PASSWORD = "broker", "a-password-of-the-brokers"
MECHANISM = "SCRAM-SHA-512"

PROPERTIES = """\
process.roles=broker,controller
node.id={node}
listeners=SASL_SSL://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=SASL_SSL://127.0.0.1:{port}
inter.broker.listener.name=SASL_SSL
controller.listener.names=CONTROLLER
controller.quorum.voters={voters}
listener.security.protocol.map=SASL_SSL:SASL_SSL,CONTROLLER:SSL
log.dirs={data}
ssl.keystore.type=PEM
ssl.keystore.location={server}
ssl.truststore.type=PEM
ssl.truststore.location={authority}
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={login}
default.replication.factor={copies}
min.insync.replicas={in_step}
offsets.topic.replication.factor={copies}
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={in_step}
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr={in_step}
auto.create.topics.enable=false
log.retention.ms=-1
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
share.coordinator.state.topic.num.partitions=4
"""
LOGIN = (
    "org.apache.kafka.common.security.scram.ScramLoginModule required"
    f' username="{BROKER_USER}" password="{BROKER_PASSWORD}";'
)


class SecureCluster:
    """So many brokers on loopback, each a controller too; of three, any one may be away."""

    def __init__(self, home: Path, size: int) -> None:
        self.size = size
        self._home = home
        self._ports = {node: free_port_pair() for node in range(1, size + 1)}
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._certificates = make_certificates(home)
        self._java = find_java()
        ensure_jars(JARS)

    def __enter__(self) -> SecureCluster:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        for node in self._ports:
            self._format(node, cluster)
            self.start(node)
        eventually(self.is_answering, within_seconds=120, tell=self.last_words)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait(30)

    def settings(self, local_home: Path) -> StreamSettings:
        """Settings for all of the brokers, with topics and a group under new names."""
        brokers = ",".join(f"127.0.0.1:{port}" for port in self._ports.values())
        return dataclasses.replace(
            settings_on(brokers, local_home),
            kafka_security_protocol="SASL_SSL",
            kafka_sasl_mechanism=MECHANISM,
            kafka_sasl_username=USER,
            kafka_sasl_password=PASSWORD,
            kafka_ssl_cafile=str(self._certificates.authority),
            kafka_replication_factor=self.size,
        )

    def start(self, node: int) -> None:
        """Start a broker; it goes on with what it had."""
        folder = self._folder(node)
        with (folder / "kafka.out").open("ab") as out:
            self._processes[node] = subprocess.Popen(
                [*self._command(node, "-Xmx256m"), "kafka.Kafka", folder / "server.properties"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )

    def kill(self, node: int) -> None:
        """End a broker as a crash would."""
        self._processes[node].kill()
        self._processes[node].wait(30)

    def is_answering(self) -> bool:
        """Whether clients are let in; fails when a broker has ended of its own accord."""
        assert all(process.poll() is None for process in self._processes.values())
        with contextlib.suppress(BrokerRefusedError):  # one that starts knows no users yet
            return is_answering(self.settings(self._home), budget_seconds=2)
        return False

    def is_whole(self) -> bool:
        """Whether every copy of every partition, the inner topics' too, is in step."""
        admin = KafkaAdminClient(**connection(self.settings(self._home)))
        try:
            topics = admin.describe_topics()
        finally:
            admin.close()
        partitions = [one for topic in topics for one in topic["partitions"]]
        return all(len(one["isr_nodes"]) == self.size for one in partitions)

    def last_words(self) -> str:
        """The ends of the brokers' logs, for a failing test."""
        logs = [path for node in self._ports for path in self._folder(node).glob("kafka.*")]
        return "\n".join(f"{path}: {path.read_text(errors='replace')[-1500:]}" for path in logs)

    def _folder(self, node: int) -> Path:
        return self._home / f"broker{node}"

    def _command(self, node: int, *options: str) -> list[str]:
        places = [f"-Dkafka.home={self._folder(node)}", f"-Dlog4j2.configurationFile={LOG4J}"]
        return [str(self._java), *options, *places, "-cp", f"{JARS}{os.sep}*"]

    def _format(self, node: int, cluster: str) -> None:
        folder = self._folder(node)
        folder.mkdir()
        (folder / "server.properties").write_text(self._properties(node))
        users = {USER: PASSWORD, BROKER_USER: BROKER_PASSWORD}
        scram = [f"{MECHANISM}=[name={name},password={word}]" for name, word in users.items()]
        command = [*self._command(node), "kafka.tools.StorageTool", "format"]
        command += [f"--cluster-id={cluster}", f"--config={folder / 'server.properties'}"]
        for user in scram:
            command += ["--add-scram", user]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr + run.stdout

    def _properties(self, node: int) -> str:
        certificates: Certificates = self._certificates
        voters = [f"{one}@127.0.0.1:{port + 1}" for one, port in self._ports.items()]
        return PROPERTIES.format(
            node=node,
            port=self._ports[node],
            controller_port=self._ports[node] + 1,
            voters=",".join(voters),
            data=self._folder(node) / "data",
            server=certificates.server,
            authority=certificates.authority,
            login=LOGIN,
            copies=self.size,
            in_step=max(1, self.size - 1),
        )
