"""What the marts leave out although it was stored, and what was mended: never in silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from warehouse.client import Warehouse

TOP = 3

_COUNTS = """
select
    toUInt64(uniqExactIf(event_id, bot_verdict = 'bot')) as bot_events,
    toUInt64(uniqExactIf(order_id, bot_verdict = 'bot' and order_id != '')) as bot_orders,
    toUInt64(uniqExactIf(event_id, person = '')) as nobody_events,
    toUInt64(uniqExactIf(order_id, startsWith(person, 'o:'))) as anonymous_orders
from analytics.events
where occurred_on between {from_day:Date} and {to_day:Date}
"""
_REASONS = """
select
    reason,
    toUInt64(uniqExact(event_id)) as events,
    toUInt64(uniqExactIf(order_id, order_id != '')) as orders
from analytics.events
array join bot_reasons as reason
where bot_verdict = 'bot' and occurred_on between {from_day:Date} and {to_day:Date}
group by reason
order by events desc, reason
limit {limit:UInt32}
"""
_WARNINGS = """
select
    toString(code) as code,
    toString(field) as field,
    toUInt64(sum(event_count)) as events,
    min(example_event_id) as example_event_id
from marts.event_warnings
where occurred_on between {from_day:Date} and {to_day:Date}
group by code, field
order by events desc, code, field
"""
_HAS_WARNINGS = """
select count() from system.tables where database = 'marts' and name = 'event_warnings'
"""

FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2149, 6, 6)  # that a Date of the warehouse can be


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What the marts of some days leave out.

    `bot_orders` are orders that some event of a bot's tells; `nobody_events` name nobody and are
    about no order; `anonymous_orders` name nobody and are counted as money.
    """

    bot_events: int
    bot_orders: int
    nobody_events: int
    anonymous_orders: int
    bot_reasons: Sequence[Mapping[str, Any]]

    def sentence(self) -> str:
        """For people; empty when nothing was left out."""
        parts = []
        if self.bot_events:
            reasons = ", ".join(f"{one['reason']} {one['events']:,}" for one in self.bot_reasons)
            orders = f"{self.bot_orders:,} orders that they tell"
            parts.append(f"{self.bot_events:,} events of bots with {orders} ({reasons})")
        if self.nobody_events:
            parts.append(f"{self.nobody_events:,} events that name nobody")
        return f"left out: {'; '.join(parts)}" if parts else ""


def left_out(warehouse: Warehouse, from_day: date = FIRST_DAY, to_day: date = LAST_DAY) -> LeftOut:
    """What of the events of some shop days, both included, no mart of sessions counts."""
    days = {"from_day": from_day, "to_day": to_day}
    counts = warehouse.dicts(_COUNTS, **days)[0]
    reasons = warehouse.dicts(_REASONS, limit=TOP, **days) if counts["bot_events"] else []
    return LeftOut(**counts, bot_reasons=reasons)


def warnings_of(
    warehouse: Warehouse, from_day: date = FIRST_DAY, to_day: date = LAST_DAY
) -> list[dict[str, Any]]:
    """Warnings of the events of some shop days, most events first.

    Returns:
        `code`, `field`, `events`, `example_event_id`; nothing before the first build.
    """
    if not warehouse.scalar(_HAS_WARNINGS):
        return []
    return warehouse.dicts(_WARNINGS, from_day=from_day, to_day=to_day)
