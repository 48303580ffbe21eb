"""What time it is for detection: on the wall, or in the shop whose history is being played.

The shop's clock shows the smallest event time that the partitions have reached: the events of one
person lie in one partition, so up to that instant everything about everybody who is known at all is
stored. It is held back to the beginning of the first day whose events the marts have not seen, or
whose persons changed since: else a run between two builds would judge a cart without the order that
followed it, and the cadence of runs would show in the letters.
"""

from __future__ import annotations

from datetime import UTC, datetime, time

from orchestration.days import unseen_days
from orchestration.triggers.decide import Clock
from streams.settings import StreamSettings
from warehouse.client import Warehouse

REACHED = """
select min(reached)
from
(
    select max(occurred_max) as reached
    from event_store.stored_ranges
    where topic = {topic:String} and event_count > 0
    group by partition
)
having count() > 0
"""


def wall_clock() -> Clock:
    """The instant it is."""
    return Clock(datetime.now(UTC), "wall")


def shop_clock(warehouse: Warehouse, settings: StreamSettings) -> Clock | None:
    """The instant up to which the marts know the shop's history, None when no event is stored."""
    reached = warehouse.rows(REACHED, topic=settings.events_topic)
    if not reached:
        return None
    now = reached[0][0].replace(tzinfo=UTC)
    dirty = unseen_days(warehouse)
    if dirty:
        now = min(now, datetime.combine(min(dirty), time(), settings.zone).astimezone(UTC))
    return Clock(now, "shop")
