"""Pages of other origins attack what listens on their visitor's machine, in a real browser.

From a local address space (a page of another port), from a public one (Chromium is told to take the
site's address for public), and under a name that leads to this machine (DNS rebinding).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import dagster as dg
import pytest

from tests.browser import Chromium, running_chromium
from tests.dagster_pages import LAUNCH, Pages, serving_pages
from tests.fixtures_kafka import free_port_pair
from tests.hostile_site import Attack, HostileSite
from tests.processes import eventually

PLACES = ["local", "public"]
REBOUND = "rebound.example"


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


@pytest.mark.parametrize("name", ["127.0.0.1", REBOUND])
def test_no_page_of_another_origin_changes_anything_in_dagster(
    visitor: Chromium, site: HostileSite, pages: Pages, name: str
) -> None:
    tab = visitor.tab()
    site.attack(attack_on_dagster(f"http://{name}:{pages.port}"), tab)
    tab.close()
    assert pages.backfills == 0
    assert pages.instance.get_latest_materialization_event(dg.AssetKey("sessions")) is None


def test_no_name_that_leads_to_this_machine_is_taken_for_ours(
    visitor: Chromium, pages: Pages
) -> None:
    """A page under a name of its own, which leads to Dagster by now, asks its own origin."""
    tab = visitor.tab()
    tab.show(f"http://{REBOUND}:{pages.port}/")
    body = json.dumps({"query": LAUNCH})
    ask = "fetch('/graphql', {method: 'POST', headers: {'Content-Type': 'application/json'}, body})"
    tab.run(f"const body = {json.dumps(body)}; {ask}.then((answer) => window.told = answer.status)")
    eventually(lambda: tab.run("window.told"))
    assert tab.run("window.told") == 403
    tab.close()
    assert pages.backfills == 0
