"""Tables that people and banks fill: an asset that loads a file of currency rates, daily."""

# Without `from __future__ import annotations`: Dagster reads these annotations as types.
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.currency_rates import days_at_other_rates, load, read
from warehouse.client import Warehouse

RATES = dg.AssetKey(["reference", "currency_rates"])
JOB = "load_currency_rates"
AFTER_THE_BANK = "30 16 * * 1-5"  # the European Central Bank publishes about 16:00 in Frankfurt
BANKS_ZONE = "Europe/Berlin"


class RatesFile(dg.Config):
    """The file to load, and who published it where the file does not say."""

    path: str
    source: str = ""


def currency_rates(shop_currency: str) -> dg.AssetsDefinition:
    """The asset that loads rates into the shop's currency."""

    @dg.asset(key=RATES, group_name="reference")
    def rates(
        config: RatesFile, warehouse: dg.ResourceParam[Warehouse]
    ) -> dg.MaterializeResult[None]:
        """What currencies were worth on which day; known rates are left as they are."""
        file = Path(config.path)
        loaded = load(warehouse, read(file, shop_currency, config.source or file.name))
        return dg.MaterializeResult(
            metadata={
                "new": loaded.new,
                "changed": loaded.changed,
                "known_already": loaded.unchanged,
                "days_waiting_for_a_build": len(days_at_other_rates(warehouse)),
            }
        )

    return rates


def rates_job() -> Any:
    """The job that loads a file; the class of such jobs is not public in Dagster."""
    return dg.define_asset_job(JOB, dg.AssetSelection.assets(RATES))


def daily_rates(file: Path) -> dg.ScheduleDefinition:
    """The schedule that loads the bank's file after it was published."""
    config = {"ops": {"reference__currency_rates": {"config": {"path": str(file)}}}}
    return dg.ScheduleDefinition(
        name="daily_currency_rates",
        job_name=JOB,
        cron_schedule=AFTER_THE_BANK,
        execution_timezone=BANKS_ZONE,
        run_config=config,
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
