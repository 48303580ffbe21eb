"""What came out, in one object: messages, sessions, orders, pairs, channels, letters.

The figures are read from the ledger, the marts and the firing ledger as they stand; nothing is
computed here that a mart should hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from orchestration import enriching
from orchestration.dbt_project_files import parsed_recipe
from orchestration.left_out import left_out, warnings_of
from orchestration.settings import OrchestrationSettings
from orchestration.waiting import Waiting, waiting_now
from streams.currencies import minor_digits
from streams.enrich.enrichment import Tables
from streams.settings import StreamSettings
from warehouse.client import Warehouse

PAIR_ORDERS = 5  # a pair in fewer orders is chance: as in the expected answers of the real month

_MESSAGES = """
    select
        sum(event_count + dead_letter_count) as events_read,
        sum(event_count) as events_stored,
        sum(dead_letter_count) as dead_letters
    from event_store.stored_ranges
"""
_MARTS = """
    select
        (select count() from marts.sessions) as sessions,
        (
            select countIf(not is_in_session) from intermediate.int_events_sessionized
        ) as events_outside_sessions,
        (select count() from marts.orders) as orders,
        (select countIf(not is_revenue_known) from marts.orders) as orders_without_revenue,
        (select countIf(not is_rate_known) from marts.orders) as orders_without_rate,
        (select count() from marts.event_conflicts) as event_conflicts,
        (
            select uniqExactIf(identifier, reason = 'quarantined') from marts.unmerged_identifiers
        ) as quarantined_identifiers,
        (select count() from marts.order_lines) as order_lines,
        (select sum(net_revenue_minor) from marts.orders) as order_revenue,
        (select sum(gross_revenue_minor) from marts.orders) as gross_revenue,
        (select sum(cancelled_revenue_minor) from marts.orders) as cancelled_revenue,
        (select sum(returned_revenue_minor) from marts.orders) as returned_revenue,
        (select count() from marts.order_conflicts) as order_conflicts,
        (select sum(at_stake_minor) from marts.order_conflicts) as order_conflicts_at_stake,
        (
            select countIf(orders_together >= {least:UInt32}) from marts.bought_together
        ) as pairs_min5
"""
_LETTERS = """
    select
        (select uniqExact(firing_id) from triggers.standing_firings) as letters,
        (select uniqExact(firing_id) from triggers.publications) as letters_published
"""
_TOP_PAIRS = """
    select
        sku_a, name_a, sku_b, name_b, orders_together, support, confidence_a_b, lift
    from marts.bought_together
    order by orders_together desc, lift desc, sku_a, sku_b
    limit {limit:UInt32}
"""
_ATTRIBUTION = """
    select
        channel,
        round(sum(first_touch), 4) as first_touch,
        round(sum(last_touch), 4) as last_touch,
        round(sum(linear), 4) as linear,
        round(sum(last_non_direct), 4) as last_non_direct
    from marts.channel_attribution
    group by channel
    order by last_touch desc, channel
"""
_CONFUSION = """
    select channel as declared, derived_channel as derived, count() as sessions
    from marts.sessions
    where channel_source = 'declared'
    group by declared, derived
    order by sessions desc, declared, derived
"""
_MONEY = (
    *("order_revenue", "gross_revenue", "cancelled_revenue", "returned_revenue"),
    "order_conflicts_at_stake",
)
_NO_MARTS = {
    "sessions": 0,
    "events_outside_sessions": 0,
    "orders": 0,
    "orders_without_revenue": 0,
    "orders_without_rate": 0,
    "event_conflicts": 0,
    "quarantined_identifiers": 0,
    "order_lines": 0,
    "order_revenue": 0,
    "gross_revenue": 0,
    "cancelled_revenue": 0,
    "returned_revenue": 0,
    "order_conflicts": 0,
    "order_conflicts_at_stake": 0,
    "pairs_min5": 0,
}


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of one warehouse. Money in the shop's currency, in units (not cents).

    `order_revenue` is net: gross less what was cancelled and returned.
    """

    events_read: int
    events_stored: int
    bot_events: int
    bot_orders: int
    bot_reasons: Sequence[Mapping[str, Any]]
    nobody_events: int
    anonymous_orders: int
    warnings: Sequence[Mapping[str, Any]]
    quarantined_identifiers: int
    dead_letters: int
    outdated_events: int
    waiting_days: int
    waiting_reasons: Sequence[str]
    is_built: bool
    sessions: int
    events_outside_sessions: int
    orders: int
    orders_without_revenue: int
    orders_without_rate: int
    event_conflicts: int
    order_lines: int
    order_revenue: float
    gross_revenue: float
    cancelled_revenue: float
    returned_revenue: float
    order_conflicts: int
    order_conflicts_at_stake: float
    pairs_min5: int
    letters: int
    letters_published: int
    top_pairs: Sequence[Mapping[str, Any]]
    attribution: Sequence[Mapping[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """The same as one object for scripts."""
        return asdict(self)


def summary_now(warehouse: Warehouse, top: int = 5) -> Summary:
    """The figures of the environment's warehouse, by its settings and rules.

    Args:
        warehouse: migrated; its marts may not be built yet.
        top: how many pairs to name.
    """
    streams, settings = StreamSettings.from_env(), OrchestrationSettings.from_env()
    recipe = parsed_recipe(settings.dbt_target)
    return summary(
        warehouse,
        streams.shop_currency,
        waiting=waiting_now(warehouse, recipe, settings),
        outdated_events=enriching.plan(warehouse, Tables.of(streams)).outdated,
        top=top,
    )


def summary(
    warehouse: Warehouse,
    shop_currency: str,
    *,
    waiting: Waiting,
    outdated_events: int,
    top: int = 5,
) -> Summary:
    """Read the figures.

    Args:
        warehouse: migrated; its marts may not be built yet.
        shop_currency: ISO 4217, for the digits of its minor unit; two when it is empty.
        waiting: what the next build has to do.
        outdated_events: how many events were enriched by older rules.
        top: how many pairs to name.
    """
    is_built = bool(
        warehouse.scalar(
            "select count() = 3 from system.tables where database = 'marts'"
            " and name in ('channel_attribution', 'event_conflicts', 'order_conflicts')"
        )
    )
    digits = minor_digits(shop_currency)
    marts = warehouse.dicts(_MARTS, least=PAIR_ORDERS)[0] if is_built else dict(_NO_MARTS)
    money = {name: marts.pop(name) / 10**digits for name in _MONEY}
    return Summary(
        **warehouse.dicts(_MESSAGES)[0],
        **warehouse.dicts(_LETTERS)[0],
        **asdict(left_out(warehouse)),
        **marts,
        outdated_events=outdated_events,
        waiting_days=len(waiting.days),
        waiting_reasons=waiting.reasons(),
        is_built=is_built,
        warnings=warnings_of(warehouse),
        **money,
        top_pairs=warehouse.dicts(_TOP_PAIRS, limit=top) if is_built else [],
        attribution=warehouse.dicts(_ATTRIBUTION) if is_built else [],
    )


def confusion(warehouse: Warehouse) -> list[dict[str, Any]]:
    """Sessions by the channel that their source declares and the one that our rules derive.

    Returns:
        `declared`, `derived`, `sessions`; the most sessions first.
    """
    return warehouse.dicts(_CONFUSION)
