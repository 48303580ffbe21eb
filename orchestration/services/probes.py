"""Questions to a service: is it of use yet? Each answers at once, and «no» when nobody answers."""

from __future__ import annotations

import json
import urllib.request
from datetime import UTC, datetime
from typing import Any

from warehouse.client import Warehouse, WarehouseError
from warehouse.settings import WarehouseSettings

NEEDED_DAEMONS = frozenset({"SCHEDULER", "SENSOR", "QUEUED_RUN_COORDINATOR"})

CLAIMS = "select count() from event_store.claims where claimed_at >= {since:DateTime64(6, 'UTC')}"

DAEMONS = "{ instance { daemonHealth { allDaemonStatuses { daemonType lastHeartbeatTime } } } }"

LOCATIONS = """
{ workspaceOrError { ... on Workspace { locationEntries {
    name loadStatus locationOrLoadError { __typename ... on PythonError { message } }
} } } }
"""


def has_claimed(warehouse: WarehouseSettings, since: float) -> bool:
    """Whether a stream worker has claimed partitions since an instant (Unix seconds)."""
    since_at = datetime.fromtimestamp(since, UTC)
    try:
        with Warehouse.connect(warehouse, "active-analytics up") as connection:
            return bool(connection.scalar(CLAIMS, since=since_at))
    except WarehouseError:
        return False


def answers(url: str) -> bool:
    """Whether a page answers with success."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:  # a URLError is one
        return False


def has_locations(dagster_url: str) -> bool:
    """Whether Dagster's pages show every code location, loaded and without an error."""
    found = _ask(dagster_url, LOCATIONS)
    entries = found.get("workspaceOrError", {}).get("locationEntries", [])
    return bool(entries) and all(
        (entry["locationOrLoadError"] or {}).get("__typename") == "RepositoryLocation"
        for entry in entries
    )


def beats_since(dagster_url: str, started_at: float) -> bool:
    """Whether the daemon's parts have each given a sign of life since an instant (Unix seconds)."""
    statuses = _ask(dagster_url, DAEMONS).get("instance", {}).get("daemonHealth", {})
    beating = {
        status["daemonType"]
        for status in statuses.get("allDaemonStatuses", [])
        if (status["lastHeartbeatTime"] or 0) >= started_at
    }
    return beating >= NEEDED_DAEMONS


def _ask(dagster_url: str, query: str) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{dagster_url}/graphql",
        data=json.dumps({"query": query}).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return dict(json.load(answer).get("data") or {})
    except (OSError, ValueError):
        return {}
