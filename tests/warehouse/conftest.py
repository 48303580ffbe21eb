"""Fixtures of the tests of marts and of detection."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from warehouse.client import Warehouse
from warehouse.settings import WarehouseSettings

if TYPE_CHECKING:
    from tests.warehouse.detection_world import ListFeed, ShopWorld
    from tests.warehouse.marts_world import MartsWorld


@pytest.fixture(scope="session")
def dbt_target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where dbt keeps its parsed project, so that it is parsed once for all tests."""
    return tmp_path_factory.mktemp("dbt")


@pytest.fixture
def shop(
    warehouse: Warehouse,
    warehouse_server: WarehouseSettings,
    dbt_target: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> MartsWorld:
    """An empty warehouse for events and marts of a shop in Los Angeles."""
    from orchestration.marts.dbt import Dbt
    from tests.warehouse.marts_world import ZONE, MartsWorld

    monkeypatch.setenv("WAREHOUSE_URL", warehouse_server.url)
    monkeypatch.setenv("SHOP_TIME_ZONE", ZONE.key)
    dbt = Dbt(dbt_target)
    dbt.parse_if_edited()
    return MartsWorld(warehouse, dbt)


@pytest.fixture
def world(warehouse: Warehouse) -> ShopWorld:
    """A shop as detection reads it, in which nothing has happened."""
    from tests.warehouse.detection_world import ShopWorld

    return ShopWorld(warehouse)


@pytest.fixture
def feed() -> ListFeed:
    """A feed that keeps its messages in a list."""
    from tests.warehouse.detection_world import ListFeed

    return ListFeed()
