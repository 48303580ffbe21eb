"""Code location 1 of Dagster: the marts, built a shop day or a stretch of days at a time."""

from __future__ import annotations

import dagster as dg

from orchestration.marts.location import definitions
from orchestration.settings import OrchestrationSettings
from warehouse.terminal_text import guard_logs


def load() -> dg.Definitions:
    """Definitions by the environment, read here because Dagster wants them at import.

    Each process of the code location begins here, so its logs are guarded here.
    """
    guard_logs()
    return definitions(OrchestrationSettings.from_env())


defs = load()
