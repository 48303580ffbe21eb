"""What Dagster's pages answer to programs and to strangers, over HTTP on a real port."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest

from tests.dagster_pages import LAUNCH, READ, Pages, serving_pages

AS_JSON = {"Content-Type": "application/json"}
EVIL = {"Origin": "https://evil.example"}
PAGE = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    home = tmp_path_factory.mktemp("dagster")
    with serving_pages(home, frozenset({"dagster.shop.example"})) as pages:
        yield pages


def ask(
    pages: Pages,
    method: str = "POST",
    target: str = "/graphql",
    body: object = None,
    headers: Mapping[str, str] = AS_JSON,
) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", pages.port, timeout=30)
    try:
        payload = None if body is None else json.dumps(body)
        connection.request(method, target, payload, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_a_program_of_this_machine_launches_a_backfill(pages: Pages) -> None:
    before = pages.backfills
    status, told = ask(pages, body={"query": LAUNCH})
    assert (status, "LaunchBackfillSuccess" in told) == (200, True), told
    assert pages.backfills == before + 1


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(PAGE, id="by a loopback name"),
        pytest.param(PAGE | {"Host": "dagster.shop.example"}, id="by an allowed name"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/assets", "/graphql"])
def test_pages_are_shown(pages: Pages, path: str, headers: Mapping[str, str]) -> None:
    status, told = ask(pages, "GET", path, headers=headers)
    assert (status, "<html" in told) == (200, True)


BY_GET = "/graphql?query=" + quote(LAUNCH)


AS_TEXT = {"Content-Type": "text/plain"}
TWO_TYPES = {"Content-Type": "x, application/json"}
REBOUND = {"Host": "evil.example"}
REPORT = "/report_asset_materialization/sessions"


@pytest.mark.parametrize(
    ("line", "headers", "status"),
    [
        pytest.param(f"GET {BY_GET}", {}, 405, id="a mutation by GET"),
        pytest.param(f"GET {BY_GET}", {"Accept": "image/*"}, 405, id="by an image"),
        pytest.param(f"GET {BY_GET.replace('?', '%0A?')}", {}, 405, id="by an odd path"),
        pytest.param(f"HEAD {BY_GET}", {}, 405, id="by HEAD"),
        pytest.param(f"POST {BY_GET}", {}, 415, id="in the address of a POST"),
        pytest.param(f"POST {BY_GET}", AS_TEXT, 415, id="as a simple form"),
        pytest.param(f"POST {BY_GET}", TWO_TYPES, 415, id="of two types"),
        pytest.param(f"GET {BY_GET}", EVIL, 403, id="a stranger's GET"),
        pytest.param("POST /graphql", AS_JSON | EVIL, 403, id="a stranger's POST"),
        pytest.param("OPTIONS /graphql", EVIL, 403, id="a stranger's preflight"),
        pytest.param("POST /graphql", AS_JSON | REBOUND, 403, id="a rebound name"),
        pytest.param(
            "POST /graphql", AS_JSON | {"Sec-Fetch-Site": "same-site"}, 403, id="another port"
        ),
        pytest.param(f"POST {REPORT}", AS_JSON | EVIL, 403, id="a stranger's report"),
        pytest.param("GET /", EVIL, 403, id="a stranger reads a page"),
        pytest.param("GET /server_info", REBOUND, 403, id="a rebound name reads"),
    ],
)
def test_nothing_is_launched_for_a_stranger_nor_by_get(
    pages: Pages, line: str, headers: Mapping[str, str], status: int
) -> None:
    before = pages.backfills
    method, target = line.split()
    assert ask(pages, method, target, {"query": LAUNCH}, headers)[0] == status
    assert pages.backfills == before


def test_reading_by_get_is_told_how_to_ask(pages: Pages) -> None:
    status, told = ask(pages, "GET", "/graphql?query=" + quote(READ), headers={})
    assert (status, "POST" in told) == (405, True)


@pytest.mark.parametrize("is_program", [True, False], ids=["a program", "the pages themselves"])
def test_a_websocket_is_for_programs_and_the_pages_themselves(
    pages: Pages, is_program: bool
) -> None:
    assert asyncio.run(_acknowledged(pages, {} if is_program else {"Origin": pages.url}))


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "null"])
def test_a_websocket_does_not_open_for_other_pages(pages: Pages, origin: str) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        asyncio.run(_acknowledged(pages, {"Origin": origin}))


def test_pages_that_are_read_only_change_nothing(tmp_path: Path) -> None:
    with serving_pages(tmp_path, is_read_only=True) as pages:
        status, told = ask(pages, body={"query": LAUNCH})
        assert "UnauthorizedError" in told
        assert pages.backfills == 0
        assert ask(pages, body={"query": READ})[0] == status == 200


async def _acknowledged(pages: Pages, headers: Mapping[str, str]) -> bool:
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(
            f"{pages.url}/graphql", protocols=["graphql-ws"], headers=headers
        ) as socket,
    ):
        await socket.send_json({"type": "connection_init"})
        return bool((await socket.receive_json())["type"] == "connection_ack")
