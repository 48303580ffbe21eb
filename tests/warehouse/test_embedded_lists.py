"""What statements may use is decided name by name; what was served before goes on being served."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures_warehouse import EmbeddedProcess, ask
from tests.warehouse.test_embedded_opening import refused
from warehouse.embedded import served
from warehouse.embedded.served import listed_names
from warehouse.settings import WarehouseSettings

REFUSED = Path(__file__).parent / "hostile" / "refused.txt"


def names(settings: WarehouseSettings, query: str) -> set[str]:
    return set(ask(settings, query).data.decode().split())


def refused_names(kind: str) -> set[str]:
    """The names under a heading of the list of what is not served."""
    _, _, rest = REFUSED.read_text().partition(f"# {kind}\n")
    return set(rest.partition("#")[0].split())


@pytest.mark.parametrize(
    ("kind", "query", "listed"),
    [
        ("functions", "select name from system.functions", listed_names("functions")),
        (
            "table functions",
            "select name from system.table_functions",
            served.TABLE_FUNCTIONS,
        ),
        ("table engines", "select name from system.table_engines", served.TABLE_ENGINES),
        ("settings", "select name from system.settings", listed_names("settings")),
        (
            "table settings",
            "select name from system.merge_tree_settings",
            listed_names("table_settings"),
        ),
    ],
)
def test_every_name_the_engine_has_is_decided_on(
    warehouse_server: WarehouseSettings, kind: str, query: str, listed: frozenset[str]
) -> None:
    """A new release brings names: read what each does, then list it here or there."""
    assert names(warehouse_server, query) - listed == refused_names(kind)


def test_no_function_is_served_under_the_name_of_a_table_function_or_a_source_that_is_not(
    warehouse_server: WarehouseSettings,
) -> None:
    known = names(warehouse_server, "select lower(name) from system.table_functions")
    unserved = known - {name.lower() for name in served.TABLE_FUNCTIONS}
    assert not unserved & {name.lower() for name in listed_names("functions")}


@pytest.mark.parametrize(
    ("values", "stored"),
    [
        pytest.param("(1, 'a;b(c)'), (2, 'it''s')", b"1\ta;b(c)\n2\tit\\'s\n", id="literals"),
        pytest.param("(1 + 1, upper('x'))", b"2\tX\n", id="harmless expressions"),
        pytest.param("(1, 'select file(/etc/passwd) from x')", None, id="a text like a query"),
        pytest.param("(1, '/* -- ` file(')", None, id="a text of marks"),
    ],
)
def test_rows_of_values_go_on_being_stored(
    warehouse_server: WarehouseSettings, values: str, stored: bytes | None
) -> None:
    session = {"session_id": f"values {values}"}
    ask(warehouse_server, "create temporary table v (a UInt8, s String)", **session)
    answer = ask(warehouse_server, f"insert into v values {values}", **session)
    assert answer.status == 200, answer.data
    rows = ask(warehouse_server, "select * from v order by a", **session).data
    assert rows == stored if stored else b"file(" in rows


def test_a_name_of_the_setting_is_served(tmp_path: Path) -> None:
    (tmp_path / "rows.tsv").write_text("a row\n")
    query = f"select * from file('{tmp_path}/rows.tsv', 'TSV', 's String')"
    server = EmbeddedProcess(tmp_path, WAREHOUSE_ALSO_SERVED="file, url")
    assert ask(server.settings, query).data == b"a row\n"
    ask(server.settings, f"create view default.rows as {query}")
    server.stop()
    said = refused("--path", server.settings.path, "--port", str(server.port))
    assert "default.rows" in said
    assert "WAREHOUSE_ALSO_SERVED" in said


def test_tables_of_the_default_database_outlive_restarts_and_the_change_to_plain_databases(
    tmp_path: Path,
) -> None:
    server = EmbeddedProcess(tmp_path)
    ask(server.settings, "create table default.kept (a Int8) engine = MergeTree order by a")
    ask(server.settings, "insert into default.kept values (7)")
    server.stop()
    (server.settings.path / "metadata" / "default.sql").unlink()  # as a directory of before is
    for _ in range(2):
        server.start()
        assert ask(server.settings, "select * from default.kept").data == b"7\n"
        server.kill()


SERVED = """
create table default.t (a UInt64, s String) engine = MergeTree order by a
insert into default.t values (1, 'x'), (1 + 1, upper('y'))
create dictionary default.d (a UInt64, s String) primary key a
    source(clickhouse(table 't' db 'default')) layout(flat()) lifetime(0)
select dictGet('default.d', 's', 1)
system clear mark cache
system reload dictionaries
create view default.v as select {x:UInt8} as y
select * from default.v(x = 3)
create function hostile_or_not as x -> x + 1
select hostile_or_not(2)
with c(a) as (select 1) select * from c
select * from (explain select 1)
select SETTINGS = 1, FORMAT, `INTO` from (select 1 as SETTINGS, 2 as FORMAT, 3 as INTO)
select a.`x/y` as `p/q` from (select 1 as `x/y`) as a
alter table default.t add column z UInt8 default a % 3
alter table default.t modify setting min_bytes_for_wide_part = 0
select sum(a) filter(where a > 0), quantile(0.5)(a), uniqIf(a, a > 1) from default.t
select arrayMap(x -> x + 1, [1]), columns('s') apply(upper) from default.t
create materialized view default.m engine = MergeTree order by a as select a from default.t
create table default.b as default.t engine = Buffer(default, t, 1, 1, 1, 1, 1, 1, 1)
backup table default.t to File('served')
restore table default.t as default.t2 from File('served')
exchange tables default.t and default.t2
create temporary table tt (a UInt8)
optimize table default.t final
delete from default.t where a = 1
select 1 settings max_threads = 1, log_comment = 'x' format JSON
"""


def test_what_a_shop_does_is_served_and_outlives_a_restart(tmp_path: Path) -> None:
    server = EmbeddedProcess(tmp_path)
    for statement in SERVED.replace("\n    ", " ").strip().splitlines():
        answer = ask(server.settings, statement)
        assert answer.status == 200, (statement, answer.data)
    server.stop()
    server.start()
    assert ask(server.settings, "select dictGet('default.d', 's', 2)").data == b"Y\n"
    assert ask(server.settings, "select hostile_or_not(2), y from default.v(x = 3)").status == 200
    server.kill()
