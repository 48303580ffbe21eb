"""Our own checks beside dbt's tests: one guards what is built upon sessions, others only tell."""

# Without `from __future__ import annotations`: Dagster reads these annotations as types.
import dagster as dg

from orchestration.left_out import left_out, warnings_of
from orchestration.marts.assets import SESSIONS, stretch_of
from warehouse.client import Warehouse

# Events staged on the days of a run; those whose session stands in the mart; and those outside of
# sessions by rule, asked of staging and not of what sessions say of themselves: only what is no
# visitor's doing, or whose visitor has no name, may be there. A session that began before these
# days belongs to a day that this run need not have built.
COUNTS = """
with

placed as (

    select event_id, is_in_session, began_on, session_id
    from intermediate.int_events_sessionized
    where occurred_on between {from_day:Date} and {to_day:Date}

)

select
    (
        select count()
        from staging.stg_events
        where occurred_on between {from_day:Date} and {to_day:Date}
    ),
    (
        select count()
        from placed
        where
            is_in_session
            and (
                began_on < {from_day:Date}
                or session_id in (
                    select session_id
                    from marts.sessions
                    where began_on between {from_day:Date} and {to_day:Date}
                )
            )
    ),
    (
        select count()
        from staging.stg_events
        where
            occurred_on between {from_day:Date} and {to_day:Date}
            and (not is_activity or visitor_key = '' or startsWith(visitor_key, 'o:'))
            and event_id in (select event_id from placed where not is_in_session)
    )
"""


@dg.asset_check(asset=SESSIONS, blocking=True)
def every_staged_event_is_in_a_session_or_outside_by_rule(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """Events in staging minus those in sessions and those that belong to none.

    Anything but 0 stops the run.
    """
    stretch = stretch_of(context)
    ((staged, in_sessions, outside),) = warehouse.rows(
        COUNTS, from_day=stretch.from_day, to_day=stretch.to_day
    )
    missing = int(staged) - int(in_sessions) - int(outside)
    return dg.AssetCheckResult(
        passed=missing == 0,
        metadata={"missing_events": missing, "events_outside_of_sessions": int(outside)},
    )


# What is in quarantine, the most connected first.
QUARANTINED = """
select identifier, decision_reason
from marts.unmerged_identifiers
where reason = 'quarantined'
order by partner_count desc, identifier
"""
SHOWN_IDENTIFIERS = 50


@dg.asset_check(asset=dg.AssetKey(["marts", "event_warnings"]))
def events_are_as_the_contract_wants_them(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """What was mended in the events of a run's days, and how many were left out as bots'."""
    stretch = stretch_of(context)
    warned = warnings_of(warehouse, stretch.from_day, stretch.to_day)
    missing = left_out(warehouse, stretch.from_day, stretch.to_day)
    rows = [
        f"| {row['code']} | {row['field']} | {row['events']:,} | {row['example_event_id']} |"
        for row in warned
    ]
    return dg.AssetCheckResult(
        passed=not warned,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "warnings": sum(int(row["events"]) for row in warned),
            "by_code": dg.MetadataValue.md(
                "\n".join(["| warning | field | events | such as |", "|---|---|---|---|", *rows])
            ),
            "bot_events": missing.bot_events,
            "bot_orders": missing.bot_orders,
            "events_naming_nobody": missing.nobody_events,
            "orders_naming_nobody": missing.anonymous_orders,
        },
    )


@dg.asset_check(asset=dg.AssetKey(["marts", "unmerged_identifiers"]))
def nothing_is_in_quarantine(warehouse: dg.ResourceParam[Warehouse]) -> dg.AssetCheckResult:
    """Identifiers that met too many others in a day: somebody should release or split them."""
    rows = warehouse.dicts(QUARANTINED)
    lines = [f"- `{row['identifier']}` {row['decision_reason']}" for row in rows]
    return dg.AssetCheckResult(
        passed=not rows,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "quarantined": len(rows),
            "who": dg.MetadataValue.md("\n".join(lines[:SHOWN_IDENTIFIERS])),
        },
    )
