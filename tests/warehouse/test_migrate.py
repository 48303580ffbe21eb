"""Migrations on the real engine."""

from __future__ import annotations

from warehouse.client import Warehouse
from warehouse.migrate import migrate, pending


def test_an_applied_migration_is_not_applied_again(warehouse: Warehouse) -> None:
    assert pending(warehouse) == []
    assert migrate(warehouse) == []
