"""Rates and enrichment, started on Dagster's pages or on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner

from orchestration.commands.enriching import enrich
from orchestration.commands.rates import rates
from orchestration.enriching import EnrichingError, _alone
from orchestration.marts.enrichment import enrich_stored_events, rules_changed
from orchestration.marts.reference import RATES, currency_rates
from streams.anew import versions
from streams.versions import registered
from tests.warehouse.test_anew import BEFORE, FIRST, OTHER, media, stored
from warehouse.client import Warehouse
from warehouse.settings import WarehouseSettings


@pytest.fixture
def shop(
    warehouse: Warehouse,
    warehouse_server: WarehouseSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Warehouse:
    """Two events enriched by rules under which partner.example was no part of the shop."""
    monkeypatch.setenv("WAREHOUSE_URL", warehouse_server.url)
    monkeypatch.setenv("SHOP_HOSTS", "partner.example")
    monkeypatch.setenv("SHOP_CURRENCY", "EUR")
    monkeypatch.setenv("LOCAL_HOME", str(tmp_path))
    assert registered(warehouse, BEFORE.tables.parts()) == BEFORE.version
    stored(warehouse, [FIRST, OTHER])
    return warehouse


def ran(warehouse: Warehouse, *, dry_run: bool) -> None:
    config = {"ops": {"enrich_events": {"config": {"dry_run": dry_run}}}}
    with dg.DagsterInstance.ephemeral() as instance:
        done = enrich_stored_events.execute_in_process(
            run_config=config, resources={"warehouse": warehouse}, instance=instance
        )
    assert done.success


def test_the_job_only_tells_at_first_and_enriches_when_told_to(shop: Warehouse) -> None:
    ran(shop, dry_run=True)
    assert versions(shop) == {1: 2}
    ran(shop, dry_run=False)
    assert [medium for _, medium, _ in media(shop)] == ["internal", "referral"]
    assert 1 not in versions(shop)


def test_the_sensor_asks_for_the_job_while_rules_differ(shop: Warehouse) -> None:
    def asked() -> object:
        with dg.build_sensor_context(resources={"warehouse": shop}) as context:
            return rules_changed(context)

    assert isinstance(asked(), dg.RunRequest)
    ran(shop, dry_run=False)
    assert isinstance(asked(), dg.SkipReason)


def test_the_command_says_how_many_then_does_it_and_then_has_nothing_to_do(shop: Warehouse) -> None:
    def told(*arguments: str) -> dict[str, object]:
        done = CliRunner().invoke(enrich, [*arguments, "--json"])
        assert done.exit_code == 0, done.output
        answer: dict[str, object] = json.loads(done.output)
        return answer

    assert told("--dry-run")["outdated"] == 2
    done = told()
    assert (done["enriched"], len(done["dirty_days"])) == (2, 1)  # type: ignore[arg-type]
    assert told() == {"outdated": 0, "changed": []}
    assert media(shop)[0][1] == "internal"


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    with _alone(tmp_path), pytest.raises(EnrichingError, match="already"), _alone(tmp_path):
        pass


def test_rates_are_loaded_by_asset_and_by_command_alike(shop: Warehouse, tmp_path: Path) -> None:
    file = tmp_path / "rates.csv"
    file.write_text("rate_on,currency,rate\n2026-03-06,USD,0.9\n")
    config = dg.RunConfig({"reference__currency_rates": {"config": {"path": str(file)}}})
    with dg.DagsterInstance.ephemeral() as instance:
        done = dg.materialize(
            [currency_rates("EUR")],
            run_config=config,
            resources={"warehouse": shop},
            instance=instance,
        )
    (written,) = done.get_asset_materialization_events()
    assert written.asset_key == RATES
    again = CliRunner().invoke(rates, ["load", str(file), "--json"])
    assert json.loads(again.output) == {"new": 0, "changed": 0, "unchanged": 1, "dirty_days": []}
    shown = CliRunner().invoke(rates, ["show"])
    assert "USD in EUR: 1 days from 2026-03-06" in shown.output


def test_a_broken_file_of_rates_is_told_in_a_sentence(shop: Warehouse, tmp_path: Path) -> None:
    file = tmp_path / "rates.csv"
    file.write_text("rate_on,currency,rate\nyesterday,USD,0.9\n")
    done = CliRunner().invoke(rates, ["load", str(file)])
    assert done.exit_code == 1
    assert "line 2: 'yesterday' is no day" in done.output
