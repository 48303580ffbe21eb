"""The script for pages in a real browser, from a shop's page to the collector's spool."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime

import pytest

from tests.browser import chromium
from tests.pages import World, pages
from tests.processes import eventually


def test_two_pages_of_one_visitor_arrive_with_what_the_browser_knows(world: World) -> None:
    with world.collecting():
        world.show("/one")
        world.events(1)
        world.tab.run("document.getElementById('next').click()")
        first, second = world.events(2)
    shop = world.shop.url
    assert pages([first, second]) == [
        {"url": f"{shop}/one", "title": "one", "referrer": ""},
        {"url": f"{shop}/two?utm_source=one", "title": "two", "referrer": f"{shop}/one"},
    ]
    assert first["visitorid"] == second["visitorid"]
    assert first["id"] != second["id"]
    assert "Chrome" in first["data"]["client"]["user_agent"]
    assert first["data"]["client"]["address"] == "127.0.0.1"
    assert first["data"]["client"]["language"].startswith("en")
    assert world.tab.run("document.cookie") == ""


def test_moves_within_one_page_are_page_views_with_their_own_titles(world: World) -> None:
    with world.collecting():
        world.show("/app")
        world.events(1)
        world.tab.run("history.pushState({}, '', '/app/mugs'); document.title = 'mugs'")
        world.events(2)
        world.tab.run("history.pushState({}, '', '/app/mugs'); history.replaceState({}, '')")
        world.tab.run("history.pushState({}, '', '/app/cups'); document.title = 'cups'")
        world.events(3)
        world.tab.run("history.go(-2)")
        events = world.events(4)
    assert [
        (page["url"].removeprefix(world.shop.url), page["title"]) for page in pages(events)
    ] == [
        ("/app", "app"),
        ("/app/mugs", "mugs"),
        ("/app/cups", "cups"),
        ("/app/mugs", "cups"),
    ]
    urls = [page["url"] for page in pages(events)]
    assert [page["referrer"] for page in pages(events)] == ["", *urls[:-1]]
    assert len({event["visitorid"] for event in events}) == 1


def test_a_page_says_what_happens_on_it_also_before_the_script_is_there(world: World) -> None:
    cart = "aa('cart.item_added', {products: [{sku: 'MUG-BLUE', quantity: 1}]})"
    world.tab.before_every_page(
        f"window.aa = function () {{ (aa.q = aa.q || []).push(arguments) }}; {cart}"
    )
    with world.collecting():
        world.show("/one")
        world.events(2)
        world.tab.run(cart)
        events = world.events(3)
    assert [event["type"] for event in events] == ["page.viewed", *["cart.item_added"] * 2]
    assert events[2]["data"]["products"] == [{"sku": "MUG-BLUE", "quantity": 1}]
    assert pages(events)[2]["url"] == f"{world.shop.url}/one"


def test_the_last_words_of_a_page_that_goes_away_arrive_once(world: World) -> None:
    say = "for (var name of ['a', 'b', 'c']) aa('site.interacted', {element: 'other', name: name})"
    with world.collecting():
        world.show("/one")
        world.events(1)
        world.tab.run(f"{say}; location.href = '/plain'")  # a page that cannot say them again
        world.tab.await_page(f"{world.shop.url}/plain")
        said = world.events(4)[1:]
        world.show("/two")  # this one does, for nobody told it that they arrived
        events = world.events(5)
    assert sorted(event["data"]["name"] for event in said) == ["a", "b", "c"]
    assert events[4]["data"]["page"]["title"] == "two"
    assert world.tab.run("localStorage.aa_unsent") == "[]"


def test_what_an_unreachable_collector_missed_arrives_once_from_the_next_page(world: World) -> None:
    with world.collecting():
        world.show("/plain")
        world.show("/one")
        world.events(1)
    world.tab.run("aa('site.interacted', {element: 'contact', name: 'phone'})")
    eventually(lambda: "phone" in world.tab.run("localStorage.aa_unsent"))
    time.sleep(0.5)
    with world.collecting():
        world.show("/two")
        events = world.events(3)
    missed, second = sorted(events[1:], key=lambda event: event["time"])
    assert (missed["type"], second["type"]) == ("site.interacted", "page.viewed")
    apart = datetime.fromisoformat(second["time"]) - datetime.fromisoformat(missed["time"])
    assert apart.total_seconds() >= 0.5
    assert len({event["visitorid"] for event in events}) == 1


def test_a_page_of_an_origin_that_is_not_listed_sends_nothing(world: World) -> None:
    world.settings = replace(world.settings, collector_origins="")
    with world.collecting():
        world.show("/one")
        eventually(lambda: "page.viewed" in (world.tab.run("localStorage.aa_unsent") or ""))
        world.events(0)


def test_a_page_view_of_a_browser_that_asks_for_privacy_names_nobody(world: World) -> None:
    world.tab.send_headers({"Sec-GPC": "1"})
    with world.collecting():
        world.show("/one")
        world.show("/two")
        events = world.events(2)
    assert not any("visitorid" in event for event in events)


def test_who_denies_consent_is_forgotten_until_he_grants_it(world: World) -> None:
    waiting = "aa('site.interacted', {element: 'other', name: 'waits'})"
    with world.collecting():
        world.show("/plain")
        world.show("/one")
        before = world.events(1)
    world.tab.run(waiting)
    eventually(lambda: "waits" in world.tab.run("localStorage.aa_unsent"))
    world.tab.run("aa('consent', 'denied')")
    assert [one["type"] for one in world.unsent()] == ["consent.denied"]
    with world.collecting():
        world.show("/two")
        eventually(lambda: world.unsent() == [])  # the collector was told, and took its cookie back
        world.tab.run(waiting)
        world.tab.run("history.pushState({}, '', '/three')")
        world.tab.run("aa('consent', 'denied')")
        world.events(1)
        world.tab.run("aa('consent', 'granted')")
        events = world.events(2)
        world.show("/four")
        after = world.events(3)
    assert [event["data"]["page"]["title"] for event in events] == ["one", "two"]
    assert after[1]["visitorid"] == after[2]["visitorid"] != before[0]["visitorid"]


def test_what_a_visitor_wants_comes_before_anything_is_said_of_him(world: World) -> None:
    world.tab.before_every_page(
        "window.aa = function () { (aa.q = aa.q || []).push(arguments) };"
        "aa('site.interacted', {element: 'other'}); aa('consent', 'denied')"
    )
    with world.collecting():
        world.show("/one")
        eventually(lambda: world.tab.run("localStorage.aa_unsent") == "[]")
        world.events(0)


@pytest.mark.parametrize("asks", ["globalPrivacyControl", "doNotTrack"])
def test_who_asks_for_privacy_is_not_followed_where_the_shop_respects_it(
    world: World, asks: str
) -> None:
    world.tab.before_every_page(
        f"Object.defineProperty(Navigator.prototype, '{asks}', {{get: () => '1'}})"
    )
    with world.collecting():
        world.show("/one")
        world.events(1)
        world.shop.attributes = 'data-privacy="respect"'
        world.show("/two")
        world.tab.run("aa('site.interacted', {element: 'other'})")
        world.events(1)


@pytest.mark.parametrize(
    ("is_ci", "outcome"),
    [("true", pytest.fail.Exception), ("", pytest.skip.Exception)],
    ids=["CI fails", "another machine skips"],
)
def test_without_chromium_nothing_passes_unseen(
    monkeypatch: pytest.MonkeyPatch, is_ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CI", is_ci)
    with pytest.raises(outcome, match="apt-get install chromium"):
        chromium()
