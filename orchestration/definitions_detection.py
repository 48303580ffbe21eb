"""Code location 2 of Dagster: detection, every few seconds, in a sensor.

A run would cost a process (6 CPU seconds) per tick, a sensor's tick costs a tenth of one. Nothing
here imports dbt or Great Expectations, so that the process that ticks for ever stays small.
"""

from pathlib import Path

import dagster as dg

from orchestration.catalogue import CatalogueError, complaint_about
from orchestration.detection import Report, tick
from orchestration.settings import OrchestrationSettings
from orchestration.triggers.firing import Mode
from streams.producer import BrokerBusyError, FencedError
from streams.settings import StreamSettings
from warehouse.client import WarehouseBusyError
from warehouse.process_guards import guard_process
from warehouse.settings import WarehouseSettings

FIRINGS = dg.AssetKey(["triggers", "firings"])
MODES: dict[str, Mode] = {"live": "wall", "shop": "shop"}

firings = dg.AssetSpec(
    FIRINGS,
    deps=[dg.AssetKey(["marts", "cart_additions"]), dg.AssetKey(["analytics", "events"])],
    group_name="triggers",
    description="One row per letter decided. The sensor «detection» writes it, every few seconds.",
)


def detection_sensor(
    mode: Mode, seconds: int, definitions: Path | None = None
) -> dg.SensorDefinition:
    """The sensor that decides, records and publishes letters.

    Args:
        mode: the wall's clock, or the shop's whose history is being played.
        seconds: at least so long from one tick to the next.
        definitions: folder of the triggers' definitions, the shipped ones without it.
    """

    @dg.sensor(
        name="detection",
        minimum_interval_seconds=max(1, seconds - 1),  # the daemon looks every 5 s and a little
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Fires what is due, by the clock of the {mode}.",
    )
    def detection(_context: dg.SensorEvaluationContext) -> dg.SensorResult:
        try:
            report = tick(
                StreamSettings.from_env(),
                WarehouseSettings.from_env(),
                mode,
                definitions=definitions,
            )
        except (WarehouseBusyError, BrokerBusyError, FencedError) as error:
            return dg.SensorResult(skip_reason=f"tried again at the next tick: {error}")
        return told(report)

    return detection


def told(report: Report) -> dg.SensorResult:
    """A tick as Dagster's pages show it; its cursor is the clock that it judged by.

    Raises:
        CatalogueError: definitions cannot be used and the others had nothing to write, so that the
            tick is shown as failed; else the materialization names them.
    """
    cursor = report.clock.now.isoformat() if report.clock else ""
    complaint = complaint_about(report.rejected)
    if complaint and not report.fired and not report.published:
        raise CatalogueError(complaint)
    if not report.fired and not report.published:
        return dg.SensorResult(
            skip_reason=report.note or f"nothing is due by {cursor}", cursor=cursor
        )
    tallies = {tally.trigger: tally.fired for tally in report.tallies}
    written = dg.AssetMaterialization(
        FIRINGS,
        metadata={
            "fired": report.fired,
            "published": report.published,
            "clock": cursor,
            "by_trigger": dg.MetadataValue.json(tallies),
            **({"rejected_definitions": complaint} if complaint else {}),
        },
    )
    return dg.SensorResult(asset_events=[written], cursor=cursor)


def load() -> dg.Definitions:
    """Definitions by the environment, read here because Dagster wants them at import.

    Each process of the code location begins here, so it is guarded here.
    """
    guard_process()
    settings = OrchestrationSettings.from_env()
    sensor = detection_sensor(
        MODES[settings.detection_clock], settings.detection_seconds, settings.trigger_definitions
    )
    return dg.Definitions(assets=[firings], sensors=[sensor])


defs = load()
