"""Migrations: the files of `warehouse/migrations` in order, each statement once and recorded.

ClickHouse has no transactions over DDL, so `operations.migrations` is told before and after each
statement. A run that was killed is resumed at the first statement not done; when that one had
begun, «already exists» (or, of a DROP, «does not exist») means it was done. What was applied is
refused when it was edited since: a whole file by its digest, of a half-applied one the statements
that are done (the one that failed may be mended).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from warehouse.client import Warehouse, WarehouseRefusedError
from warehouse.statements import first_words, shortened, split_statements

MIGRATIONS = Path(__file__).parent / "migrations"

_RECORDS = """
create table if not exists operations.migrations
(
    name String,
    statement UInt32 comment 'counted from 1',
    statement_count UInt32 comment 'of the file',
    is_done Bool comment 'a row is written before a statement and one after it',
    file_sha256 String comment 'in hex',
    statement_sha256 String comment 'in hex',
    recorded_at DateTime64(6, 'UTC')
)
engine = MergeTree
order by (name, statement, recorded_at)
"""
_RECORD = """
insert into operations.migrations
select
    {name:String},
    {statement:UInt32},
    {statement_count:UInt32},
    {is_done:Bool},
    {file_sha256:String},
    {statement_sha256:String},
    now64(6)
"""
_RECORDED = """
select
    name,
    max(is_done),
    argMax(statement_count, recorded_at),
    argMax(file_sha256, recorded_at),
    argMax(statement_sha256, recorded_at)
from operations.migrations
group by name, statement
order by name, statement
"""
_DONE_BEFORE = {  # by the first word of a statement: the errors that say so
    "CREATE": {57, 82},  # TABLE_ALREADY_EXISTS, DATABASE_ALREADY_EXISTS
    "ALTER": {15, 44, 10, 16},  # a column or an index that is there, or no longer
    "DROP": {60, 81},  # UNKNOWN_TABLE, UNKNOWN_DATABASE
}


@dataclass(frozen=True, slots=True)
class Migration:
    """One file, cut into statements."""

    name: str
    sha256: str
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of one statement, and of its file at that time."""

    is_done: bool
    statement_count: int
    file_sha256: str
    statement_sha256: str


@dataclass(frozen=True, slots=True)
class Step:
    """One statement to run, counted from 1; `has_begun` when a killed run had begun it."""

    migration: Migration
    number: int
    has_begun: bool

    @property
    def sql(self) -> str:
        """The statement."""
        return self.migration.statements[self.number - 1]


def read_migrations(folder: Path = MIGRATIONS) -> list[Migration]:
    """The migrations of a folder in the order of their numbers."""
    return [
        Migration(file.name, _sha256(text), tuple(split_statements(text)))
        for file in sorted(folder.glob("*.sql"))
        for text in [file.read_text(encoding="utf-8")]
    ]


def steps_of(migration: Migration, records: Sequence[Record]) -> list[Step]:
    """The statements of a file that are still to run.

    Args:
        migration: the file as it is now.
        records: what is known of its first statements, in order; none for a new file.

    Raises:
        WarehouseRefusedError: what was applied was edited since.
    """
    digests = [_sha256(statement) for statement in migration.statements]
    done_count = sum(record.is_done for record in records)
    done = records[:done_count]
    is_whole = bool(done) and done_count == done[-1].statement_count
    is_same = [record.statement_sha256 for record in done] == digests[:done_count]
    if not is_same or (is_whole and done[-1].file_sha256 != migration.sha256):
        raise WarehouseRefusedError(
            f"migration {migration.name} was edited after it was applied: put it back as it was, "
            "and write what should change into a new file with the next number"
        )
    begun = {(number, one.statement_sha256) for number, one in enumerate(records, 1)}
    return [
        Step(migration, number, has_begun=(number, digests[number - 1]) in begun)
        for number in range(done_count + 1, len(digests) + 1)
    ]


def pending(warehouse: Warehouse, folder: Path = MIGRATIONS) -> list[str]:
    """The names of the files not wholly applied, in order.

    Raises:
        WarehouseRefusedError: an applied file was edited.
    """
    return _names(_steps(warehouse, folder))


def migrate(warehouse: Warehouse, folder: Path = MIGRATIONS) -> list[str]:
    """Apply what is pending. One process at a time.

    Returns:
        The names newly applied, in order.

    Raises:
        WarehouseRefusedError: an applied file was edited, or the warehouse refused a statement.
    """
    warehouse.execute("create database if not exists operations")
    warehouse.execute(_RECORDS)
    steps = _steps(warehouse, folder)
    for step in steps:
        _record(warehouse, step, is_done=False)
        _apply(warehouse, step)
        _record(warehouse, step, is_done=True)
    return _names(steps)


def _steps(warehouse: Warehouse, folder: Path) -> list[Step]:
    records: dict[str, list[Record]] = {}
    if warehouse.scalar("exists table operations.migrations"):
        for name, *rest in warehouse.rows(_RECORDED):
            records.setdefault(name, []).append(Record(*rest))
    return [
        step
        for migration in read_migrations(folder)
        for step in steps_of(migration, records.get(migration.name, []))
    ]


def _apply(warehouse: Warehouse, step: Step) -> None:
    place = f"migration {step.migration.name}, statement {step.number}"
    verb = first_words(step.sql)
    if step.has_begun and verb not in _DONE_BEFORE:
        raise WarehouseRefusedError(
            f"{place} was begun by a run that was killed, and nobody can tell whether it is done: "
            f"look, and do by hand what is missing, then mark it done in operations.migrations: "
            f"{shortened(step.sql)}"
        )
    try:
        warehouse.execute(step.sql)
    except WarehouseRefusedError as error:
        if not (step.has_begun and error.code in _DONE_BEFORE[verb]):
            raise WarehouseRefusedError(f"{place}: {error}", error.code) from error


def _record(warehouse: Warehouse, step: Step, *, is_done: bool) -> None:
    warehouse.execute(
        _RECORD,
        name=step.migration.name,
        statement=step.number,
        statement_count=len(step.migration.statements),
        is_done=is_done,
        file_sha256=step.migration.sha256,
        statement_sha256=_sha256(step.sql),
    )


def _names(steps: Sequence[Step]) -> list[str]:
    return list(dict.fromkeys(step.migration.name for step in steps))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
