"""A collector killed while it answers: every event answered with 202 reaches the topic."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streams.events import encode
from streams.local_kafka import LocalKafka
from streams.producer import ensure_topics, read_topic
from streams.producer.reading import Record
from streams.settings import StreamSettings
from tests.builders import event
from tests.collectors import CollectorProcess
from tests.fixtures_kafka import free_port_pair, settings_on
from tests.processes import eventually

CLIENTS = 4


class Clients:
    """Clients that send events one after another, and note which were answered with 202."""

    def __init__(self, collector: CollectorProcess) -> None:
        self._collector = collector
        self._numbers = itertools.count()
        self._stop = threading.Event()
        self.answered: set[str] = set()

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Send from several threads meanwhile."""
        self._stop.clear()
        threads = [threading.Thread(target=self._send) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(30)

    def _send(self) -> None:
        while not self._stop.is_set():
            number = next(self._numbers)
            if number % 2:
                event_id = f"event-{number:012}"
                path, message = "/v1/events", encode(event(id=event_id))
            else:
                event_id = f"web:{number:032}"
                beacon = {"id": event_id.removeprefix("web:"), "type": "page.viewed"}
                path, message = "/v1/beacon", json.dumps(beacon).encode()
            try:
                answer = self._collector.place.post(path, message)
            except OSError:
                return  # it was killed
            assert answer.status == 202
            self.answered.add(event_id)


def topic_of(settings: StreamSettings) -> list[Record]:
    """What arrived, each under the key of its visitor."""
    records = list(read_topic(settings, settings.events_topic))
    for one in records:
        assert json.loads(one.value or b"{}")["visitorid"].encode() == one.key
    return records


def children_of(pid: int) -> list[int]:
    """The processes that a process has started, if they live."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(one) for thread in threads for one in (thread / "children").read_text().split()]


def is_alive(pid: int) -> bool:
    """Whether there is such a process that has not ended."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


@pytest.fixture
def collector(stream_settings: StreamSettings, tmp_path: Path) -> Iterator[CollectorProcess]:
    process = CollectorProcess(stream_settings, tmp_path / "spool", free_port_pair())
    process.start()
    yield process
    process.stop()


def test_every_event_answered_with_202_arrives_although_the_collector_is_killed_again_and_again(
    collector: CollectorProcess, stream_settings: StreamSettings
) -> None:
    clients = Clients(collector)
    dice = random.Random(2016)
    for _ in range(2):
        with clients.sending():
            wanted = len(clients.answered) + dice.randrange(100, 400)
            eventually(lambda wanted=wanted: len(clients.answered) >= wanted)
            collector.kill()
        collector.start()
    assert collector.stop() == 0, collector.told()  # sends what is left
    arrived = {json.loads(one.value or b"{}")["id"] for one in topic_of(stream_settings)}
    assert len(clients.answered) >= 200
    assert clients.answered - arrived == set()


def test_events_are_answered_with_202_while_the_broker_is_down_and_arrive_when_it_is_back(
    stoppable_kafka: LocalKafka, tmp_path: Path
) -> None:
    settings = settings_on(stoppable_kafka.brokers, tmp_path)
    ensure_topics(settings)
    collector = CollectorProcess(settings, tmp_path / "spool", free_port_pair())
    collector.start()
    clients = Clients(collector)
    with clients.sending():
        eventually(lambda: collector.metric("collector_events_sent_total") > 100)
        stoppable_kafka.stop()
        answered = len(clients.answered)
        eventually(lambda: len(clients.answered) > answered + 200)
    assert collector.metric("collector_events_unsent") >= 200
    stoppable_kafka.start()
    eventually(lambda: collector.metric("collector_events_unsent") == 0, tell=collector.told)
    assert collector.stop() == 0
    arrived = {json.loads(one.value or b"{}")["id"] for one in topic_of(settings)}
    assert clients.answered - arrived == set()


def test_the_process_that_sends_outlives_no_collector_but_all_signals_to_stop(
    collector: CollectorProcess, stream_settings: StreamSettings
) -> None:
    collector.place.post("/v1/events", encode(event(id="e1")))
    eventually(lambda: collector.metric("collector_events_unsent") == 0)
    (killed,) = children_of(collector.process.pid)
    collector.kill()
    eventually(lambda: not is_alive(killed))
    collector.start()
    collector.place.post("/v1/events", encode(event(id="e2")))
    eventually(lambda: collector.metric("collector_events_unsent") == 0)
    (told_to_stop,) = children_of(collector.process.pid)
    os.kill(told_to_stop, signal.SIGTERM)  # as systemd does with all processes of a service
    collector.place.post("/v1/events", encode(event(id="e3")))
    assert collector.stop() == 0
    assert not is_alive(told_to_stop)
    assert [json.loads(one.value or b"{}")["id"] for one in topic_of(stream_settings)] == [
        "e1",
        "e2",
        "e3",
    ]


def test_when_the_process_that_sends_is_killed_another_goes_on(
    collector: CollectorProcess, stream_settings: StreamSettings
) -> None:
    clients = Clients(collector)
    with clients.sending():
        eventually(lambda: collector.metric("collector_events_sent_total") > 100)
        (first,) = children_of(collector.process.pid)
        os.kill(first, signal.SIGKILL)
        sent = collector.metric("collector_events_sent_total")
        eventually(lambda: collector.metric("collector_events_sent_total") > sent + 100)
    assert first not in children_of(collector.process.pid)
    assert collector.stop() == 0, collector.told()
    assert "the process that does it died" in collector.told()
    arrived = {json.loads(one.value or b"{}")["id"] for one in topic_of(stream_settings)}
    assert clients.answered - arrived == set()


def test_a_second_collector_on_the_same_spool_or_port_says_so_and_ends(
    collector: CollectorProcess, tmp_path: Path
) -> None:
    reasons = {"spool": "is in use by another publisher", "other": "cannot listen"}
    seconds = [
        subprocess.Popen(
            [*collector.command, "--spool", str(tmp_path / spool)],
            stderr=subprocess.PIPE,
            text=True,
        )
        for spool in reasons
    ]
    for second, reason in zip(seconds, reasons.values(), strict=True):
        told = second.communicate(timeout=60)[1]
        assert second.returncode == 1
        assert reason in told
        assert "Traceback" not in told


def test_requests_under_way_are_answered_when_it_is_told_to_stop(
    collector: CollectorProcess, stream_settings: StreamSettings
) -> None:
    events = [json.loads(encode(event(id=f"e{number}"))) for number in range(1000)]
    answers: list[int] = []
    client = threading.Thread(
        target=lambda: answers.append(collector.place.post("/v1/events", events).status)
    )
    client.start()
    (segment,) = collector.place.spool.glob("*.spool")
    while not segment.stat().st_size:
        time.sleep(0.001)
    assert collector.stop() == 0
    client.join(30)
    assert (answers, len(topic_of(stream_settings))) == ([202], 1000)
