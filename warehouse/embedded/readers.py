"""What a reader may ask of the embedded engine, which knows no users.

The engine's own parse (`EXPLAIN AST`, parameters substituted) is held against lists: kinds of
nodes, tables of one database, functions that read no table, settings that lift no bound. What the
parse does not show (a lambda of APPLY) is on no list. The engine itself refuses writes
(`readonly = 2`) and shows of its lists of tables only what is the reader's
(`additional_table_filters`). A view of the database that reads others stays readable: what it shows
was chosen by who made it, as with SQL SECURITY DEFINER.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from warehouse.embedded.engine import Connection
from warehouse.embedded.errors import EngineError, refusal
from warehouse.embedded.guard import Judged
from warehouse.embedded.judge import check_setting, judge, pieces_of
from warehouse.embedded.served import Served
from warehouse.statements import first_words
from warehouse.users import OPEN_TABLES, VISIBLE_ROWS, Reader, reader_settings

_STATEMENTS = frozenset({"SELECT", "WITH", "SHOW", "DESCRIBE", "EXISTS", "EXPLAIN", "SET", "USE"})
_SHOWN = frozenset(  # each a question to a list of which he sees what is his
    {"DATABASES", "TABLES", "FULL", "COLUMNS", "DICTIONARIES", "CREATE", "SETTINGS"}
)
_NODES = frozenset(
    """
    SelectWithUnionQuery SelectIntersectExceptQuery SelectQuery ExpressionList Subquery Literal
    Identifier Function Asterisk QualifiedAsterisk ColumnsTransformerList ColumnsExceptTransformer
    TablesInSelectQuery TablesInSelectQueryElement TableExpression TableIdentifier TableJoin
    ArrayJoin WithElement OrderByElement WindowDefinition WindowListElement SampleRatio Set
    ShowTables ShowColumns DescribeQuery ExistsTableQuery ShowCreateTableQuery Explain
    """.split()  # noqa: SIM905  # a list of words reads better
)
_NODE = re.compile(r"(?P<indent> *)(?P<kind>[A-Za-z]+)(?P<rest>.*)")
_TABLE = re.compile(r" (?:(?P<database>\w+)\.)?(?P<table>\w+)(?: \(alias .*\))?")
_OBJECT = re.compile(r" (?:(?P<database>\w+) )?(?P<table>\w+) \(children \d+\)")
_NAME = re.compile(r" (?P<name>\w+)")
_MEMBERSHIP = re.compile(r"(?:global)?(?:not)?(?:null)?in(?:ignoreset)?", re.IGNORECASE)
_READ_TABLES = re.compile(r"dict|joinget|hascolumnintable|mergetree", re.IGNORECASE)
_SYNTAX = frozenset({"lambda", "exists", "grouping"})  # no functions of the engine's own list
_HARMLESS_SETTINGS = re.compile(
    r"(?:output_format|format|date_time_(?:in|out)put_format|http|send_progress)\w*"
    r"|session_timezone|max_result_(?:rows|bytes)|result_overflow_mode|max_rows_to_read"
    r"|read_overflow_mode|max_block_size|extremes|join_use_nulls|joined_subquery_requires_alias"
    r"|prefer_column_name_to_alias|union_default_mode|cast_\w+|log_comment"
    r"|enable_http_compression|cancel_http_readonly_queries_on_client_close|wait_end_of_query|buffer_size|param_\w+"
)


@dataclass(frozen=True, slots=True)
class _Node:
    depth: int
    kind: str
    rest: str


class ReaderGuard:
    """Judges statements of one reader, behind the guard that judges everybody's."""

    def __init__(self, reader: Reader, served: Served) -> None:
        self._reader = reader
        self._served = replace(
            served,
            calls=frozenset(name for name in served.calls if not _READ_TABLES.search(name)),
            settings=frozenset(n for n in served.settings if _HARMLESS_SETTINGS.fullmatch(n)),
        )

    @property
    def settings(self) -> dict[str, str]:
        """What every connection of the reader starts with."""
        visible = {
            f"system.{table}": rows.format(database=self._reader.database).replace("'", "\\'")
            for table, rows in VISIBLE_ROWS.items()
        }
        filters = ", ".join(f"'{table}': '{rows}'" for table, rows in visible.items())
        return {
            "additional_table_filters": f"{{{filters}}}",
            **reader_settings(self._reader),
        }

    def check_request(self, database: str, settings: Mapping[str, str]) -> dict[str, str]:
        """The settings of a request that a reader may bring: all but `readonly`, which is held.

        Raises:
            EngineError: code 497 for another database, 452 for a setting that would lift a bound.
        """
        if database not in ("", self._reader.database):
            raise _denied(f"database {database[:80]!r}", self._reader)
        held = reader_settings(self._reader)
        for name, value in settings.items():
            if name in held and name != "readonly" and value.isdecimal():
                if 0 < int(value) <= int(held[name]):
                    continue
                text = f"{name} of {self._reader.name} is 1 to {held[name]}, not {value}"
                raise refusal(452, "SETTING_CONSTRAINT_VIOLATION", text)
            if name == "readonly" and value in ("1", "2"):
                continue
            self._check_setting(name)
        return {name: value for name, value in settings.items() if name != "readonly"}

    def check(self, judged: Judged, connection: Connection, parameters: Mapping[str, str]) -> None:
        """Return when a statement reads nothing but what is the reader's.

        Args:
            judged: the statement, written out by the engine.
            connection: where it is parsed.
            parameters: its parameters: names of tables may be among them.

        Raises:
            EngineError: code 497, saying what he may not read.
        """
        word = first_words(judged.sql)
        if word not in _STATEMENTS or judged.insert:
            raise _denied(f"the statement {word}", self._reader)
        if word == "SHOW" and first_words(judged.sql, 2).removeprefix("SHOW ") not in _SHOWN:
            raise _denied(first_words(judged.sql, 2), self._reader)
        if word == "USE" and judged.sql != f"USE {self._reader.database}":
            raise _denied("another database", self._reader)
        for piece in pieces_of(judged.sql):
            if piece.kind == "name" and not piece.text.isprintable():
                raise refusal(62, "SYNTAX_ERROR", "A name holds what is no text")
        judge(judged.sql, self._served)
        if word in ("USE", "SET"):
            return
        sql = judged.sql[: judged.output.start]
        parsed = connection.run(f"EXPLAIN AST {sql}", "TabSeparatedRaw", parameters)
        self._check_nodes(list(_nodes_of(parsed.content.decode())))

    def _check_setting(self, name: str) -> None:
        try:
            check_setting(name, self._served)
        except EngineError as error:
            text = f"{self._reader.name} may not change {name[:80]!r}"
            raise refusal(452, "SETTING_CONSTRAINT_VIOLATION", text) from error

    def _check_nodes(self, nodes: Sequence[_Node]) -> None:
        for place, node in enumerate(nodes):
            if node.kind not in _NODES:
                raise _denied(f"{node.kind} in a statement", self._reader)
            if node.kind == "TableIdentifier":
                self._check_table(_TABLE.fullmatch(node.rest), node)
            if node.kind in ("ExistsTableQuery", "ShowCreateTableQuery"):
                self._check_table(_OBJECT.fullmatch(node.rest), node)
            if node.kind == "Function":
                self._check_function(nodes, place)

    def _check_table(self, found: re.Match[str] | None, node: _Node) -> None:
        database, table = (found["database"], found["table"]) if found else ("", node.rest.strip())
        if found and database in (None, self._reader.database):
            return
        if database == "system" and table in OPEN_TABLES | VISIBLE_ROWS.keys():
            return
        if database in ("information_schema", "INFORMATION_SCHEMA") and table.lower() in _STANDARD:
            return
        raise _denied(f"table {f'{database}.{table}' if database else table}"[:120], self._reader)

    def _check_function(self, nodes: Sequence[_Node], place: int) -> None:
        node = nodes[place]
        found = _NAME.match(node.rest)
        name = found["name"] if found else node.rest.strip()
        if place and nodes[place - 1].kind == "TableExpression":
            raise _denied(f"table function {name}()"[:80], self._reader)
        is_served = name.lower() in self._served.calls | _SYNTAX or self._served.is_combined(name)
        if not is_served:
            raise _denied(f"{name}()"[:80], self._reader)
        if _MEMBERSHIP.fullmatch(name):
            for argument in _arguments(nodes, place):
                if argument.kind == "Identifier" and "." in argument.rest:
                    self._check_table(_TABLE.fullmatch(argument.rest), argument)


_STANDARD = frozenset({"tables", "columns", "schemata"})


def _nodes_of(parsed: str) -> Iterator[_Node]:
    for line in parsed.splitlines():
        if line:
            found = _NODE.fullmatch(line)
            if not found:
                raise refusal(62, "SYNTAX_ERROR", f"Not understood by the guard: {line[:80]!r}")
            yield _Node(len(found["indent"]), found["kind"], found["rest"])


def _arguments(nodes: Sequence[_Node], place: int) -> list[_Node]:
    """All but the first argument of a function: below it is a list, and in that its arguments."""
    depth = nodes[place].depth + 2
    arguments = []
    for node in nodes[place + 1 :]:
        if node.depth < depth - 1:
            break
        if node.depth == depth:
            arguments.append(node)
    return arguments[1:]


def _denied(what: str, reader: Reader) -> EngineError:
    text = f"{reader.name}: Not enough privileges for {what}: he may SELECT from {reader.database}"
    return refusal(497, "ACCESS_DENIED", text)
