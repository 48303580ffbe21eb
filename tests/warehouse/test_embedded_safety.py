"""What the embedded warehouse does not do for anyone, and for whom it does anything at all."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

import pytest

from tests.fixtures_warehouse import EmbeddedProcess, ask
from warehouse.client import Warehouse, WarehouseRefusedError
from warehouse.settings import WarehouseSettings

PASSWORD = "sesame: öffne dich"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarehouseSettings]:
    """A server with a password."""
    server = EmbeddedProcess(tmp_path_factory.mktemp("guarded"), WAREHOUSE_PASSWORD=PASSWORD)
    yield server.settings
    server.stop()


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="nobody"),
        pytest.param(basic("default", "guess"), id="a wrong password"),
        pytest.param(basic("eve", PASSWORD), id="another user"),
        pytest.param({"X-ClickHouse-User": "default"}, id="no key"),
        pytest.param({"Authorization": "Basic ???"}, id="no base64"),
    ],
)
def test_who_does_not_know_the_password_is_refused(
    guarded: WarehouseSettings, headers: dict[str, str]
) -> None:
    answer = ask(guarded, "select 1", headers=headers)
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (403, "516")


def test_the_password_may_come_by_basic_authorization_or_in_the_address(
    guarded: WarehouseSettings,
) -> None:
    assert ask(guarded, "select 1", headers=basic("default", PASSWORD)).data == b"1\n"
    assert ask(guarded, "select 1", user="default", password=PASSWORD).data == b"1\n"


def test_the_client_says_which_settings_to_check(guarded: WarehouseSettings) -> None:
    with pytest.raises(WarehouseRefusedError, match="check WAREHOUSE_USER and WAREHOUSE_PASSWORD"):
        Warehouse.connect(WarehouseSettings(url=guarded.url, password="guess"), "tests")


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("select 1; select 2", id="two statements"),
        pytest.param("create table default.x (a Int8) engine = Memory; selec", id="one and a half"),
        pytest.param("select * from file('/etc/passwd', 'TSV', 'a String')", id="file()"),
        pytest.param("select file('/etc/passwd')", id="scalar file()"),
        pytest.param("select * from `file`('/etc/passwd', 'TSV', 'a String')", id="quoted file()"),
        pytest.param(r"select * from `fi\x6ce`('/etc/passwd', 'TSV', 'a String')", id="escaped"),
        pytest.param("select /* /* */ ' */ file('/etc/passwd') --'", id="behind nested comments"),
        pytest.param("create table default.x (a Int8) engine = File(TSV)", id="engine File"),
        pytest.param(
            "create dictionary default.x (a Int8) primary key a "
            "source(file(path 'x' format 'TSV')) layout(flat()) lifetime(1)",
            id="a dictionary's source",
        ),
        pytest.param("select 1 into outfile '/tmp/x'", id="outfile"),
        pytest.param("insert into default.x from infile '/etc/passwd' format TSV", id="infile"),
        pytest.param("insert into function file('/tmp/x', 'TSV') values (1)", id="to file()"),
        pytest.param("select * from Python(settings)", id="variables of the server"),
        pytest.param("select * from url('file:///etc/passwd', 'TSV', 'a String')", id="url()"),
        pytest.param("select * from '/etc/passwd'", id="a path as a table"),
        pytest.param(
            "insert into function null('s String') values (file('/etc/passwd'))", id="in VALUES"
        ),
        pytest.param("select 1 settings filter = 'file(1)'", id="a setting that is SQL"),
        pytest.param("create database x engine = Filesystem('/')", id="a database of files"),
        pytest.param("system shutdown", id="shutdown"),
        pytest.param("system kill", id="kill"),
    ],
)  # fmt: skip
def test_what_reaches_past_the_warehouse_is_refused(
    warehouse_server: WarehouseSettings, statement: str
) -> None:
    answer = ask(warehouse_server, statement)
    assert answer.status in (400, 403), answer.data
    assert ask(warehouse_server, "exists table default.x").data == b"0\n"


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("select 'a;b' -- c;\n;", id="semicolons in text"),
        pytest.param("select 1 as file, 'x(' as python", id="columns of such names"),
        pytest.param("system flush logs", id="flush logs"),
        pytest.param("kill query where 1 = 0", id="kill query"),
    ],
)
def test_what_only_looks_dangerous_is_served(
    warehouse_server: WarehouseSettings, statement: str
) -> None:
    assert ask(warehouse_server, statement).status == 200
