"""kill -9 in the middle, the warehouse away, two workers: nothing lost, nothing doubled."""

import random
from pathlib import Path

from streams.producer import end_offsets
from streams.settings import StreamSettings
from streams.verify import verify
from tests.fixtures_warehouse import EmbeddedProcess
from tests.processes import Worker, eventually
from tests.walk.test_stream import publish, stored
from warehouse.client import Warehouse
from warehouse.migrate import migrate
from warehouse.settings import WarehouseSettings


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
