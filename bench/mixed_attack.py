"""Everything at once: `python -m bench.mixed_attack [--seconds 600] [--rate 5000] [--json]`.

A broker, a warehouse, a collector and a worker of its own; a shop publishes 5,000 messages a second
(one in fifty poison), its server posts events, and meanwhile slow queries, compression bombs and
floods of beacons come in. Says whether anything was lost or died, how much memory each process had
at most, and how long `select 1` of the owner took.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import urllib3

from bench import attackers
from bench.collector import answers
from bench.places import embedded_warehouse, end, free_port, local_broker
from streams.local_kafka.running import Running
from streams.producer import end_offsets, ensure_topics, read_topic
from streams.settings import StreamSettings
from streams.verify import verify
from warehouse.client import Warehouse, WarehouseBusyError
from warehouse.migrate import migrate
from warehouse.settings import WarehouseSettings

TOKEN = "a-token-of-the-shop-server"
PROBE_SECONDS = 0.1
STORED = "select sum(event_count + dead_letter_count) from event_store.stored_ranges"
CATCH_UP_SECONDS = 1_800  # for the worker, when the attack is over


class Watch(threading.Thread):
    """Asks `select 1` ten times a second, and once a second how much memory processes have."""

    def __init__(self, url: str, headers: Mapping[str, str], pids: Mapping[str, int]) -> None:
        super().__init__(name="watch", daemon=True)
        self._url, self._headers, self._pids = url, headers, pids
        self.ending = threading.Event()
        self.seconds: list[float] = []
        self.failures: dict[str, int] = {}
        self.peak_mib = dict.fromkeys(pids, 0)

    def run(self) -> None:
        """Watch until told to end."""
        pool = urllib3.PoolManager(retries=False)
        while not self.ending.wait(PROBE_SECONDS):
            began = time.perf_counter()
            try:
                status = str(
                    pool.request(
                        "POST", self._url, body="select 1", headers=self._headers, timeout=60
                    ).status
                )
            except urllib3.exceptions.HTTPError as error:
                status = type(error).__name__
            self.seconds.append(time.perf_counter() - began)
            if status != "200":
                self.failures[status] = self.failures.get(status, 0) + 1
            for name, pid in self._pids.items():
                self.peak_mib[name] = max(self.peak_mib[name], rss_mib(pid))

    def figures(self) -> dict[str, object]:
        """Milliseconds of `select 1`, tries that failed, the most memory of each process."""
        ordered = sorted(self.seconds)
        at = {"p50": 0.5, "p99": 0.99, "max": 1.0}
        return {
            "select_1_tries": len(ordered),
            "select_1_failures": self.failures,
            "select_1_milliseconds": {
                name: round(ordered[math.ceil(of * len(ordered)) - 1] * 1e3)
                for name, of in at.items()
            },
            "peak_memory_mib": self.peak_mib,
        }


def rss_mib(pid: int) -> int:
    """Memory that a process has now; 0 when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except FileNotFoundError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) // 1024


@contextmanager
def running(command: list[str], log: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours, ended with SIGTERM."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, env={**os.environ, **variables}, stdout=out, stderr=out)
    try:
        yield process
    finally:
        end(process)


def attack(
    stream: StreamSettings, warehouse: WarehouseSettings, collector: str, seconds: int, rate: int
) -> dict[str, Any]:
    """All of them at once, for so many seconds; what became of each."""
    headers = headers_of(warehouse)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(5, mp_context=spawn) as processes:
        begun = {
            "shop": processes.submit(attackers.shop, stream, rate, seconds),
            "shop_server": processes.submit(attackers.shop_server, collector, TOKEN, seconds),
            "slow_queries": processes.submit(
                attackers.slow_queries, warehouse.url, headers, seconds
            ),
            "bombs": processes.submit(
                attackers.bombs, warehouse.url, headers, collector, TOKEN, seconds
            ),
            "beacons": processes.submit(attackers.beacons, collector, seconds),
        }
        return {name: future.result() for name, future in begun.items()}


def headers_of(warehouse: WarehouseSettings) -> dict[str, str]:
    """How a client shows who it is."""
    return {"X-ClickHouse-User": warehouse.user, "X-ClickHouse-Key": warehouse.password}


def measure(seconds: int, rate: int, home: Path) -> dict[str, Any]:
    """Play it in a folder."""
    with ExitStack() as stack:
        stream = stack.enter_context(local_broker(home))
        ensure_topics(stream)
        warehouse = stack.enter_context(embedded_warehouse(home))
        asked = stack.enter_context(Warehouse.connect(warehouse, "bench"))
        migrate(asked)
        asked.execute("create table default.bombed (a String) engine = MergeTree order by a")
        variables = {
            **{"KAFKA_BROKERS": stream.kafka_brokers, "LOCAL_HOME": str(home)},
            **{"WAREHOUSE_URL": warehouse.url, "WAREHOUSE_USER": warehouse.user},
            **{"WAREHOUSE_PASSWORD": warehouse.password, "COLLECTOR_TOKEN": TOKEN},
        }
        port = free_port()
        program = str(Path(sys.executable).with_name("active-analytics"))
        serve = [program, "collect", "serve", "--port", str(port), "--spool", str(home / "spool")]
        ours = {
            "collector": stack.enter_context(running(serve, home / "collector.log", **variables)),
            "worker": stack.enter_context(
                running([sys.executable, "-m", "streams.agents"], home / "worker.log", **variables)
            ),
        }
        collector = f"http://127.0.0.1:{port}"
        while not answers(f"{collector}/healthz"):
            time.sleep(0.1)  # between two questions
        broker = Running.noted_in(home / "kafka" / "kafka.pid")
        assert broker
        pids = {name: process.pid for name, process in ours.items()}
        pids |= {"broker": broker.pid, "warehouse": warehouse_pid(warehouse)}
        attackers.shop(stream, rate=10, seconds=1)
        await_stored(asked, stream)  # the worker has begun
        watch = Watch(warehouse.url, headers_of(warehouse), pids)
        watch.start()
        told = attack(stream, warehouse, collector, seconds, rate)
        watch.ending.set()
        watch.join()
        await_sent(collector)
        caught_up = await_stored(asked, stream)
        verdict = verify(asked).as_json()
        topic = {id_of(one.value) for one in read_topic(stream, stream.events_topic)}
        accepted = told.pop("shop_server")
        died = [name for name, pid in pids.items() if not Path(f"/proc/{pid}").exists()]
        died += [name for name, process in ours.items() if process.poll() is not None]
    return {
        "seconds": seconds,
        **told,
        "server_events_accepted": len(accepted),
        "server_events_lost": len(set(accepted) - topic),
        "messages_in_topic": caught_up["messages"],
        "caught_up_seconds_after_the_attack": caught_up["seconds"],
        "verify": {name: verdict[name] for name in ("ok", "lost", "doubled", "gaps")},
        "died": died,
        **watch.figures(),
    }


def await_sent(collector: str) -> None:
    """Wait until the collector has sent all it took."""
    shown = {"Authorization": f"Bearer {TOKEN}"}
    while (
        b"collector_events_unsent 0\n"
        not in urllib3.request("GET", f"{collector}/metrics", headers=shown).data
    ):
        time.sleep(0.5)  # between two questions


def await_stored(asked: Warehouse, stream: StreamSettings) -> dict[str, int]:
    """Wait until every message of the topic is stored; how many, and how long that took."""
    messages = sum(end_offsets(stream, stream.events_topic).values())
    began = time.monotonic()
    while (stored := stored_messages(asked)) < messages:
        if time.monotonic() - began > CATCH_UP_SECONDS:
            raise SystemExit(f"the worker stored {stored} of {messages} messages")
        time.sleep(0.5)  # between two questions
    return {"messages": messages, "seconds": round(time.monotonic() - began)}


def stored_messages(asked: Warehouse) -> int:
    """How many messages are stored; 0 while the warehouse has no time to say."""
    try:
        return int(
            asked.scalar(
                "select sum(event_count + dead_letter_count) from event_store.stored_ranges"
            )
        )
    except WarehouseBusyError:
        return 0


def id_of(value: bytes | None) -> str:
    """The id of a message; none of poison."""
    try:
        return str(json.loads(value or b"{}").get("id", ""))
    except (ValueError, RecursionError, AttributeError):
        return ""


def warehouse_pid(warehouse: WarehouseSettings) -> int:
    """The process that serves a warehouse, by the folder that its command line names."""
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        words = place.read_bytes().split(b"\0")
        if b"warehouse.embedded" in words and str(warehouse.path).encode() in words:
            return int(place.parent.name)
    raise SystemExit("the warehouse has ended")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--rate", type=int, default=5_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        figures = measure(arguments.seconds, arguments.rate, Path(home))
    if arguments.json:
        print(json.dumps(figures, indent=2))
    else:
        for name, figure in figures.items():
            print(f"{name:40} {figure}")


if __name__ == "__main__":
    main()
