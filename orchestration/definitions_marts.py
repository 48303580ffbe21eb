"""Code location 1 of Dagster: the marts, built a shop day or a stretch of days at a time."""

from __future__ import annotations

import dagster as dg

from orchestration.marts.location import definitions
from orchestration.settings import OrchestrationSettings
from warehouse.process_guards import guard_process


def load() -> dg.Definitions:
    """Definitions by the environment, read here because Dagster wants them at import.

    Each process of the code location begins here, so it is guarded here.
    """
    guard_process()
    return definitions(OrchestrationSettings.from_env())


defs = load()
