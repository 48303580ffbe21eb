"""The ledger of firings: who was decided to be written to, and which of these letters are out.

A firing is recorded before it is published and marked after, so a crash leaves at most firings that
nobody knows to be published; `orchestration.detection` finds out from the feed itself. Rows may
stand there twice when two detectors ran into each other, so all readers count firing ids.

A row names its person as it was known then. Whoever bears one of its names today had the letter:
neither a merge of persons nor their separation makes it due again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from orchestration.feed import Place
from orchestration.same_person import IDENTIFIERS_OF_PEOPLE, NAMES_OF_FIRING
from orchestration.triggers.firing import CartFacts, Firing, Mode, firing_id
from orchestration.triggers.model import Definition
from warehouse.client import Warehouse

COLUMNS = (
    "firing_id",
    "trigger",
    "trigger_version",
    "person",
    "visitor_id",
    "customer_id",
    "instance",
    "period",
    "due_at",
    "decided_at",
    "clock",
    "facts",
)
PUBLICATION_COLUMNS = ("firing_id", "topic", "partition", "offset", "published_at")

FIRED = f"""
with

people as (select arrayJoin({{persons:Array(String)}}) as person),

identifiers as ({IDENTIFIERS_OF_PEOPLE})

select distinct identifiers.person, firings.instance, firings.period
from
(
    select arrayJoin({NAMES_OF_FIRING}) as name, instance, period
    from triggers.firings
    where trigger = {{trigger:String}}
) as firings
inner join identifiers on firings.name = identifiers.identifier
"""

UNPUBLISHED = f"""
select {", ".join(COLUMNS)}
from triggers.firings
where trigger = {{trigger:String}}
    and clock = {{mode:String}}
    and firing_id not in (select firing_id from triggers.publications)
order by due_at, firing_id
limit 1 by firing_id
"""

LAST_PUBLISHED = """
select partition, max(offset)
from triggers.publications
where topic = {topic:String}
    and firing_id in (select firing_id from triggers.firings where clock = {mode:String})
group by partition
"""


def fired(warehouse: Warehouse, definition: Definition, persons: Collection[str]) -> set[UUID]:
    """The ids that everything these people were ever decided to get by a trigger has today.

    What was decided for a visitor who turned out to be a customer counts as the customer's.
    """
    found = warehouse.rows(FIRED, trigger=definition.trigger, persons=sorted(persons))
    return {firing_id(definition.trigger, *decided) for decided in found}


def record(warehouse: Warehouse, firings: Iterable[Firing]) -> None:
    """Write firings into the ledger; from here on they are never decided again."""
    rows = [[_stored(firing, column) for column in COLUMNS] for firing in firings]
    warehouse.insert("triggers.firings", COLUMNS, rows)


def unpublished(warehouse: Warehouse, definition: Definition, mode: Mode) -> list[Firing]:
    """Firings that no run has marked as published, in the order they are due.

    Only those decided on the same clock: a letter of a demo must not leave by the wall's clock.
    """
    found = warehouse.dicts(UNPUBLISHED, trigger=definition.trigger, mode=mode)
    return [_firing(definition, row) for row in found]


def last_published(warehouse: Warehouse, topic: str, mode: Mode) -> dict[int, int]:
    """The largest offset known to hold a letter, by partition.

    Only those decided on one clock: a demo's feed lay on another broker, with offsets of its own.
    """
    return dict(warehouse.rows(LAST_PUBLISHED, topic=topic, mode=mode))


def mark_published(warehouse: Warehouse, topic: str, places: Iterable[tuple[UUID, Place]]) -> None:
    """Note where in the feed firings stand."""
    now = datetime.now(UTC)
    rows = [(firing_id, topic, place.partition, place.offset, now) for firing_id, place in places]
    warehouse.insert("triggers.publications", PUBLICATION_COLUMNS, rows)


def _stored(firing: Firing, column: str) -> object:
    if column == "facts":
        return msgspec.json.encode(firing.facts).decode()
    return getattr(firing, column)


def _firing(definition: Definition, row: dict[str, Any]) -> Firing:
    return Firing(
        **row
        | {
            "title": definition.title,
            "due_at": row["due_at"].replace(tzinfo=UTC),
            "decided_at": row["decided_at"].replace(tzinfo=UTC),
            "facts": msgspec.json.decode(row["facts"], type=CartFacts),
        }
    )
