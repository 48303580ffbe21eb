"""The numbers of enrichment's states, on the real engine."""

from threading import Barrier, Thread

from streams.versions import newest, registered
from warehouse.client import Warehouse
from warehouse.settings import WarehouseSettings


def test_equal_rules_have_one_number_and_other_rules_the_next(warehouse: Warehouse) -> None:
    assert registered(warehouse, {"code": "1"}) == 1
    assert registered(warehouse, {"code": "1"}) == 1
    assert registered(warehouse, {"code": "2"}) == 2
    assert newest(warehouse)[2] == {"code": "2"}


def test_rules_of_old_that_come_back_have_a_number_of_their_own(warehouse: Warehouse) -> None:
    numbers = [registered(warehouse, {"code": code}) for code in "121"]
    assert numbers == [1, 2, 3]


def test_workers_that_start_at_once_with_the_same_rules_share_a_number(
    warehouse: Warehouse, warehouse_server: WarehouseSettings
) -> None:
    start, found = Barrier(4), []

    def begin() -> None:
        with Warehouse.connect(warehouse_server, "tests") as mine:
            start.wait()
            found.append(registered(mine, {"code": "1"}))

    workers = [Thread(target=begin) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert set(found) == {1}
