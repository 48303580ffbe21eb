"""Users of the warehouse, declared once: the owner, and who may read the marts.

On a ClickHouse server the reader is made by the statements of `server_statements`, and the server
enforces them. The embedded engine knows no users and ignores grants, so there its server enforces
what is declared here (`warehouse.embedded.readers`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reader:
    """Who may read one database and nothing else.

    `query_seconds` and `query_bytes` are the most that one query may take; `at_once` is how many
    run beside each other, so that all of them are bounded.
    """

    name: str
    database: str
    query_seconds: int
    query_bytes: int
    at_once: int


MARTS_READER = Reader(
    name="marts_reader",
    database="marts",
    query_seconds=120,  # a question on a page of Metabase; a build may take an hour
    query_bytes=1 << 30,
    at_once=8,
)
# Tables of `system` that every user of a server may read, of those that describe nobody's tables
# (`select_from_system_db_requires_grant`, config.xml), and what JDBC and Metabase ask at first.
OPEN_TABLES = frozenset({"one", "settings", "formats", "data_type_families"})
# Tables that list what there is, and which of their rows a user of one database sees.
VISIBLE_ROWS = {
    "databases": "name = '{database}'",
    "tables": "database = '{database}'",
    "columns": "database = '{database}'",
    "dictionaries": "database = '{database}'",
    "functions": "origin = 'System'",  # the text of others names what they read
}


def reader_settings(reader: Reader) -> dict[str, str]:
    """Settings that hold for every query of a reader; he cannot change them.

    `readonly = 2` lets him change other settings, and nothing else.
    """
    return {
        "max_execution_time": str(reader.query_seconds),
        "max_memory_usage": str(reader.query_bytes),
        "readonly": "2",
    }


def server_settings(reader: Reader) -> dict[str, str]:
    """The settings of a reader on a server: there he is a user of his own, whose queries count."""
    return {**reader_settings(reader), "max_concurrent_queries_for_user": str(reader.at_once)}


def server_statements(reader: Reader, password: str) -> list[str]:
    """The statements that make a reader on a ClickHouse server, or make him anew; run as admin.

    Args:
        reader: whom to make.
        password: his, of any characters; only its hash goes into a statement.
    """
    digest = hashlib.sha256(password.encode()).hexdigest()
    held = ", ".join(f"{name} = {value} CONST" for name, value in server_settings(reader).items())
    return [
        f"CREATE USER OR REPLACE {reader.name} IDENTIFIED WITH sha256_hash BY '{digest}'"
        f" DEFAULT DATABASE {reader.database} SETTINGS {held}",
        f"GRANT SELECT ON {reader.database}.* TO {reader.name}",
    ]
