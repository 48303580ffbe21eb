"""The collector under load while its broker dies: `python -m bench.collector [--json]
[--rate 2000]`.

A broker of its own, the collector as a process, 2,000 requests a second for 30 seconds from another
process; half-way the broker is killed, and started again five seconds later. At the end every event
that was answered with 202 is looked for in the topic. Milliseconds, counted from the moment each
request was due.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.places import JARS, free_port, local_broker
from streams.local_kafka import LocalKafka
from streams.local_kafka.running import Running
from streams.producer import ensure_topics, read_topic
from streams.settings import StreamSettings

RATE_PER_SECOND = 2_000
SECONDS = 30
OUTAGE_SECONDS = 5

Answers = list[tuple[str, float, float, int]]


def measure(settings: StreamSettings, rate: int) -> dict[str, object]:
    """Play it on a running broker, which is left running."""
    ensure_topics(settings)
    with collector(settings) as (url, process):
        warm_up(url, settings.local_home, rate)
        began_cpu, began_apart = cpu_seconds(process.pid), cpu_seconds_apart(process.pid)
        answers = under_load(url, settings, rate)
        spent_cpu = cpu_seconds(process.pid) - began_cpu
        backlog_seconds = await_sent(url)
        spent_apart = cpu_seconds_apart(process.pid) - began_apart
    arrived = Counter(
        json.loads(record.value or b"{}")["id"]
        for record in read_topic(settings, settings.events_topic)
    )
    accepted = [event_id for event_id, *_, status in answers if status == 202]
    unanswered = sum(1 for *_, status in answers if not status)
    return {
        "requests": len(answers),
        "accepted": len(accepted),
        "refused": len(answers) - len(accepted) - unanswered,
        "unanswered": unanswered,
        "lost": sum(1 for one in accepted if not arrived[one]),
        "sent_again": sum(arrived[one] - 1 for one in accepted if arrived[one]),
        "first_half_broker_up": latencies([one for one in answers if one[1] < SECONDS / 2]),
        "second_half_broker_killed": latencies([one for one in answers if one[1] >= SECONDS / 2]),
        "cpu_microseconds_per_request": round(spent_cpu / len(answers) * 1e6),
        "cpu_microseconds_per_request_of_the_process_that_sends": round(
            spent_apart / len(answers) * 1e6
        ),
        "backlog_sent_seconds_after_the_load": backlog_seconds,
    }


@contextmanager
def collector(settings: StreamSettings) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A collector of its own process, ended with SIGTERM."""
    port = free_port()
    program = Path(sys.executable).with_name("active-analytics")
    spool = settings.local_home / "spool"
    command = [program, "collect", "serve", "--port", str(port), "--spool", spool]
    environment = {
        **os.environ,
        "COLLECTOR_ADDRESS_EVENTS_PER_MINUTE": "0",  # the load has one address
        "KAFKA_BROKERS": settings.kafka_brokers,
        "EVENTS_TOPIC": settings.events_topic,
    }
    with (settings.local_home / "collector.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        while not answers(f"{url}/healthz"):
            time.sleep(0.1)  # between two questions
        yield url, process
    finally:
        process.terminate()
        process.wait(60)


def warm_up(url: str, home: Path, rate: int) -> None:
    """A second of load that nobody counts."""
    load(url, rate, 1, home / "warm").wait()


def under_load(url: str, settings: StreamSettings, rate: int) -> Answers:
    """The load, and half-way the end of the broker."""
    kafka = LocalKafka.of(settings, JARS)
    told = settings.local_home / "told"
    began = time.monotonic()
    process = load(url, rate, SECONDS, told)
    time.sleep(SECONDS / 2 - (time.monotonic() - began))  # the middle of the load
    broker = Running.noted_in(kafka.home / "kafka.pid")
    assert broker
    os.kill(broker.pid, signal.SIGKILL)
    time.sleep(OUTAGE_SECONDS)  # what is measured
    kafka.start()
    process.wait()
    return [tuple(json.loads(line)) for line in told.read_text().splitlines()]


def load(url: str, rate: int, seconds: int, told: Path) -> subprocess.Popen[bytes]:
    """The process that sends requests."""
    arguments = [url, str(rate), str(seconds), str(told)]
    return subprocess.Popen([sys.executable, "-m", "bench.load", *arguments])


def await_sent(url: str) -> float:
    """Wait until nothing is left to be sent; how long that took."""
    began = time.monotonic()
    while b"collector_events_unsent 0\n" not in fetched(f"{url}/metrics"):
        time.sleep(0.2)  # between two questions
    return round(time.monotonic() - began, 1)


def fetched(url: str) -> bytes:
    """What a page says."""
    with urllib.request.urlopen(url, timeout=5) as answer:
        return bytes(answer.read())


def answers(url: str) -> bool:
    """Whether a page is there already."""
    try:
        return bool(fetched(url))
    except OSError:
        return False


def latencies(answers: Answers) -> dict[str, float]:
    """Of those answered the middle one, the 99th of a hundred, the longest; those within 5 ms."""
    seconds = sorted(took for _, _, took, status in answers if status)
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
    found = {
        name: round(seconds[math.ceil(of * len(seconds)) - 1] * 1e3, 2)
        for name, of in shares.items()
    }
    within = sum(1 for one in seconds if one < 0.005) / len(answers)
    return {**found, "share_within_5_ms": round(within, 4)}


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has had so far."""
    return sum(_cpu_columns(pid)[:2])


def cpu_seconds_apart(pid: int) -> float:
    """Processor time that its children have had so far, those that have ended included."""
    children = [
        child
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    return sum(_cpu_columns(pid)[2:]) + sum(cpu_seconds(int(child)) for child in children)


def _cpu_columns(pid: int) -> list[float]:
    """Seconds in its own code, in the system's, and both again of its children that ended."""
    columns = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return [int(one) / os.sysconf("SC_CLK_TCK") for one in columns[11:15]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rate", type=int, default=RATE_PER_SECOND, help="requests a second")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, local_broker(Path(home)) as settings:
        found = measure(settings, arguments.rate)
    if arguments.json:
        print(json.dumps(found, indent=2))
    else:
        for name, figure in found.items():
            print(f"{name:36}", figure)


if __name__ == "__main__":
    main()
