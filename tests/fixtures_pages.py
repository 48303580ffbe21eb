"""One browser for the whole session, and a shop with its collector for each test that asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.collector.settings import CollectorSettings
from tests.browser import Chromium, running_chromium
from tests.fixtures_kafka import free_port_pair
from tests.pages import Shop, World


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """A browser that lives as long as the session; its tabs share nothing."""
    with running_chromium(tmp_path_factory.mktemp("chromium") / "profile") as browser:
        yield browser


@pytest.fixture
def world(browser: Chromium, tmp_path: Path) -> Iterator[World]:
    """A shop whose pages have the script, a collector that does not answer yet, and a tab."""
    port = free_port_pair()
    with Shop(f"http://127.0.0.1:{port}") as shop:
        settings = CollectorSettings(collector_port=port, collector_origins=shop.url)
        world = World(shop, settings, tmp_path / "spool", browser.tab())
        yield world
        world.tab.close()
        world.publisher.close(0)
