"""What the marts are made by: which edits change which parts, and which change none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from orchestration.recipes import Recipe, changed, normalised, recipe_of

SESSIONS = "select person from {{ ref('stg_events') }} where gap > {{ var('session_gap_seconds') }}"
CUSTOMERS = "select person from {{ ref('sessions') }} {{ cents() }} {{ var('best_customers') }}"
MIDNIGHT = 'toDateTime(day, \'{{ env_var("SHOP_TIME_ZONE", "UTC") }}\')'


def node(
    name: str,
    sql: str,
    materialized: str = "table",
    parents: tuple[str, ...] = (),
    macros: tuple[str, ...] = (),
    **more: Any,
) -> dict[str, Any]:
    kind = more.pop("resource_type", "model")
    return {
        "unique_id": f"{kind}.shop.{name}",
        "resource_type": kind,
        "package_name": "shop",
        "name": name,
        "raw_code": sql,
        "checksum": {"checksum": sql},
        "columns": {"person": {"name": "person", "data_type": "String", "description": "who"}},
        "config": {"materialized": materialized, "order_by": "person"},
        "depends_on": {"nodes": parents, "macros": [f"macro.shop.{one}" for one in macros]},
        **more,
    }


def macro(name: str, sql: str, *macros: str) -> dict[str, Any]:
    used = {"macros": [f"macro.shop.{one}" for one in macros]}
    return {"name": name, "package_name": "shop", "macro_sql": sql, "depends_on": used}


def project(**sql: str) -> dict[str, Any]:
    """A shop's project: sessions of shop days, customers above them, persons below."""
    nodes = [
        node("zones", sql.get("zones", "a,b"), "seed", resource_type="seed"),
        node("identifiers", sql.get("identifiers", "select 1 as person"), "persons"),
        node("stg_events", sql.get("stg_events", "select 1"), "view", ("model.shop.identifiers",)),
        node(
            "sessions",
            sql.get("sessions", SESSIONS),
            "shop_days",
            ("model.shop.stg_events", "seed.shop.zones", "source.shop.events"),
            ("built_days",),
        ),
        node(
            "customers",
            sql.get("customers", CUSTOMERS),
            "table",
            ("model.shop.sessions",),
            ("cents",),
        ),
        node("sessions_are_unique", sql.get("test", "select 1"), "test", resource_type="test"),
    ]
    macros = [
        macro("built_days", sql.get("built_days", "between {{ midnight() }}"), "midnight"),
        macro("midnight", sql.get("midnight", MIDNIGHT)),
        macro("cents", sql.get("cents", "* 100")),
        macro("unused", sql.get("unused", "1")),
        macro("materialization_shop_days_clickhouse", sql.get("shop_days", "insert")),
    ]
    return {
        "metadata": {"project_name": "shop"},
        "nodes": {one["unique_id"]: one for one in nodes},
        "macros": {f"macro.shop.{one['name']}": one for one in macros},
    }


VARIABLES = {"session_gap_seconds": 1800, "best_customers": 10, "slice_events": 5}


def recipe(
    manifest: Mapping[str, Any] | None = None,
    variables: Mapping[str, object] = VARIABLES,
    **environ: str,
) -> Recipe:
    return recipe_of(manifest or project(), variables, environ)


def differences(new: Recipe) -> tuple[list[str], list[str]]:
    old = recipe()
    return changed(new.days, old.days), changed(new.roll_ups, old.roll_ups)


@pytest.mark.parametrize(
    ("edited", "days", "roll_ups"),
    [
        pytest.param({"sessions": "select 2"}, ["model sessions"], [], id="a model of days"),
        pytest.param({"stg_events": "select 2"}, ["model stg_events"], [], id="one it reads"),
        pytest.param({"zones": "a,c"}, ["seed zones"], [], id="a seed it reads"),
        pytest.param({"midnight": "0"}, ["macro midnight"], [], id="a macro of a macro"),
        pytest.param(
            {"shop_days": "swap"},
            ["macro materialization_shop_days_clickhouse"],
            [],
            id="how it is stored",
        ),
        pytest.param({"customers": "select 2"}, [], ["model customers"], id="a roll-up"),
        pytest.param({"cents": "* 10"}, [], ["macro cents"], id="a macro of a roll-up"),
        pytest.param(
            {"identifiers": "select 2"}, [], ["model identifiers"], id="persons, who mark days"
        ),
        pytest.param({"unused": "2"}, [], [], id="a macro that nothing uses"),
        pytest.param({"test": "select 2"}, [], [], id="a test"),
        pytest.param(
            {"stg_events": "select\n  1 -- one\n"}, [], [], id="a comment and white space"
        ),
    ],
)
def test_an_edit_changes_the_part_that_it_is_of(
    edited: dict[str, str], days: list[str], roll_ups: list[str]
) -> None:
    assert differences(recipe(project(**edited))) == (days, roll_ups)


def test_a_variable_changes_what_asks_for_it() -> None:
    longer = {**VARIABLES, "session_gap_seconds": 3600}
    assert differences(recipe(variables=longer)) == (["session_gap_seconds"], [])
    fewer = {**VARIABLES, "best_customers": 5}
    assert differences(recipe(variables=fewer)) == ([], ["best_customers"])


def test_variables_that_only_say_how_to_build_change_nothing() -> None:
    smaller = {**VARIABLES, "slice_events": 1, "from_day": "2026-03-01"}
    assert differences(recipe(variables=smaller)) == ([], [])


def test_a_setting_counts_with_its_default_when_it_is_not_set() -> None:
    assert differences(recipe(SHOP_TIME_ZONE="UTC")) == ([], [])
    assert differences(recipe(SHOP_TIME_ZONE="Europe/Paris")) == (["SHOP_TIME_ZONE"], [])


def test_a_column_s_type_counts_and_its_description_does_not() -> None:
    manifest = project()
    column = manifest["nodes"]["model.shop.sessions"]["columns"]["person"]
    column["description"] = "who it was"
    assert differences(recipe(manifest)) == ([], [])
    column["data_type"] = "UInt64"
    assert differences(recipe(manifest)) == (["model sessions"], [])


def test_a_new_model_changes_the_recipe_and_one_that_is_gone_does_not() -> None:
    manifest = project()
    manifest["nodes"]["model.shop.carts"] = node("carts", "select 1", "shop_days")
    longer, old = recipe(manifest), recipe()
    assert changed(longer.days, old.days) == ["model carts"]
    assert changed(old.days, longer.days) == []


@pytest.mark.parametrize(
    ("sql", "same"),
    [
        pytest.param("select 1", "SELECT 1".lower() + " -- it's a comment", id="a line comment"),
        pytest.param("select 1", "select /* a\nb */ 1", id="a block comment"),
        pytest.param("select 1", "{# a '\n' #}select 1", id="a comment of the template"),
        pytest.param("f(a,b)", "f( a , b )", id="spaces around signs"),
        pytest.param(
            "{% if a %}b{% endif %}", "{%- if a -%}\n b\n{%- endif -%}".replace("-", ""), id="lines"
        ),
    ],
)
def test_writing_the_same_another_way_is_the_same(sql: str, same: str) -> None:
    assert normalised(sql) == normalised(same)


@pytest.mark.parametrize(
    ("sql", "other"),
    [
        pytest.param("select 'a b'", "select 'a  b'", id="spaces in a text"),
        pytest.param("select '--a'", "select ''", id="what looks like a comment in a text"),
        pytest.param("select 'it\\'s /* 1 */'", "select 'it\\'s '", id="behind an escaped quote"),
        pytest.param("select ab", "select a b", id="two words"),
        pytest.param("select 1", "select 2", id="a number"),
    ],
)
def test_another_text_is_another(sql: str, other: str) -> None:
    assert normalised(sql) != normalised(other)
