"""The broker of our own: started, awaited, stopped, or a plain word on why it cannot be."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestration.commands.kafka import kafka as kafka_command
from streams.local_kafka import LocalKafka, LocalKafkaError
from streams.local_kafka.installation import ensure_jars, find_java, java_version
from streams.local_kafka.running import Running
from streams.producer import (
    EventProducer,
    ensure_topics,
    is_answering,
    read_topic,
    topic_id,
)
from streams.settings import StreamSettings
from tests.fixtures_kafka import JARS, free_port_pair, settings_on


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[LocalKafka]:
    broker = LocalKafka(tmp_path / "kafka", free_port_pair(), JARS)
    yield broker
    broker.stop()


def test_it_answers_when_started_and_keeps_its_messages_over_a_restart(
    stoppable_kafka: LocalKafka, tmp_path: Path
) -> None:
    kafka = stoppable_kafka
    settings = settings_on(kafka.brokers, tmp_path)
    assert kafka.is_running()
    ensure_topics(settings)
    first_id = topic_id(settings, settings.events_topic)
    _publish(settings, b"before the stop")

    kafka.stop()
    assert not kafka.is_running()
    assert not is_answering(settings, budget_seconds=0)

    kafka.start()
    LocalKafka(kafka.home, kafka.port, JARS).start()  # it runs already: nothing happens
    kept = [record.value for record in read_topic(settings, settings.events_topic)]
    assert kept == [b"before the stop"]
    assert topic_id(settings, settings.events_topic) == first_id
    assert "Kafka Server started" in kafka.log.read_text()


def test_a_taken_port_is_named(kafka: LocalKafka) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", kafka.port))
        taken.listen()
        with pytest.raises(LocalKafkaError, match=f"port {kafka.port} of 127.0.0.1 cannot be used"):
            kafka.start()


def test_a_broker_that_ends_while_starting_tells_its_last_words(kafka: LocalKafka) -> None:
    (kafka.home / "data").mkdir(parents=True)
    (kafka.home / "data" / "meta.properties").write_text("version=1\nnode.id=7\ncluster.id=other\n")
    with pytest.raises(LocalKafkaError, match=r"ended while starting(.|\n)*Stored node id 7"):
        kafka.start()
    assert not kafka.is_running()


def test_without_java_it_says_what_to_install(
    kafka: LocalKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(LocalKafkaError, match=r"needs Java 17 or newer.*install a JRE"):
        kafka.start()


def test_an_old_java_is_refused_with_its_version(tmp_path: Path) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    java.chmod(0o755)
    with pytest.raises(LocalKafkaError, match=r"java is 11: install a newer JRE"):
        find_java({"JAVA_HOME": str(tmp_path)})


def test_without_maven_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(LocalKafkaError, match="no mvn on PATH: install Maven"):
        ensure_jars(tmp_path / "jars", {"PATH": str(tmp_path)})


def test_what_maven_says_when_it_fails_is_shown_and_no_half_folder_is_left(tmp_path: Path) -> None:
    maven = tmp_path / "mvn"
    maven.write_text("#!/bin/sh\necho 'the registry is on holiday'\nexit 1\n")
    maven.chmod(0o755)
    with pytest.raises(LocalKafkaError, match="the registry is on holiday"):
        ensure_jars(tmp_path / "home" / "jars", {"PATH": str(tmp_path)})
    assert list((tmp_path / "home").iterdir()) == []


@pytest.mark.parametrize(
    ("told", "version"),
    [
        pytest.param('openjdk version "17.0.15" 2025-04-15', 17, id="openjdk"),
        pytest.param('openjdk version "21" 2023-09-19', 21, id="no minor version"),
        pytest.param('java version "1.8.0_402"', 8, id="the old way of counting"),
        pytest.param("no such thing", 0, id="unreadable"),
    ],
)
def test_the_version_of_java_is_read_from_what_it_prints(told: str, version: int) -> None:
    assert java_version(told) == version


def test_a_stranger_who_got_the_process_id_is_left_alone(kafka: LocalKafka) -> None:
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as stranger:
        kafka.home.mkdir(parents=True)
        Running(stranger.pid, started="long ago").note_in(kafka.home / "kafka.pid")
        assert not kafka.is_running()
        kafka.stop()
        assert stranger.poll() is None
        stranger.kill()


def test_a_broker_elsewhere_is_not_ours_to_start() -> None:
    settings = StreamSettings(kafka_brokers="kafka.shop.example:9092")
    with pytest.raises(LocalKafkaError, match=r"shop\.example:9092 is not a broker"):
        LocalKafka.of(settings)


def test_status_tells_a_script_that_it_does_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_HOME", str(tmp_path))
    told = CliRunner().invoke(kafka_command, ["status", "--json"])
    assert told.exit_code == 0
    assert '"is_running": false' in told.output


def _publish(settings: StreamSettings, value: bytes) -> None:
    with EventProducer(settings) as producer:
        producer.send(b"one key", value)


def test_java_is_found_where_java_home_says(tmp_path: Path) -> None:
    real = shutil.which("java")
    assert real
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").symlink_to(real)
    assert find_java({"JAVA_HOME": str(tmp_path)}) == tmp_path / "bin" / "java"
