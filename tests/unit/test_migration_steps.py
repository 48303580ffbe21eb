"""Which statements of a migration are still to run."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from warehouse.client import WarehouseRefusedError
from warehouse.migrate import Migration, Record, steps_of


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def migration(*statements: str) -> Migration:
    return Migration("0001_x.sql", digest(";".join(statements)), statements)


def record(of: Migration, number: int, *, is_done: bool = True) -> Record:
    statement = digest(of.statements[number - 1])
    return Record(is_done, len(of.statements), of.sha256, statement)


FILE = migration("create a", "create b", "create c")


def test_of_a_new_file_every_statement_is_to_run() -> None:
    assert [(step.sql, step.has_begun) for step in steps_of(FILE, [])] == [
        ("create a", False),
        ("create b", False),
        ("create c", False),
    ]


def test_of_a_whole_file_nothing_is_to_run() -> None:
    assert steps_of(FILE, [record(FILE, number) for number in (1, 2, 3)]) == []


def test_a_killed_run_goes_on_with_the_statement_it_had_begun() -> None:
    steps = steps_of(FILE, [record(FILE, 1), record(FILE, 2, is_done=False)])
    assert [(step.number, step.has_begun) for step in steps] == [(2, True), (3, False)]


def test_a_statement_that_failed_may_be_mended_and_counts_as_new() -> None:
    mended = migration("create a", "create B", "create c")
    steps = steps_of(mended, [record(FILE, 1), record(FILE, 2, is_done=False)])
    assert [(step.sql, step.has_begun) for step in steps] == [
        ("create B", False),
        ("create c", False),
    ]


@pytest.mark.parametrize(
    ("edited", "done_count"),
    [
        pytest.param(migration("create A", "create b", "create c"), 3, id="a statement"),
        pytest.param(migration("create A", "create b", "create c"), 1, id="the one that is done"),
        pytest.param(migration("create a", "create b", "create c", "create d"), 3, id="one more"),
        pytest.param(migration("create a", "create b"), 3, id="one less"),
        pytest.param(replace(FILE, sha256=digest("with a comment")), 3, id="a comment"),
    ],
)
def test_what_was_applied_may_not_be_edited(edited: Migration, done_count: int) -> None:
    records = [record(FILE, number) for number in range(1, done_count + 1)]
    with pytest.raises(WarehouseRefusedError, match=r"0001_x\.sql was edited"):
        steps_of(edited, records)
