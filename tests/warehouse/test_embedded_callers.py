"""No web page asks the warehouse in a person's name; what is no text is refused as the asker's."""

from __future__ import annotations

import socket

import pytest

from tests.fixtures_warehouse import EmbeddedProcess, ask
from warehouse.settings import WarehouseSettings

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")


def spoken(settings: WarehouseSettings, head: bytes, body: bytes = b"") -> bytes:
    """What the server answers to a request written byte by byte."""
    with socket.create_connection((settings.host, settings.port), timeout=30) as connection:
        connection.sendall(head + b"Connection: close\r\n\r\n" + body)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


@pytest.mark.parametrize("path", ["/", "/ping", "/?query=select+1", "/elsewhere"])
@pytest.mark.parametrize(
    "header",
    [
        pytest.param({"Host": "rebound.example:8123"}, id="another name"),
        pytest.param({"Host": "127.0.0.1.rebound.example"}, id="a name that begins like ours"),
        pytest.param({"Origin": "http://evil.example"}, id="another page"),
        pytest.param({"Origin": "null"}, id="a page of nowhere"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="another site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, id="another port"),
    ],
)
def test_web_pages_are_refused_whatever_the_method_and_the_path(
    warehouse_server: WarehouseSettings, path: str, header: dict[str, str]
) -> None:
    for method in METHODS:
        host = header.get("Host", "127.0.0.1")
        others = "".join(f"{name}: {value}\r\n" for name, value in header.items() if name != "Host")
        head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{others}Content-Length: 0\r\n"
        answer = spoken(warehouse_server, head.encode())
        assert answer.startswith(b"HTTP/1.1 403 "), (method, answer)
        assert method == "HEAD" or b"ACCESS_DENIED" in answer


@pytest.mark.parametrize("hosts", [b"", b"Host: 127.0.0.1\r\nHost: evil.example\r\n"])
def test_a_request_has_one_host(warehouse_server: WarehouseSettings, hosts: bytes) -> None:
    answer = spoken(warehouse_server, b"GET /ping HTTP/1.1\r\n" + hosts)
    assert answer.split()[1] in (b"400", b"403")


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "127.1.2.3:99", "[::1]:8123"])
def test_names_of_loopback_are_known_whatever_the_port(
    warehouse_server: WarehouseSettings, host: str
) -> None:
    assert ask(warehouse_server, "select 1", headers={"Host": host}).status == 200


def test_names_of_a_setting_are_known(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("named")
    server = EmbeddedProcess(home, WAREHOUSE_ALLOWED_HOSTS="warehouse.shop.example, Other.example")
    try:
        for host in ("warehouse.shop.example:8123", "OTHER.example"):
            assert ask(server.settings, "select 1", headers={"Host": host}).status == 200
        assert ask(server.settings, "select 1", headers={"Host": "third.example"}).status == 403
    finally:
        server.stop()


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"X-ClickHouse-User: \xff\xfe", id="user"),
        pytest.param(b"X-ClickHouse-Database: \xff", id="database"),
        pytest.param(b"X-ClickHouse-Format: \xc3\x28", id="format"),
        pytest.param(b"Authorization: Basic \xff", id="authorization"),
        pytest.param(b"Content-Encoding: \xff", id="encoding"),
        pytest.param(b"Content-Type: multipart/form-data; boundary=\xff", id="content type"),
        pytest.param(b"X-Anything: \xed\xa0\x80", id="a header of nobody's"),
    ],
)
def test_headers_that_are_no_text_are_bad_requests(
    warehouse_server: WarehouseSettings, line: bytes
) -> None:
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n" + line + b"\r\n"
    assert spoken(warehouse_server, head, b"select 1").split()[1] == b"400"


@pytest.mark.parametrize("name", ["query_id", "database", "session_id"])
@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b=c", "a\x00b", "x" * 257, "\x1b[31m"])
def test_names_that_are_no_text_are_bad_requests(
    warehouse_server: WarehouseSettings, name: str, value: str
) -> None:
    answer = ask(warehouse_server, "select 1", **{name: value})
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (400, "36")


@pytest.mark.parametrize("escaped", ["query_id=%FF", "database=%ED%A0%80", "query=select%20%FF"])
def test_escapes_that_are_no_text_are_no_failures_of_the_server(
    warehouse_server: WarehouseSettings, escaped: str
) -> None:
    head = f"GET /?{escaped} HTTP/1.1\r\nHost: localhost\r\n".encode()
    assert int(spoken(warehouse_server, head).split()[1]) < 500


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"--b\r\n", id="cut off"),
        pytest.param(b"no part at all", id="no part"),
        pytest.param(
            b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n"
            b"--c\r\n\r\nx\r\n--c--\r\n--b--",
            id="parts within a part",
        ),
        pytest.param(
            b'--b\r\nContent-Disposition: form-data; name="query"\r\n\r\n\xff\r\n--b--\r\n',
            id="a query that is no text",
        ),
        pytest.param(
            b'--b\r\nContent-Disposition: form-data; name="\xff"; filename="x"\r\n\r\n'
            b"1\r\n--b--\r\n",
            id="a name that is no text",
        ),
    ],
)
def test_forms_that_cannot_be_read_are_bad_requests(
    warehouse_server: WarehouseSettings, body: bytes
) -> None:
    head = (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        + f"Content-Length: {len(body)}\r\n".encode()
    )
    assert spoken(warehouse_server, head, body).split()[1] == b"400"
