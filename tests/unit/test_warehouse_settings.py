"""Settings of the warehouse."""

from __future__ import annotations

import pytest

from warehouse.settings import WarehouseSettings, WarehouseSettingsError


def test_without_variables_the_warehouse_is_the_local_one() -> None:
    settings = WarehouseSettings.from_env({})
    assert (settings.host, settings.port, settings.is_on_loopback) == ("127.0.0.1", 8123, True)


def test_an_address_tells_host_port_and_security() -> None:
    settings = WarehouseSettings.from_env({"WAREHOUSE_URL": "https://ch.example/"})
    assert (settings.host, settings.port, settings.is_secure) == ("ch.example", 8443, True)
    assert not settings.is_on_loopback


def test_every_bad_variable_is_named_in_one_complaint() -> None:
    bad = {
        "WAREHOUSE_URL": "ch:8123",
        "WAREHOUSE_MAX_QUERIES": "0",
        "WAREHOUSE_MEMORY_PERCENT": "much",
    }
    with pytest.raises(WarehouseSettingsError) as complaint:
        WarehouseSettings.from_env(bad)
    assert all(name in str(complaint.value) for name in bad)


def test_a_password_in_the_address_is_refused_and_not_shown() -> None:
    with pytest.raises(WarehouseSettingsError) as complaint:
        WarehouseSettings.from_env({"WAREHOUSE_URL": "http://me:sesame@ch:8123"})
    assert "sesame" not in str(complaint.value)
    assert "WAREHOUSE_PASSWORD" in str(complaint.value)


def test_the_password_is_not_in_the_settings_own_text() -> None:
    assert "sesame" not in repr(WarehouseSettings(password="sesame"))
