"""Settings of the collector: read from the environment, all mistakes in one complaint."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from streams.collector.settings import CollectorSettings
from streams.settings import SettingsError

TOKEN = "0123456789abcdef"


def test_without_variables_it_listens_on_loopback() -> None:
    settings = CollectorSettings.from_env({})
    assert settings == CollectorSettings()
    assert settings.url == "http://127.0.0.1:8090"
    assert settings.spool == Path(".local/collector")
    settings.refuse_unguarded()


def test_lists_are_read_from_commas() -> None:
    settings = CollectorSettings.from_env(
        {
            "COLLECTOR_ORIGINS": "https://shop.example, http://127.0.0.1:8000,",
            "COLLECTOR_TRUSTED_PROXIES": "10.0.0.0/8,::1",
            "COLLECTOR_SPOOL": "/var/spool/events",
        }
    )
    assert settings.origins == {"https://shop.example", "http://127.0.0.1:8000"}
    assert settings.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1"))
    assert settings.spool == Path("/var/spool/events")


def test_all_bad_variables_are_named_and_the_token_is_not_shown() -> None:
    bad = {
        "COLLECTOR_PORT": "http",
        "COLLECTOR_ORIGINS": "https://shop.example/",
        "COLLECTOR_TOKEN": "short",
        "COLLECTOR_TRUSTED_PROXIES": "proxy.example",
        "COLLECTOR_MAX_EVENTS": "0",
        "COLLECTOR_COOKIE_DOMAIN": "shop.example; Secure",
        "COLLECTOR_COOKIE_DAYS": "0",
        "COLLECTOR_PRIVACY_SIGNALS": "off",
        "COLLECTOR_BEACON_SPOOL_PERCENT": "101",
        "COLLECTOR_ADDRESS_EVENTS_PER_MINUTE": "-1",
        "COLLECTOR_VISITOR_EVENTS_PER_MINUTE": "many",
    }
    with pytest.raises(SettingsError) as caught:
        CollectorSettings.from_env(bad)
    assert all(name in str(caught.value) for name in bad)
    assert "short" not in str(caught.value)


@pytest.mark.parametrize("origin", ["*", "shop.example", "null", "https://*", "https://a@b"])
def test_an_origin_is_exact(origin: str) -> None:
    with pytest.raises(SettingsError, match="is no origin"):
        CollectorSettings.from_env({"COLLECTOR_ORIGINS": origin})


def test_other_machines_are_listened_to_only_with_a_token() -> None:
    open_to_all = {"COLLECTOR_HOST": "0.0.0.0"}
    with pytest.raises(SettingsError, match=r"set COLLECTOR_TOKEN, or listen on 127\.0\.0\.1"):
        CollectorSettings.from_env(open_to_all).refuse_unguarded()
    CollectorSettings.from_env({**open_to_all, "COLLECTOR_TOKEN": TOKEN}).refuse_unguarded()
    assert TOKEN not in repr(CollectorSettings(collector_token=TOKEN))
