"""Whatever changes of what makes days, one build makes all of them as if built anew."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime

import pytest
import yaml

from orchestration.builds import (
    changed_roll_ups,
    note_begun,
    note_finished,
    note_recipe,
)
from orchestration.days import Stretch, dirty_days, record_build, standing
from orchestration.dbt_project_files import PROJECT
from orchestration.recipes import Recipe, recipe_of
from orchestration.settings import OrchestrationSettings
from orchestration.waiting import first_shop_day, waiting_now
from tests.builders import event
from tests.warehouse.marts_world import DBT_DATABASES, EVERY_DAY, MartsWorld, Message
from tests.warehouse.random_shop import messages

# dbt's logger forgets to close the file it wrote
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")

ANY_DAY = OrchestrationSettings()


def recipe(shop: MartsWorld, **variables: object) -> Recipe:
    declared = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]
    return recipe_of(shop.dbt.manifest, {**declared, **variables}, os.environ)


def build_what_waits(shop: MartsWorld, run_id: str, **variables: object) -> list[str]:
    """One build as `build` makes it; tells why it was needed."""
    by = recipe(shop, **variables)
    waiting = waiting_now(shop.warehouse, by, ANY_DAY)
    for stretch in waiting.stretches:
        note_recipe(shop.warehouse, by)
        shop.resolve(**variables)
        dirty = dirty_days(shop.warehouse, by)
        note_begun(shop.warehouse, run_id, {*dirty.days, stretch.from_day})
        shop.build(stretch, set(dirty.days) - set(stretch.days()), **variables)
        record_build(shop.warehouse, dirty.counts, run_id, by.days_digest)
        note_finished(shop.warehouse, run_id, by)
    return waiting.reasons()


def rebuilt(shop: MartsWorld, **variables: object) -> dict[str, tuple[int, int]]:
    for database in DBT_DATABASES:
        shop.warehouse.execute(f"drop database if exists {database} sync")
    shop.build(EVERY_DAY, **variables)
    return shop.digests()


@pytest.mark.long
def test_one_build_after_changed_variables_leaves_what_a_rebuild_would(shop: MartsWorld) -> None:
    shop.arrive(messages(6, people=20))
    count = len(shop.shop_days())
    assert build_what_waits(shop, "first") == [f"{count} days: events arrived"]
    assert build_what_waits(shop, "second") == []

    of_days = {"session_gap_seconds": 300}
    reasons = build_what_waits(shop, "third", **of_days)
    assert reasons == [f"{count} days: session_gap_seconds changed"]
    assert build_what_waits(shop, "fourth", **of_days) == []

    both = {**of_days, "attribution_lookback_days": 1}
    assert build_what_waits(shop, "fifth", **both) == [
        "roll-ups: attribution_lookback_days changed"
    ]
    assert build_what_waits(shop, "sixth", **both) == []
    by_builds = shop.digests()
    assert rebuilt(shop, **both) == by_builds


def test_days_of_a_run_that_did_not_finish_wait_for_another(shop: MartsWorld) -> None:
    warehouse, by = shop.warehouse, recipe(shop)
    shop.arrive(messages(3, people=5))
    days = shop.shop_days()
    counts = dirty_days(warehouse).counts
    note_recipe(warehouse, by)
    for run_id in ("first", "second"):
        note_begun(warehouse, run_id, days if run_id == "first" else days[:1])
        if run_id == "first":
            record_build(warehouse, counts, run_id, by.days_digest)
            note_finished(warehouse, run_id, by)
    dirty = standing(warehouse, by).dirty()
    assert list(dirty) == days[:1]
    assert waiting_now(warehouse, by, ANY_DAY).reasons() == ["1 day: the run before failed"]
    assert changed_roll_ups(warehouse, by) == []


def test_the_first_shop_day_is_that_of_the_first_event_whenever_it_arrives(
    shop: MartsWorld,
) -> None:
    assert first_shop_day(ANY_DAY, shop.warehouse) == ANY_DAY.today()
    shop.arrive(messages(3, people=5))
    assert first_shop_day(ANY_DAY, shop.warehouse) == min(shop.shop_days())
    seen_in_1997 = event(id="early", time=datetime(1997, 5, 1, 20, tzinfo=UTC))
    shop.arrive([Message(seen_in_1997, 0)])
    assert first_shop_day(ANY_DAY, shop.warehouse) == date(1997, 5, 1)
    by = recipe(shop)
    assert waiting_now(shop.warehouse, by, ANY_DAY).stretches == [
        Stretch(min(shop.shop_days()), max(shop.shop_days()))
    ]
    later = OrchestrationSettings(first_shop_day=date(2000, 1, 1))
    waiting = waiting_now(shop.warehouse, by, later)
    assert min(waiting.days) >= date(2000, 1, 1)
    assert "before FIRST_SHOP_DAY: never built" in waiting.reasons()[-1]
