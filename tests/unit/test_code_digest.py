"""What of our code makes rows, and which edits of it make old rows old."""

from __future__ import annotations

import pytest

from streams.code_digest import code_of_rows, meaning, modules_of_rows
from tests.builders import enrichment

MODULE = '''
"""Says what it is."""
RATE = 2

def cents(euros: int) -> int:
    """Euros in cents."""
    return euros * RATE  # twice
'''


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("  # twice", "", id="a comment"),
        pytest.param('"""Euros in cents."""', '"""Cents."""', id="a docstring"),
        pytest.param('    """Euros in cents."""\n', "", id="no docstring any more"),
        pytest.param('"""Says what it is."""', "", id="no docstring of the module any more"),
        pytest.param("euros * RATE", "(euros\n        * RATE)", id="the layout"),
    ],
)
def test_an_edit_for_readers_only_means_the_same(old: str, new: str) -> None:
    assert meaning(MODULE.replace(old, new)) == meaning(MODULE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("euros * RATE", "euros + RATE", id="an expression"),
        pytest.param("RATE = 2", "RATE = 3", id="a constant"),
        pytest.param("RATE = 2", "RATE = '2'", id="a type"),
        pytest.param("-> int:", "-> float:", id="an annotation, which msgspec reads"),
    ],
)
def test_an_edit_that_may_change_a_row_means_something_else(old: str, new: str) -> None:
    assert meaning(MODULE.replace(old, new)) != meaning(MODULE)


@pytest.mark.parametrize(
    "module",
    [
        *("rows", "told", "decode", "events", "identity", "event_warnings"),
        *("enrich.columns", "enrich.channel", "enrich.sites", "enrich.bots", "enrich.campaign"),
    ],
)
def test_modules_that_make_columns_count(module: str) -> None:
    assert f"streams.{module}" in modules_of_rows()


@pytest.mark.parametrize("module", ["settings", "anew", "versions", "collector", "publisher"])
def test_modules_that_only_move_rows_do_not_count(module: str) -> None:
    assert f"streams.{module}" not in modules_of_rows()


def test_the_code_is_a_part_of_what_enrichment_depends_on() -> None:
    assert enrichment().tables.parts()["code"] == code_of_rows()
