"""Dagster's log of events in SQLite, with the events of many days written together.

Dagster notes every asset for every day of a run, and its SQLite storage opens two databases and
waits for the disk for each note: 80 ms of a busy machine, two hours for ten years before anything
is built. Here the notes of one batch are one transaction in each of the two, and what a run intends
to build is one note per asset.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Self

from dagster import DagsterEventType, EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Insert

MOST_TOGETHER = "1000"  # Dagster has no other place for it than the environment
TOGETHER = {DagsterEventType.ASSET_MATERIALIZATION, DagsterEventType.ASSET_MATERIALIZATION_PLANNED}


class BatchingEventLogStorage(SqliteEventLogStorage):
    """The storage that dagster.yaml names."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        os.environ.setdefault(
            "DAGSTER_EVENT_BATCH_SIZE", MOST_TOGETHER
        )  # Dagster asks for no other
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """As Dagster makes what its file names."""
        return cls(inst_data=inst_data, **config_value)

    @property
    def supports_partition_subset_in_asset_materialization_planned_events(self) -> bool:
        """What is intended is noted for all days of an asset at once."""
        return True

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events, in the order given."""
        runs = {event.run_id for event in events}
        if len(runs) != 1 or not all(event.dagster_event_type in TOGETHER for event in events):
            super().store_event_batch(events)
            return
        statements = [self.prepare_insert_event(event) for event in events]
        with self.run_connection(runs.pop()) as connection:
            for statement in statements:
                connection.execute(statement)
        with self.index_transaction() as connection:
            numbers = [_number_of(connection, statement) for statement in statements]
            self._store_asset_event_tags(connection, events, numbers)
            newest = {
                (event.get_dagster_event().asset_key, event.dagster_event_type): (event, number)
                for event, number in zip(events, numbers, strict=True)
            }
            for event, number in newest.values():
                self._store_asset_event(connection, event, number)


def _number_of(connection: Connection, statement: Insert) -> int:
    """Run an insert; the number that its row got."""
    key = connection.execute(statement).inserted_primary_key
    return int(key[0]) if key else 0
