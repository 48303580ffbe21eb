"""Settings of orchestration: what is read, and what is told of what cannot be used."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from orchestration.settings import OrchestrationSettings
from streams.settings import SettingsError


def test_nothing_set_gives_the_defaults() -> None:
    assert OrchestrationSettings.from_env({"DAGSTER_PORT": ""}) == OrchestrationSettings()


def test_each_variable_is_read_as_what_it_is() -> None:
    settings = OrchestrationSettings.from_env(
        {
            "DAGSTER_PORT": "3100",
            "FIRST_SHOP_DAY": "2016-08-01",
            "SHOP_TIME_ZONE": "America/Los_Angeles",
            "DETECTION_CLOCK": "shop",
            "LOCAL_HOME": "/var/shop",
        }
    )
    assert settings.dagster_url == "http://127.0.0.1:3100"
    assert settings.first_shop_day == date(2016, 8, 1)
    assert settings.shop_time_zone == "America/Los_Angeles"
    assert settings.detection_clock == "shop"
    assert settings.dagster_home == Path("/var/shop/dagster")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("DAGSTER_HOST", "0.0.0.0", "loopback"),
        ("DAGSTER_PORT", "70000", "1 to 65535"),
        ("FIRST_SHOP_DAY", "August", "2016-08-01"),
        ("SHOP_TIME_ZONE", "Mars/Base", "Europe/London"),
        ("DETECTION_CLOCK", "fast", "live or shop"),
        ("DETECTION_SECONDS", "0", "at least 1"),
        ("ORDER_NUMBERS", "per_shop", "global, per_source"),
        ("DAGSTER_ALLOWED_HOSTS", "http://pages.example", "without a port"),
        ("DAGSTER_READ_ONLY", "yes", "true or false"),
    ],
    ids=[
        *("an open host", "no port", "no day", "no zone", "no clock", "no pause"),
        *("no such numbers", "an address as host", "neither true nor false"),
    ],
)
def test_a_value_that_cannot_be_used_is_told_with_what_is_taken(
    name: str, text: str, told: str
) -> None:
    with pytest.raises(SettingsError, match=f"{name}='{text}'.*{told}"):
        OrchestrationSettings.from_env({name: text})


def test_all_bad_variables_are_told_at_once() -> None:
    with pytest.raises(SettingsError, match=r"DAGSTER_PORT.*KEEP_RUNS_DAYS"):
        OrchestrationSettings.from_env({"DAGSTER_PORT": "x", "KEEP_RUNS_DAYS": "y"})
