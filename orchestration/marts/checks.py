"""Our own check beside dbt's tests: it guards everything that is built upon sessions."""

# Without `from __future__ import annotations`: Dagster reads these annotations as types.
import dagster as dg

from orchestration.marts.assets import SESSIONS, stretch_of
from warehouse.client import Warehouse

# Events staged on the days of a run, less those whose session stands in the mart. A session that
# began before these days belongs to a day that this run need not have built.
MISSING = """
select
    toInt64((
        select count()
        from staging.stg_events
        where occurred_on between {from_day:Date} and {to_day:Date}
    ))
    - toInt64((
        select count()
        from intermediate.int_events_sessionized
        where
            occurred_on between {from_day:Date} and {to_day:Date}
            and (
                began_on < {from_day:Date}
                or session_id in (
                    select session_id
                    from marts.sessions
                    where began_on between {from_day:Date} and {to_day:Date}
                )
            )
    ))
"""


@dg.asset_check(asset=SESSIONS, blocking=True)
def every_staged_event_is_in_a_session(
    context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
) -> dg.AssetCheckResult:
    """Events in staging minus events in sessions. Anything but 0 stops the run."""
    stretch = stretch_of(context)
    missing = int(warehouse.scalar(MISSING, from_day=stretch.from_day, to_day=stretch.to_day))
    return dg.AssetCheckResult(passed=missing == 0, metadata={"missing_events": missing})
