"""The rules of the marts, each of them a unit test in the YAML file beside its model."""

from __future__ import annotations

from argparse import Namespace
from datetime import date
from pathlib import Path

import pytest
import yaml

from orchestration.days import Stretch
from orchestration.marts.dbt import PROJECT
from tests.warehouse.marts_world import MartsWorld
from warehouse.settings import WarehouseSettings

# dbt's logger forgets to close the file it wrote
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")

ADDRESSES = [
    "http://127.0.0.1:18123",
    "http://warehouse",
    "https://warehouse.example",
    "https://warehouse.example:9440",
]
MODELS = sorted(PROJECT.glob("models/*/*.sql"))


def test_every_rule_of_every_model_holds(shop: MartsWorld) -> None:
    told = shop.attempt(Stretch(date(2026, 3, 1), date(2026, 3, 1)), options=())
    assert not told.failure, told.errors
    assert told.finished["unit_test"] >= len(MODELS)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.stem)
def test_a_model_says_its_grain_and_has_described_columns_and_a_rule(model: Path) -> None:
    sql = model.read_text()
    (told,) = yaml.safe_load(model.with_suffix(".yml").read_text())["models"]
    assert sql.startswith("-- One row per ")
    assert "now()" not in sql
    assert all(column["description"] for column in told["columns"])
    assert not any("Nullable" in column["data_type"] for column in told["columns"])
    assert yaml.safe_load(model.with_suffix(".yml").read_text())["unit_tests"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_dbt_finds_the_warehouse_by_the_settings_of_everything_else(address: str) -> None:
    from dbt.config.runtime import load_profile
    from dbt.flags import set_from_args
    from dbt_common.context import set_invocation_context

    set_invocation_context({"WAREHOUSE_URL": address})
    set_from_args(Namespace(PROJECT_DIR=str(PROJECT), PROFILES_DIR=str(PROJECT)), {})
    found = load_profile(str(PROJECT), {}).credentials
    wanted = WarehouseSettings(url=address)
    assert (found.host, found.port) == (wanted.host, wanted.port)
    assert found.secure is wanted.is_secure
