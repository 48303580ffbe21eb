"""The ledger of firings: who was decided to be written to, and which of these letters are out.

A firing is recorded before it is published and marked after, so a crash leaves at most firings that
nobody knows to be published; `orchestration.firing_publication` finds out from the feed itself, and
withdraws what is not due any more. Rows may stand there twice when two detectors ran into each
other, so all readers count firing ids; `repair` deletes the later rows that tell nothing new.

A row names its person as it was known then. Whoever bears one of its names today had the letter:
neither a merge of persons nor their separation makes it due again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec

from orchestration.feed import Feed, Place
from orchestration.same_person import IDENTIFIERS_OF_PEOPLE, NAMES_OF_FIRING
from orchestration.triggers.decide import Reason
from orchestration.triggers.firing import CartFacts, Firing, Mode, firing_id
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
PUBLICATION_COLUMNS = ("firing_id", "topic", "topic_id", "partition", "offset", "published_at")
WITHDRAWAL_COLUMNS = ("firing_id", "record_id", "reason", "withdrawn_at")

FIRED = f"""
with

people as (select arrayJoin({{persons:Array(String)}}) as person),

identifiers as ({IDENTIFIERS_OF_PEOPLE})

select distinct identifiers.person, firings.instance, firings.period
from
(
    select arrayJoin({NAMES_OF_FIRING}) as name, instance, period
    from triggers.standing_firings
    where trigger = {{trigger:String}}
        and (
            not {{only_published:Bool}}
            or firing_id in (select firing_id from triggers.publications)
        )
) as firings
inner join identifiers on firings.name = identifiers.identifier
"""

UNPUBLISHED = f"""
select {", ".join(COLUMNS)}
from triggers.standing_firings
where clock = {{mode:String}}
    and firing_id not in (select firing_id from triggers.publications)
order by due_at, firing_id, decided_at, record_id
limit 1 by firing_id
"""

LAST_PUBLISHED = """
select partition, max(offset)
from triggers.publications
where topic = {topic:String}
    and topic_id in ('', {topic_id:String})
    and firing_id in (select firing_id from triggers.firings where clock = {mode:String})
group by partition
"""


# Rows that repeat a standing firing to the same names: all but the earliest. Rows from before they
# had an id cannot be told apart, and stay.
REPEATED = """
select firing_id, record_id
from
(
    select firing_id, record_id
    from triggers.standing_firings
    order by firing_id, visitor_id, customer_id, decided_at, record_id
    limit 1, 1000000000 by firing_id, visitor_id, customer_id
)
where record_id != toUUID('00000000-0000-0000-0000-000000000000')
"""

STANDING_ROWS = """
select firing_id, record_id
from triggers.standing_firings
where firing_id in {firing_ids:Array(UUID)}
"""


def fired(
    warehouse: Warehouse, trigger: str, persons: Collection[str], *, only_published: bool = False
) -> set[UUID]:
    """The ids that everything these people were ever decided to get by a trigger has today.

    What was decided for a visitor who turned out to be a customer counts as the customer's.

    Args:
        warehouse: the ledger.
        trigger: its name.
        persons: of today.
        only_published: leave out what is not known to be in the feed.
    """
    found = warehouse.rows(
        FIRED, trigger=trigger, persons=sorted(persons), only_published=only_published
    )
    return {firing_id(trigger, *decided) for decided in found}


def record(warehouse: Warehouse, firings: Iterable[Firing]) -> None:
    """Write firings into the ledger; from here on they are never decided again."""
    rows = [[*(_stored(firing, column) for column in COLUMNS), uuid4()] for firing in firings]
    warehouse.insert("triggers.firings", (*COLUMNS, "record_id"), rows)


def unpublished(warehouse: Warehouse, mode: Mode) -> list[Firing]:
    """Firings of all triggers that no run has marked as published, in the order they are due.

    Only those decided on the same clock: a letter of a demo must not leave by the wall's clock. The
    ledger does not know their titles.
    """
    return [_firing(row) for row in warehouse.dicts(UNPUBLISHED, mode=mode)]


def withdraw(warehouse: Warehouse, firings: Iterable[tuple[Firing, Reason]]) -> None:
    """Take back firings that are in no feed, each with the reason: they count for nobody.

    All rows of theirs go, those of detectors that ran into each other included.
    """
    now = datetime.now(UTC)
    reasons = {firing.firing_id: reason for firing, reason in firings}
    if reasons:
        standing = warehouse.rows(STANDING_ROWS, firing_ids=[str(one) for one in reasons])
        rows = [(firing_id, row, reasons[firing_id], now) for firing_id, row in standing]
        warehouse.insert("triggers.withdrawals", WITHDRAWAL_COLUMNS, rows)


def repeated_rows(warehouse: Warehouse) -> int:
    """How many rows repeat a firing that stands in the ledger already. They are no letters."""
    return int(warehouse.scalar(f"select count() from ({REPEATED})"))


def repair(warehouse: Warehouse) -> int:
    """Delete the rows that repeat a firing, the earliest of each stays. The number deleted."""
    repeats = repeated_rows(warehouse)
    if repeats:
        warehouse.execute(
            f"delete from triggers.firings where (firing_id, record_id) in ({REPEATED})"
        )
    return repeats


def last_published(warehouse: Warehouse, feed: Feed, mode: Mode) -> dict[int, int]:
    """The largest offset of a feed known to hold a letter, by partition.

    Only those decided on one clock: a demo's feed lay on another broker, with offsets of its own.
    """
    return dict(warehouse.rows(LAST_PUBLISHED, topic=feed.topic, topic_id=feed.topic_id, mode=mode))


def mark_published(warehouse: Warehouse, feed: Feed, places: Iterable[tuple[UUID, Place]]) -> None:
    """Note where in a feed firings stand."""
    now = datetime.now(UTC)
    rows = [(firing_id, feed.topic, feed.topic_id, *place, now) for firing_id, place in places]
    warehouse.insert("triggers.publications", PUBLICATION_COLUMNS, rows)


def _stored(firing: Firing, column: str) -> object:
    if column == "facts":
        return msgspec.json.encode(firing.facts).decode()
    return getattr(firing, column)


def _firing(row: dict[str, Any]) -> Firing:
    return Firing(
        **row
        | {
            "title": "",
            "due_at": row["due_at"].replace(tzinfo=UTC),
            "decided_at": row["decided_at"].replace(tzinfo=UTC),
            "facts": msgspec.json.decode(row["facts"], type=CartFacts),
        }
    )
