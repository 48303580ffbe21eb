"""Migrations: the files of `warehouse/migrations` in order, each statement once and recorded.

What a file did is recorded statement by statement in `operations.migrations`, because ClickHouse
has no transactions over DDL: a run killed between two statements goes on with the next one. A run
killed between a statement and its record meets its own table; that one error («already exists»)
of the first unrecorded statement is therefore taken as done. A file that was edited after it was
applied is refused: its digest is in the record.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from warehouse.client import Warehouse, WarehouseRefusedError
from warehouse.statements import split_statements

MIGRATIONS = Path(__file__).parent / "migrations"
_NAME = re.compile(r"\d{4}_\w+\.sql")
_ALREADY_EXISTS = re.compile(r"Code: (57|82|15)\b")  # table, database, column

RECORD = """
create table if not exists operations.migrations
(
    name String,
    statement UInt32 comment 'from 1; the last one of a file completes it',
    statement_count UInt32,
    sha256 FixedString(64) comment 'of the whole file, in hex',
    applied_at DateTime64(6, 'UTC')
)
engine = MergeTree
order by (name, statement)
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file, cut into statements."""

    name: str
    sha256: str
    statements: tuple[str, ...]


def read_migrations(folder: Path = MIGRATIONS) -> list[Migration]:
    """The migrations of a folder in the order of their numbers."""
    found = []
    for file in sorted(folder.glob("*.sql")):
        text = file.read_text()
        digest = hashlib.sha256(text.encode()).hexdigest()
        found.append(Migration(file.name, digest, tuple(split_statements(text))))
    return found


def pending(warehouse: Warehouse, folder: Path = MIGRATIONS) -> list[str]:
    """The names of the files not wholly applied, in order.

    Raises:
        WarehouseRefusedError: an applied file was edited.

    """
    done = _recorded(warehouse)
    return [
        one.name
        for one in read_migrations(folder)
        if _next_statement(one, done) <= len(one.statements)
    ]


def migrate(warehouse: Warehouse, folder: Path = MIGRATIONS) -> list[str]:
    """Apply what is pending.

    Returns:
        The names newly applied, in order.

    Raises:
        WarehouseRefusedError: an applied file was edited, or the warehouse refused a statement.

    """
    warehouse.execute("create database if not exists operations")
    warehouse.execute(RECORD)
    done = _recorded(warehouse)
    applied = []
    for migration in read_migrations(folder):
        first = _next_statement(migration, done)
        for number in range(first, len(migration.statements) + 1):
            _apply(warehouse, migration, number, may_exist=number == first)
        if first <= len(migration.statements):
            applied.append(migration.name)
    return applied


def _recorded(warehouse: Warehouse) -> dict[str, tuple[int, str]]:
    """Of each file: the last statement recorded, and the digest it was applied with."""
    if not warehouse.scalar("exists table operations.migrations"):
        return {}
    rows = warehouse.rows(
        "select name, max(statement), argMax(sha256, statement) "
        "from operations.migrations group by name"
    )
    return {name: (statement, _text(digest)) for name, statement, digest in rows}


def _next_statement(migration: Migration, done: dict[str, tuple[int, str]]) -> int:
    statement, digest = done.get(migration.name, (0, migration.sha256))
    if digest != migration.sha256:
        raise WarehouseRefusedError(
            f"migration {migration.name} was edited after it was applied: put it back as it was "
            "and write what should change into a new file with the next number"
        )
    return statement + 1


def _apply(warehouse: Warehouse, migration: Migration, number: int, *, may_exist: bool) -> None:
    try:
        warehouse.execute(migration.statements[number - 1])
    except WarehouseRefusedError as error:
        if not (may_exist and _ALREADY_EXISTS.search(str(error))):
            raise WarehouseRefusedError(
                f"migration {migration.name}, statement {number}: {error}"
            ) from error
    record = (
        migration.name,
        number,
        len(migration.statements),
        migration.sha256,
        datetime.now(UTC),
    )
    columns = ("name", "statement", "statement_count", "sha256", "applied_at")
    warehouse.insert("operations.migrations", columns, [record])


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
