"""kill -9 in the middle, the warehouse away, two workers: nothing lost, nothing doubled."""

import random
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pytest

from streams.ending import EXIT_STALLED, EXIT_SUPERSEDED
from streams.producer import end_offsets
from streams.settings import StreamSettings
from streams.verify import verify
from tests.fixtures_warehouse import EmbeddedProcess
from tests.processes import Worker, eventually
from tests.walk.test_stream import publish, stored
from warehouse.client import Warehouse
from warehouse.migrate import migrate
from warehouse.settings import WarehouseSettings

FREEZE_POINTS = ("claim", "delete", "insert", "ledger", "owner")  # see frozen_worker_process


def test_killed_at_random_nothing_is_lost_or_doubled(
    stream_settings: StreamSettings, warehouse_server: WarehouseSettings, warehouse: Warehouse
) -> None:
    chance = random.Random(7)
    worker = Worker(stream_settings, warehouse_server)
    published = 0
    for _ in range(2):  # five, and a real month, in tests/walk/test_august.py
        publish(stream_settings, range(published, published + 20_000))
        published += 20_000
        goal = stored(warehouse) + chance.randrange(1, 15_000)
        worker.start()
        eventually(lambda goal=goal: stored(warehouse) >= goal, tell=worker.told)
        worker.kill()
    with worker:
        eventually(lambda: stored(warehouse) == published, tell=worker.told)
    found = verify(warehouse).as_json()
    assert (found["ok"], found["lost"], found["doubled"]) == (True, 0, 0)
    assert sum(end_offsets(stream_settings, stream_settings.events_topic).values()) == published


def test_a_warehouse_that_is_killed_again_and_again_is_waited_for(
    stream_settings: StreamSettings, tmp_path: Path
) -> None:
    server = EmbeddedProcess(tmp_path)
    try:
        with Warehouse.connect(server.settings, "test") as warehouse:
            migrate(warehouse)
        with Worker(stream_settings, server.settings) as worker:
            publish(stream_settings, range(20_000))
            with Warehouse.connect(server.settings, "test") as warehouse:
                eventually(lambda: stored(warehouse) > 0, tell=worker.told)
            for published in range(20_000, 80_000, 20_000):
                server.kill()
                publish(stream_settings, range(published, published + 20_000))
                server.start()
                with Warehouse.connect(server.settings, "test") as warehouse:
                    goal = published + 5_000
                    eventually(lambda goal=goal: stored(warehouse) > goal, tell=worker.told)
            with Warehouse.connect(server.settings, "test") as warehouse:
                eventually(lambda: stored(warehouse) == 80_000, tell=worker.told)
                found = verify(warehouse).as_json()
                assert (found["ok"], found["gaps"]) == (True, 0)
            assert "will be read again" in worker.log.read_text()
    finally:
        server.stop()


def test_two_workers_share_the_partitions_and_one_takes_over_from_the_other(
    stream_settings: StreamSettings,
    warehouse_server: WarehouseSettings,
    warehouse: Warehouse,
    tmp_path: Path,
) -> None:
    publish(stream_settings, range(10_000))
    with Worker(stream_settings, warehouse_server) as first:
        eventually(lambda: stored(warehouse) == 10_000, tell=first.told)
        with Worker(stream_settings, warehouse_server):
            publish(stream_settings, range(10_000, 30_000))
            eventually(lambda: stored(warehouse) == 30_000, tell=first.told)
            first.kill()
            publish(stream_settings, range(30_000, 40_000))
            eventually(lambda: stored(warehouse) == 40_000, tell=first.told)
    assert verify(warehouse).is_ok


def frozen_once(
    frozen: Worker,
    successor: Worker,
    stream: StreamSettings,
    warehouse: Warehouse,
    numbers: range,
) -> None:
    """A worker joins, freezes at a point, is taken over from, wakes, and ends with a sentence."""

    def is_taken_over() -> bool:
        if successor.process.poll() is not None:  # it lost a claim itself: as the supervisor does
            assert successor.process.poll() == EXIT_SUPERSEDED, successor.told()
            successor.start()
        return stored(warehouse) == numbers.stop

    def logs() -> str:
        return f"successor: {successor.told()}\nfrozen: {frozen.told()}"

    frozen.start()
    try:
        numbers_left = iter(numbers)
        while not frozen.is_frozen():  # it stops when it has something to do
            publish(stream, islice(numbers_left, 100))
            assert frozen.process.poll() is None, frozen.told()
        publish(stream, numbers_left)
        eventually(is_taken_over, within_seconds=120, tell=logs)
        frozen.wake()
        assert frozen.process.wait(60) == EXIT_SUPERSEDED, frozen.told()
        words = frozen.log.read_text()
        assert "stood still for" in words
        assert "Traceback" not in words
    finally:
        frozen.kill()


def freezes(
    points: Sequence[str],
    stream: StreamSettings,
    server: WarehouseSettings,
    warehouse: Warehouse,
    count: int = 10_000,
) -> None:
    with Worker(stream, server) as successor:
        for turn, point in enumerate(points):
            numbers = range(turn * count, (turn + 1) * count)
            program = ("tests.crash.frozen_worker_process", point)
            frozen = Worker(stream, server, program, f"frozen-{point}-{turn}")
            frozen_once(frozen, successor, stream, warehouse, numbers)
            found = verify(warehouse).as_json()
            assert (found["ok"], found["lost"], found["doubled"]) == (True, 0, 0), point
        assert successor.stop() == 0


def test_a_worker_that_was_frozen_and_taken_over_from_ends_with_a_sentence(
    stream_settings: StreamSettings, warehouse_server: WarehouseSettings, warehouse: Warehouse
) -> None:
    freezes(["claim"], stream_settings, warehouse_server, warehouse)


@pytest.mark.long
@pytest.mark.parametrize("point", FREEZE_POINTS)
def test_twenty_freezes_at_a_point_lose_and_double_nothing(
    stream_settings: StreamSettings,
    warehouse_server: WarehouseSettings,
    warehouse: Warehouse,
    point: str,
) -> None:
    freezes([point] * 20, stream_settings, warehouse_server, warehouse, count=5_000)


@pytest.mark.long
def test_a_hundred_kills_of_three_workers_on_four_partitions_lose_and_double_nothing(
    stream_settings: StreamSettings, warehouse_server: WarehouseSettings, warehouse: Warehouse
) -> None:
    chance = random.Random(100)
    workers = [
        Worker(stream_settings, warehouse_server, name=f"worker-{number}") for number in range(3)
    ]
    try:
        for worker in workers:
            worker.start()
        for cycle in range(100):
            for worker in workers:  # as the supervisor does
                if worker.process.poll() is not None:
                    assert worker.process.poll() in (EXIT_STALLED, EXIT_SUPERSEDED), worker.told()
                    worker.start()
            publish(stream_settings, range(cycle * 2_000, (cycle + 1) * 2_000))
            goal = stored(warehouse) + chance.randrange(1, 1_000)
            victim = chance.choice(workers)
            eventually(
                lambda goal=goal, cycle=cycle: stored(warehouse) >= min(goal, (cycle + 1) * 2_000),
                within_seconds=180,
                tell=victim.told,
            )
            victim.kill()
            victim.start()
            if cycle % 10 == 9:
                assert verify(warehouse).is_ok
        eventually(lambda: stored(warehouse) == 200_000, within_seconds=180, tell=workers[0].told)
    finally:
        for worker in workers:
            worker.kill()
    found = verify(warehouse).as_json()
    assert (found["ok"], found["lost"], found["doubled"]) == (True, 0, 0)
