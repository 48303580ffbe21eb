"""Dagster's own pages go on working within our guard: a person launches a backfill by clicks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from tests.browser import Chromium, Tab
from tests.dagster_pages import Pages, serving_pages
from tests.processes import eventually

BUTTON = "[...document.querySelectorAll('button')].find(one => !one.disabled && {test})"


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    with serving_pages(tmp_path) as pages:
        yield pages


def press(tab: Tab, label: str) -> None:
    """Press a button as soon as it is there and may be pressed."""
    button = BUTTON.format(test=f"one.innerText.startsWith('{label}')")
    eventually(lambda: tab.run(f"!!{button}"), tell=lambda: tab.run("document.body.innerText"))
    tab.run(f"{button}.click()")


def test_a_backfill_is_launched_by_clicks(browser: Chromium, pages: Pages) -> None:
    tab = browser.tab()
    tab.show(f"{pages.url}/assets/sessions")
    press(tab, "Materialize")
    press(tab, "All")
    press(tab, "Launch backfill")
    eventually(lambda: pages.backfills == 1)
    tab.close()
    [backfill] = pages.instance.get_backfills()
    assert backfill.asset_selection == [dg.AssetKey("sessions")]
