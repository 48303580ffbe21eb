"""The warehouse is killed while events are enriched anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestration import enriching
from streams import anew
from streams.anew import versions
from streams.verify import verify
from streams.versions import registered
from tests.fixtures_warehouse import EmbeddedProcess
from tests.warehouse.test_anew import AFTER, BEFORE, FIRST, OTHER, marked, media, stored
from warehouse.client import Warehouse, WarehouseBusyError
from warehouse.migrate import migrate


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedProcess]:
    """A warehouse that a test may kill."""
    server = EmbeddedProcess(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def shop(server: EmbeddedProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warehouse]:
    """Five events, one a day, three of them from a site that today is the shop's own."""
    monkeypatch.setattr(anew, "SLICE_EVENTS", 2)
    monkeypatch.setattr(enriching, "PAUSE_SECONDS", 0.0)
    with Warehouse.connect(server.settings, "tests") as warehouse:
        migrate(warehouse)
        registered(warehouse, BEFORE.tables.parts())
        stored(warehouse, [FIRST, OTHER, FIRST, OTHER, FIRST])
        yield warehouse


def killing(server: EmbeddedProcess, step: Callable[..., None]) -> Callable[..., None]:
    """A step of the work during whose second call the warehouse is killed."""
    calls = 0

    def stepped(*arguments: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            server.kill()
        step(*arguments)

    return stepped


def test_a_warehouse_that_is_killed_is_waited_for_and_its_slice_done_again(
    server: EmbeddedProcess, shop: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anew, "mark_days", killing(server, anew.mark_days))
    reasons, events = [], []

    def started_again(reason: str) -> None:
        reasons.append(reason)
        server.start()

    watcher = enriching.Watcher(events.append, started_again)
    outcome = enriching.enrich(shop, AFTER.tables, tmp_path, watcher)
    assert (outcome.events, events) == (5, [2, 2, 1])
    assert len(outcome.days) == 3
    assert outcome.days <= set(marked(shop))
    assert len(reasons) == 1
    assert versions(shop) == {outcome.version: 5}
    assert [medium for _, medium, _ in media(shop)] == ["internal", "referral"] * 2 + ["internal"]
    assert verify(shop).is_ok


def test_one_that_stays_away_is_given_up_and_the_same_command_goes_on_later(
    server: EmbeddedProcess, shop: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(anew, "mark_days", killing(server, anew.mark_days))
        patched.setattr(enriching, "PATIENCE_SECONDS", 0.0)
        with pytest.raises(WarehouseBusyError):
            enriching.enrich(shop, AFTER.tables, tmp_path, enriching.Watcher(int, str))
    server.start()
    outcome = enriching.enrich(shop, AFTER.tables, tmp_path, enriching.Watcher(int, str))
    assert outcome.events == 3
    assert versions(shop) == {outcome.version: 5}
    assert len(set(marked(shop))) == 3
