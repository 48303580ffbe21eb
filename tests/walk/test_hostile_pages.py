"""Pages of other origins attack what listens on their visitor's machine, in a real browser.

From a local address space (a page of another port), from a public one (Chromium is told to take the
site's address for public), and under a name that leads to this machine (DNS rebinding).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import dagster as dg
import pytest

from tests.browser import Chromium, running_chromium
from tests.dagster_pages import LAUNCH, Pages, serving_pages
from tests.fixtures_kafka import free_port_pair
from tests.hostile_site import Attack, HostileSite
from tests.processes import eventually
from warehouse.client import Warehouse
from warehouse.settings import WarehouseSettings

PLACES = ["local", pytest.param("public", marks=pytest.mark.long)]
REBOUND = "rebound.example"
SECRET = "select 'of-the' || '-shop' format JSON"  # its answer holds what no refusal repeats
by_every_name = pytest.mark.parametrize(
    "name", ["127.0.0.1", pytest.param(REBOUND, marks=pytest.mark.long)]
)


@pytest.fixture(scope="module")
def site() -> Iterator[HostileSite]:
    with HostileSite(free_port_pair()) as site:
        yield site


@pytest.fixture(scope="module", params=PLACES)
def visitor(
    request: pytest.FixtureRequest, site: HostileSite, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chromium]:
    """A browser that takes the hostile site for one of this machine, or of the Internet."""
    flags = [f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1"]
    if request.param == "public":
        flags.append(f"--ip-address-space-overrides=127.0.0.1:{site.port}=public")
    with running_chromium(tmp_path_factory.mktemp("hostile") / "profile", *flags) as browser:
        yield browser


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    with serving_pages(tmp_path_factory.mktemp("dagster")) as pages:
        yield pages


def attack_on_dagster(url: str) -> Attack:
    launch = json.dumps({"query": LAUNCH})
    start = json.dumps({"type": "start", "id": "1", "payload": {"query": LAUNCH}})
    return Attack(
        gets=[
            f"{url}/graphql?query={quote(LAUNCH)}",
            f"{url}/report_asset_materialization/sessions?data_version=1",
        ],
        posts=[(f"{url}/graphql", launch), (f"{url}/graphql?query={quote(LAUNCH)}", "a=b")],
        sockets=[
            (
                f"{url}/graphql".replace("http", "ws"),
                ["graphql-ws"],
                ['{"type": "connection_init"}', start],
            )
        ],
    )


def test_the_attack_reaches_what_listens_as_far_as_the_browser_lets_it(
    visitor: Chromium, site: HostileSite, request: pytest.FixtureRequest
) -> None:
    """Otherwise the tests below would prove nothing."""
    with HostileSite() as witness:
        tab = visitor.tab()
        site.attack(attack_on_dagster(witness.url), tab)
        tab.close()
        ways = {(one.method, one.has_body, one.is_upgrade) for one in witness.asked}
    assert ("GET", False, False) in ways  # at least by navigation
    if "local" in request.node.name:
        assert {("HEAD", False, False), ("POST", True, False), ("GET", False, True)} <= ways


def attack_on_warehouse(url: str, file: Path) -> Attack:
    """Statements in every place that the warehouse ever took one from."""
    insert = "insert into analytics.pwned values (1)"
    export = f"select 1 into outfile '{file}' format TSV"
    smuggled = {
        "x_structure": f"a UInt8; {insert}",
        "x_format": f"TSV; {insert}",
        "default_format": f"TSV; {insert}",
        f"max_threads=1; {insert}; set max_threads": "1",
        "user": "default",
        "add_http_cors_header": "1",
    }
    asked = [{"query": text} for text in (insert, export, f"select 1; {insert}", SECRET)]
    asked += [{"query": SECRET, name: text} for name, text in smuggled.items()]
    posts = [(f"{url}/?{urlencode({'query': insert})}", "a=b")]
    posts += [(f"{url}/", text) for text in (insert, export, SECRET)]
    return Attack(gets=[f"{url}/?{urlencode(fields)}" for fields in asked], posts=posts)


@dataclass(frozen=True, slots=True)
class Target:
    """A warehouse with an empty table, and a file that nobody has written."""

    port: int | None
    warehouse: Warehouse
    file: Path

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was written."""
        count = self.warehouse.scalar("select count() from analytics.pwned")
        return count == 0 and not self.file.exists()


@pytest.fixture
def target(
    warehouse: Warehouse, warehouse_server: WarehouseSettings, tmp_path: Path
) -> Iterator[Target]:
    warehouse.execute("create or replace table analytics.pwned (x UInt8) engine = Memory")
    yield Target(urlsplit(warehouse_server.url).port, warehouse, tmp_path / "written")
    warehouse.execute("drop table analytics.pwned sync")


@by_every_name
def test_no_page_of_another_origin_has_the_warehouse_run_anything(
    visitor: Chromium, site: HostileSite, target: Target, name: str
) -> None:
    tab = visitor.tab()
    url = f"http://{name}:{target.port}"
    texts = site.attack(attack_on_warehouse(url, target.file), tab)
    tab.close()
    assert not [text for text in texts if "of-the-shop" in text]
    assert target.is_untouched


@by_every_name
def test_no_page_of_another_origin_changes_anything_in_dagster(
    visitor: Chromium, site: HostileSite, pages: Pages, name: str
) -> None:
    tab = visitor.tab()
    site.attack(attack_on_dagster(f"http://{name}:{pages.port}"), tab)
    tab.close()
    assert pages.backfills == 0
    assert pages.instance.get_latest_materialization_event(dg.AssetKey("sessions")) is None


def rebound_status(visitor: Chromium, port: int | None, path: str, body: str) -> int:
    """What a page hears that has its own name lead to a port of this machine by now."""
    tab = visitor.tab()
    tab.show(f"http://{REBOUND}:{port}/")
    given = {"method": "POST", "headers": {"Content-Type": "application/json"}, "body": body}
    ask = f"fetch({json.dumps(path)}, {json.dumps(given)})"
    tab.run(f"{ask}.then((answer) => {{ window.heard = answer.status; }})")
    eventually(lambda: tab.run("window.heard"))
    status = int(tab.run("window.heard"))
    tab.close()
    return status


def test_dagster_does_not_answer_to_a_name_that_leads_to_it(
    visitor: Chromium, pages: Pages
) -> None:
    assert rebound_status(visitor, pages.port, "/graphql", json.dumps({"query": LAUNCH})) == 403
    assert pages.backfills == 0


def test_the_warehouse_does_not_answer_to_a_name_that_leads_to_it(
    visitor: Chromium, target: Target
) -> None:
    assert rebound_status(visitor, target.port, "/", SECRET) == 403
