"""A message as the broker gave it, and where it came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Record(NamedTuple):
    """One message of a partition, as the broker gave it."""

    offset: int
    key: bytes
    payload: bytes | None
    headers: Sequence[tuple[str, bytes]]
    broker_time_ms: int


class Origin(NamedTuple):
    """Where a batch comes from: all of its records share topic, partition and the writer's
    generation.
    """

    topic: str
    partition: int
    generation: int
