"""The notes of builds: which recipes there were, which runs began and finished.

A run notes the days that it begins to build, and once more that it has finished. In between a day
may be half built, for ever if the run was killed: whoever asks takes it for dirty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

from orchestration.recipes import Recipe, changed, digest_of
from warehouse.client import Warehouse

RUN_COLUMNS = ("run_id", "state", "shop_days", "roll_ups_recipe", "noted_at")
RECIPE_COLUMNS = ("digest", "parts", "noted_at")

# Days whose newest run that began to build them has not finished.
UNFINISHED = """
select shop_day
from
(
    select arrayJoin(shop_days) as shop_day, argMax(run_id, (noted_at, run_id)) as newest_run
    from operations.build_runs
    where state = 'begun'
    group by shop_day
)
where newest_run not in (select run_id from operations.build_runs where state = 'finished')
"""
ROLL_UPS_RECIPE = """
select roll_ups_recipe
from operations.build_runs
where state = 'finished'
order by noted_at desc, run_id desc
limit 1
"""
KNOWN = """
select distinct arrayJoin(mapKeys(arrivals))
from event_store.stored_ranges
"""
BUILT_SINCE = """
select distinct arrayJoin(shop_days)
from operations.build_runs
where
    state = 'begun'
    and noted_at >= {since:DateTime64(6, 'UTC')}
    and run_id in (select run_id from operations.build_runs where state = 'finished')
"""


def note_recipe(warehouse: Warehouse, recipe: Recipe) -> None:
    """Keep the parts of a recipe under their digests; nothing happens when they are kept."""
    known = known_recipes(warehouse)
    now = datetime.now(UTC)
    rows = {digest_of(parts): parts for parts in (recipe.days, recipe.roll_ups)}
    news = [(digest, dict(parts), now) for digest, parts in rows.items() if digest not in known]
    if news:
        warehouse.insert("operations.recipes", RECIPE_COLUMNS, news)


def known_recipes(warehouse: Warehouse) -> dict[str, Mapping[str, str]]:
    """The parts of every recipe that built something, by digest."""
    return dict(warehouse.rows("select digest, parts from operations.recipes"))


def note_begun(warehouse: Warehouse, run_id: str, days: Iterable[date]) -> None:
    """Note that a run begins to build days."""
    _note(warehouse, (run_id, "begun", sorted(days), ""))


def note_finished(warehouse: Warehouse, run_id: str, recipe: Recipe) -> None:
    """Note that a run has built its days, and the roll-ups by a recipe."""
    _note(warehouse, (run_id, "finished", [], recipe.roll_ups_digest))


def known_days(warehouse: Warehouse) -> set[date]:
    """Every day that ever had an arrival, by today's ledger."""
    return {day for (day,) in warehouse.rows(KNOWN)}


def unfinished_days(warehouse: Warehouse) -> set[date]:
    """Days that a run began to build and did not finish, or has not yet."""
    return {day for (day,) in warehouse.rows(UNFINISHED)}


def days_built_since(warehouse: Warehouse, instant: datetime) -> set[date]:
    """Days of runs that began after an instant and have finished."""
    return {day for (day,) in warehouse.rows(BUILT_SINCE, since=instant)}


def changed_roll_ups(warehouse: Warehouse, recipe: Recipe) -> list[str]:
    """Parts of the roll-ups that are other ones than in the newest finished run.

    None before the first run that noted it: there every day is dirty, which builds roll-ups too.
    """
    newest = warehouse.rows(ROLL_UPS_RECIPE)
    if not newest or newest[0][0] == recipe.roll_ups_digest:
        return []
    return changed(recipe.roll_ups, known_recipes(warehouse).get(newest[0][0], {}))


def _note(warehouse: Warehouse, row: tuple[str, str, list[date], str]) -> None:
    warehouse.insert("operations.build_runs", RUN_COLUMNS, [(*row, datetime.now(UTC))])
