"""Users of the warehouse: what the owner and who reads the marts may do, statement by statement."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from tests.fixtures_warehouse import EmbeddedProcess, ask
from warehouse.client import Warehouse, WarehouseRefusedError
from warehouse.migrate import migrate
from warehouse.passwords import OWNER, READER, keep_passwords, kept_password, password_file
from warehouse.settings import WarehouseSettings
from warehouse.users import MARTS_READER, server_statements

PASSWORDS = {OWNER: "owner's", READER: "reader's"}
PREPARED = (
    "create database marts",
    "create table marts.orders (a Int32, b String) engine = MergeTree order by a",
    "insert into marts.orders values (1, 'x')",
    "create view marts.chosen as select count() as events from event_store.event_log",
    "create dictionary analytics.secrets (a UInt64, b String) primary key a"
    " source(clickhouse(table 'persons' db 'analytics')) layout(flat()) lifetime(1)",
    "create table analytics.joined (a UInt64, b String) engine = Join(any, left, a)",
    "create function secret_count as () -> (select count() from event_store.event_log)",
)
SECRET = "(select count() from event_store.event_log)"

READ = {
    "a mart": "select a from marts.orders",
    "the default database": "select count() from orders",
    "a view over another database": "select events from marts.chosen",
    "a join": "select x.a from marts.orders as x join orders as y on x.a = y.a",
    "a CTE of a foreign table's name": "with event_log as (select 1 as a) select a from event_log",
    "a subquery": "select count() from (select * from marts.orders where a in (select 1))",
    "windows": "select row_number() over (partition by b order by a) from orders",
    "arrays": "select arrayMap(x -> x + 1, [1, 2]), [1][1], (1, 'a').2, if(1 > 0, 1, 2)",
    "a union": "select a from orders union all select 2",
    "array join": "select x from orders array join [1, 2] as x",
    "with totals": "select b, sum(a) from orders group by b with totals order by b",
    "constants": "select 1",
    "a parameter": "select {p:Int32} from orders",
    "explain": "explain select * from marts.orders",
    "describe": "describe table marts.orders",
    "show tables": "show tables",
    "show create": "show create table marts.orders",
    "exists": "exists table marts.orders",
    "settings": "select name from system.settings limit 1",
    "a setting of formats": "select 1 settings output_format_json_quote_64bit_integers = 1",
    "use": "use marts",
    "intersect": "select a from orders intersect select 1",
    "distinct values": "select count(distinct a), uniqExact(b) from orders",
    "aggregates with a condition": "select sumIf(a, a > 0), quantileIf(0.5)(a, 1) from orders",
    "two combinators": "select sumIfOrNull(a, 1), argMaxIf(a, b, 1) from orders",
    "a filter": "select sum(a) filter (where a > 0) from orders",
    "grouping sets": "select grouping(a), a from orders group by grouping sets ((a), ())",
    "exists in a query": "select a from orders where exists (select 1 from orders)",
    "show dictionaries": "show dictionaries",
    "functions": "select name from system.functions where name = 'sum'",
    "sample clauses": "select distinct b from orders order by b limit 1 by b limit 2 offset 0",
}
DENIED = {
    "another database": "select * from event_store.event_log",
    "quoted": "select * from `event_store`.`event_log`",
    "in a join": "select 1 from marts.orders, event_store.event_log",
    "in a CTE": "with x as (select * from event_store.event_log) select * from x",
    "as a scalar": f"select {SECRET}",
    "in where": f"select a from orders where a = {SECRET}",
    "in having": f"select count() from orders having count() > {SECRET}",
    "in order by": f"select a from orders order by {SECRET}",
    "in group by": f"select count() from orders group by {SECRET}",
    "in limit": f"select a from orders limit {SECRET}",
    "in a lambda": f"select arrayMap(x -> {SECRET}, [1])",
    "in APPLY": f"select * apply(x -> {SECRET}) from orders",
    "in REPLACE": f"select * replace({SECRET} as a) from orders",
    "in a window": f"select sum(a) over (partition by {SECRET}) from orders",
    "in QUALIFY": f"select a from orders qualify {SECRET} = 1",
    "in PREWHERE": f"select a from orders prewhere a = {SECRET}",
    "in FILL": f"select a from orders order by a with fill from {SECRET} to 9",
    "in INTERPOLATE": f"select a, b from orders order by a with fill interpolate (b as {SECRET})",
    "in ARRAY JOIN": f"select x from orders array join [{SECRET}] as x",
    "in ON": f"select 1 from orders as x join orders as y on x.a = {SECRET}",
    "in a union": "select a from orders union all select 1 from event_store.event_log",
    "in EXCEPT": "select 1 except select 1 from event_store.event_log",
    "in EXISTS": "select exists(select 1 from event_store.event_log)",
    "in a combined aggregate": f"select sumIf({SECRET}, 1)",
    "an unknown combination": "select secret_countIf(1)",
    "show merges": "show merges",
    "show clusters": "show clusters",
    "in IN": "select 1 in event_store.event_log",
    "as in()": "select in(1, event_store.event_log)",
    "in NOT IN": "select a from orders where a not in analytics.identity_pairs",
    "in EXPLAIN": "explain select * from event_store.event_log",
    "in DESCRIBE": "describe table event_store.event_log",
    "show create": "show create table event_store.event_log",
    "exists": "exists table event_store.event_log",
    "by a parameter": "select * from {d:Identifier}.event_log",
    "a dictionary": "select dictGet('analytics.secrets', 'b', 1)",
    "a dictionary's key": "select dictHas('analytics.secrets', 1)",
    "a dictionary as a table": "select * from analytics.secrets",
    "dictionary()": "select * from dictionary('analytics.secrets')",
    "joinGet": "select joinGet('analytics.joined', 'b', 1)",
    "hasColumnInTable": "select hasColumnInTable('event_store', 'event_log', 'body')",
    "a function of the owner's": "select secret_count()",
    "merge()": "select * from merge('event_store', '.*')",
    "numbers()": "select * from numbers(10)",
    "view()": "select * from view(select 1)",
    "viewIfPermitted()": "select * from viewIfPermitted(select 1 else null('a Int8'))",
    "generateRandom()": "select * from generateRandom('a Int8') limit 1",
    "loop()": "select * from loop('event_store', 'event_log')",
    "file()": "select * from file('/etc/passwd', 'TSV', 'a String')",
    "system.query_log": "select * from system.query_log",
    "system.processes": "select * from system.processes",
    "system.parts": "select * from system.parts",
    "system.users": "select * from system.users",
    "insert": "insert into marts.orders values (2, 'y')",
    "insert select": "insert into marts.orders select 2, 'y'",
    "create table": "create table marts.x (a Int8) engine = Memory",
    "create temporary table": "create temporary table x (a Int8)",
    "create view": "create view marts.x as select 1",
    "drop": "drop table marts.orders",
    "truncate": "truncate table marts.orders",
    "alter": "alter table marts.orders delete where 1",
    "delete": "delete from marts.orders where 1",
    "optimize": "optimize table marts.orders",
    "kill": "kill query where 1",
    "system": "system flush logs",
    "use": "use event_store",
    "backup": "backup table marts.orders to File('x')",
    "check": "check table marts.orders",
    "outfile": "select 1 into outfile '/tmp/x'",
    "set readonly": "set readonly = 0",
    "set filters": "set additional_table_filters = {}",
    "set memory": "set max_memory_usage = 100000000000",
    "lift in a statement": "select 1 settings max_execution_time = 3600",
    "filters in a statement": "select 1 settings additional_table_filters = {}",
    "memory in a subquery": "select * from (select 1 settings max_memory_usage = 0)",
    "a name that is two lines": "select 1 as `a\\n TableIdentifier marts.orders`",
}  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarehouseSettings]:
    """A server with both passwords, all tables, a mart and what tempts a reader."""
    server = EmbeddedProcess(
        tmp_path_factory.mktemp("users"),
        WAREHOUSE_PASSWORD=PASSWORDS[OWNER],
        WAREHOUSE_READER_PASSWORD=PASSWORDS[READER],
    )
    with Warehouse.connect(server.settings, "tests") as warehouse:
        migrate(warehouse)
    for statement in PREPARED:
        answer = as_owner(server.settings, statement)
        assert answer.status == 200, answer.data
    yield server.settings
    assert server.stop() == 0


def as_owner(
    settings: WarehouseSettings, statement: str, **fields: str
) -> urllib3.BaseHTTPResponse:
    return ask(settings, statement, user="default", password=PASSWORDS[OWNER], **fields)


def as_reader(
    settings: WarehouseSettings, statement: str, **fields: str
) -> urllib3.BaseHTTPResponse:
    user = MARTS_READER.name
    return ask(settings, statement, user=user, password=PASSWORDS[READER], **fields)


@pytest.mark.parametrize("statement", READ.values(), ids=READ.keys())
def test_a_reader_may_read_the_marts(served: WarehouseSettings, statement: str) -> None:
    answer = as_reader(served, statement, param_p="1")
    assert answer.status == 200, answer.data


@pytest.mark.parametrize("statement", DENIED.values(), ids=DENIED.keys())
def test_a_reader_may_do_nothing_else(served: WarehouseSettings, statement: str) -> None:
    answer = as_reader(served, statement, param_d="event_store")
    assert answer.status in (400, 403, 404), (answer.status, answer.data)
    code = answer.headers["X-ClickHouse-Exception-Code"]
    assert code in ("62", "497", "452", "115", "36", "164", "48"), answer.data
    assert as_reader(served, "select count() from marts.orders").data == b"1\n"


def test_the_owner_may_do_what_a_reader_may_not(served: WarehouseSettings) -> None:
    for statement in ("select * from event_store.event_log", "select * from numbers(3)"):
        assert as_owner(served, statement).status == 200


@pytest.mark.parametrize(
    ("statement", "seen"),
    [
        ("show databases", b"marts\n"),
        ("select name from system.databases", b"marts\n"),
        ("select name from system.tables order by name", b"chosen\norders\n"),
        ("show tables from event_store", b""),
        ("select distinct database from system.columns", b"marts\n"),
        ("select schema_name from information_schema.schemata", b"marts\n"),
        ("select distinct table_schema from information_schema.tables", b"marts\n"),
        ("select count() from system.tables where database = 'event_store'", b"0\n"),
        ("show dictionaries from analytics", b""),
        ("select name from system.dictionaries", b""),
        ("select count() from system.functions where create_query != ''", b"0\n"),
        (
            "select routine from (select name as routine from system.functions)"
            " where routine = 'secret_count'",
            b"",
        ),
        ("show columns from event_log from event_store", b""),
    ],
)
def test_a_reader_sees_no_other_database(
    served: WarehouseSettings, statement: str, seen: bytes
) -> None:
    assert as_reader(served, statement).data == seen


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_memory_usage", "0"),
        ("max_memory_usage", "99999999999999"),
        ("max_execution_time", "3600"),
        ("readonly", "0"),
        ("additional_table_filters", "{}"),
        ("allow_ddl", "1"),
        ("query_cache_tag", "x"),
    ],
)
def test_a_reader_lifts_no_bound(served: WarehouseSettings, name: str, value: str) -> None:
    answer = as_reader(served, "select 1", **{name: value})
    assert answer.headers.get("X-ClickHouse-Exception-Code") in ("452", "497"), answer.data


def test_a_reader_may_ask_for_less(served: WarehouseSettings) -> None:
    asked = {"max_execution_time": "5", "max_memory_usage": "1000000", "readonly": "1"}
    assert as_reader(served, "select a from orders", **asked).data == b"1\n"


def test_a_reader_names_no_other_database_and_sends_no_tables(served: WarehouseSettings) -> None:
    assert as_reader(served, "select 1", database="event_store").status == 403
    assert as_reader(served, "select 1", database="marts").status == 200


def test_sessions_of_one_name_are_not_shared_between_users(served: WarehouseSettings) -> None:
    as_owner(served, "create temporary table secret (a Int8)", session_id="shared")
    assert as_owner(served, "select count() from secret", session_id="shared").status == 200
    assert as_reader(served, "select count() from secret", session_id="shared").status == 404
    for _ in range(2):  # a session's second request finds its settings as they were
        assert as_reader(served, "select a from orders", session_id="own").data == b"1\n"


def test_drivers_connect_as_a_reader(served: WarehouseSettings) -> None:
    settings = WarehouseSettings(url=served.url, user=MARTS_READER.name, password=PASSWORDS[READER])
    with Warehouse.connect(settings, "tests") as warehouse:
        assert warehouse.rows("select a, b from orders") == [(1, "x")]
        with pytest.raises(WarehouseRefusedError, match="Not enough privileges for table"):
            warehouse.rows("select * from event_store.event_log")


@pytest.mark.parametrize("password", ["", "owner's", "guess"])
def test_a_reader_needs_his_own_password(served: WarehouseSettings, password: str) -> None:
    answer = ask(served, "select 1", user=MARTS_READER.name, password=password)
    assert answer.headers["X-ClickHouse-Exception-Code"] == "516"


def test_without_a_password_there_is_no_reader(warehouse_server: WarehouseSettings) -> None:
    answer = ask(warehouse_server, "select 1", user=MARTS_READER.name, password="")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "516"


def test_the_engine_reads_the_statements_for_a_server(warehouse_server: WarehouseSettings) -> None:
    statements = server_statements(MARTS_READER, "it's \\ secret")
    assert all("secret" not in statement for statement in statements)
    for statement in statements:
        asked = "select formatQuerySingleLine({sql:String})"
        answer = ask(warehouse_server, asked, param_sql=statement)
        assert answer.status == 200, answer.data
    assert statements[1] == "GRANT SELECT ON marts.* TO marts_reader"


def test_passwords_are_made_once_for_their_owner_alone(tmp_path: Path) -> None:
    keep_passwords(tmp_path)
    kept = [kept_password(tmp_path, whose) for whose in (OWNER, READER)]
    keep_passwords(tmp_path)
    assert kept == [kept_password(tmp_path, whose) for whose in (OWNER, READER)]
    assert len(set(kept)) == 2
    assert min(map(len, kept)) >= 40
    files = [password_file(tmp_path, whose) for whose in (OWNER, READER)]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_server_and_clients_of_this_machine_find_the_kept_passwords(tmp_path: Path) -> None:
    keep_passwords(tmp_path / "warehouse")
    server = EmbeddedProcess(tmp_path)
    try:
        assert ask(server.settings, "select 1").status == 403
        given = {"LOCAL_HOME": str(tmp_path), "WAREHOUSE_PORT": str(server.port)}
        for also in ({}, {"WAREHOUSE_URL": server.settings.url}):
            with Warehouse.connect(WarehouseSettings.from_env(given | also), "tests") as warehouse:
                assert warehouse.scalar("select 1") == 1
    finally:
        server.stop()


def test_the_kept_password_is_sent_to_no_other_server(tmp_path: Path) -> None:
    keep_passwords(tmp_path / "warehouse")
    given = {"LOCAL_HOME": str(tmp_path), "WAREHOUSE_URL": "http://other.example:8123"}
    assert WarehouseSettings.from_env(given).password == ""
