"""The script for pages where something is full, too long, refused or not its own."""

from __future__ import annotations

import re
import time

import pytest

from tests.pages import World
from tests.processes import eventually

# Chromium takes 5 MB of characters, keys included; whether there is room for one more.
FILL_STORAGE = """(function () {
  localStorage.f = 'x'.repeat(5 * 1024 * 1024 - 1);
  try { localStorage.g = ''; } catch (full) { return false; }
  return true;
})()"""
CART = "aa('cart.item_added', {products: [{sku: 'MUG-BLUE', quantity: 1}]})"


def long_name(characters: str) -> str:
    return f"aa('site.interacted', {{element: 'other', name: {characters}}})"


def test_a_full_storage_loses_no_event_while_the_collector_answers(world: World) -> None:
    with world.collecting():
        world.show("/plain")
        assert not world.tab.run(FILL_STORAGE)
        world.show("/one")
        world.events(1)
        world.tab.run(CART)
        events = world.events(2)
    assert [event["type"] for event in events] == ["page.viewed", "cart.item_added"]


def test_in_a_full_storage_events_wait_in_memory_for_a_collector_that_is_away(world: World) -> None:
    with world.collecting():
        world.show("/plain")
        assert not world.tab.run(FILL_STORAGE)
        world.show("/one")
        world.events(1)
    world.tab.run(CART)
    with world.collecting():
        world.tab.run(CART)
        world.events(3)


@pytest.mark.parametrize(
    "characters",
    [
        pytest.param("'x'.repeat(70000)", id="of one byte each"),
        pytest.param("'ü'.repeat(35000)", id="of two bytes each"),
    ],
)
def test_an_event_longer_than_browsers_send_is_refused_and_blocks_no_other(
    world: World, characters: str
) -> None:
    with world.collecting():
        world.show("/one")
        world.events(1)
        world.tab.run(long_name(characters))
        world.tab.run(CART)
        world.events(2)
        world.show("/two")
        world.events(3)
    assert world.unsent() == []


def test_an_event_that_cannot_be_written_as_json_is_refused_and_blocks_no_other(
    world: World,
) -> None:
    with world.collecting():
        world.show("/one")
        world.tab.run("aa('site.interacted', {element: 'other', context: {window: window}})")
        world.tab.run(CART)
        world.events(2)
    assert world.unsent() == []


@pytest.mark.parametrize("status", [401, 404, 408, 421, 503])
def test_what_the_collector_did_not_take_nor_find_bad_is_said_again(
    world: World, status: int
) -> None:
    with world.proxied() as proxy:
        proxy.status = status
        world.show("/one")
        eventually(lambda: proxy.beacons)  # browsers themselves say some again
        time.sleep(0.2)
        assert len(world.unsent()) == 1
    with world.collecting():
        world.show("/two")
        world.events(2)


@pytest.mark.parametrize("status", [202, 207, 400])
def test_what_the_collector_took_or_found_bad_is_not_said_again(world: World, status: int) -> None:
    with world.proxied() as proxy:
        proxy.status = status
        world.show("/one")
        eventually(lambda: world.unsent() == [])
        assert len(proxy.beacons) == 1


def test_a_batch_that_is_too_long_for_a_proxy_is_halved_until_it_passes(world: World) -> None:
    with world.proxied() as proxy:
        world.show("/one")
        eventually(lambda: len(proxy.beacons) == 1)
        proxy.at_most_events = 3
        world.tab.run(f"for (var i = 0; i < 10; i++) {CART}")
        eventually(lambda: world.unsent() == [])
    taken = [one["id"] for said in proxy.beacons if len(said) <= 3 for one in said]
    assert len(taken) == len(set(taken)) == 11


def test_a_single_event_that_is_too_long_for_a_proxy_is_let_go(world: World) -> None:
    with world.proxied() as proxy:
        proxy.at_most_events = 0
        world.show("/one")
        eventually(lambda: len(proxy.beacons) == 1 and world.unsent() == [])


def test_of_many_events_said_in_one_go_none_is_lost(world: World) -> None:
    with world.collecting():
        world.show("/one")
        world.events(1)
        world.tab.run(f"for (var i = 0; i < 80; i++) {CART}")
        world.events(81)
    assert world.unsent() == []


def test_of_a_long_outage_half_a_megabyte_is_kept_and_the_oldest_give_way(world: World) -> None:
    with world.collecting():
        world.show("/one")
        world.events(1)
    world.tab.run(f"for (var i = 0; i < 12; i++) {long_name('i + String(1).repeat(50000)')}")
    kept = [event["data"]["name"][:2] for event in world.unsent()]
    assert sorted(kept, key=int)[0] > "0"
    assert len(kept) == 9


@pytest.mark.parametrize(
    ("hash", "views"),
    [
        pytest.param("#reviews", 1, id="a place on the page is no page"),
        pytest.param("#/mugs", 2, id="a route after the sign"),
        pytest.param("#!mugs", 2, id="a route after the sign and an exclamation"),
    ],
)
def test_a_click_on_a_place_of_the_page_is_no_page_view(
    world: World, hash: str, views: int
) -> None:
    with world.collecting():
        world.show("/one")
        world.events(1)
        world.tab.run(f"location.hash = '{hash}'")
        world.events(views)


@pytest.mark.parametrize("stored", ["{}", "null", "no JSON", "[null, 7, {}]"])
def test_what_another_script_left_under_our_key_does_no_harm(world: World, stored: str) -> None:
    with world.collecting():
        world.show("/plain")
        world.tab.run(f"localStorage.aa_unsent = {stored!r}")
        world.show("/one")
        world.tab.run(CART)
        world.events(2)


def test_a_tag_that_is_there_twice_counts_a_page_once(world: World) -> None:
    world.shop.attributes = f'></script><script src="{world.shop.collector}/v1/page.js"'
    with world.collecting():
        world.show("/one")
        world.tab.run("history.pushState({}, '', '/two')")
        world.events(2)


def lost(world: World) -> dict[str, int]:
    """What pages say they have lost, by reason, as the collector counts it."""
    text = world.place.ask("GET", "/metrics").body.decode()
    counts = re.findall(r'page_events_lost_total\{reason="(\w+)"\} (\d+)', text)
    return {reason: int(count) for reason, count in counts}


def test_an_event_too_long_is_told_to_the_collector_by_the_last_word_of_its_page(
    world: World,
) -> None:
    with world.collecting():
        world.show("/one")
        world.events(1)
        world.tab.run(long_name("'x'.repeat(70000)"))
        world.show("/plain")
        eventually(lambda: lost(world) == {"large": 1})


def test_what_was_refused_is_told_with_the_next_event_and_once(world: World) -> None:
    with world.collecting():
        world.show("/one")
        world.events(1)
        world.tab.run("aa('order.placed', {order_id: '1'})")
        eventually(lambda: world.unsent() == [])
        world.tab.run(CART)
        eventually(lambda: lost(world) == {"refused": 1}, within_seconds=20)
        world.tab.run(CART)
        world.show("/two")
        world.events(4)
        assert lost(world) == {"refused": 1}


def test_a_batch_refused_as_a_whole_is_counted_and_told(world: World) -> None:
    with world.proxied() as proxy:
        proxy.status = 400
        world.show("/one")
        eventually(lambda: world.unsent() == [])
        proxy.status = 202
        world.tab.run(CART)
        eventually(lambda: any({"lost": {"refused": 1}} in said for said in proxy.beacons))


def test_a_loss_that_nobody_heard_is_told_again(world: World) -> None:
    with world.proxied() as proxy:
        world.show("/one")
        eventually(lambda: world.unsent() == [])
        world.tab.run(long_name("'x'.repeat(70000)"))
        proxy.status = 503
        world.tab.run(CART)
        eventually(lambda: any({"lost": {"large": 1}} in said for said in proxy.beacons))
        proxy.status, proxy.beacons = 202, []
        world.tab.run(CART)
        eventually(lambda: any({"lost": {"large": 1}} in said for said in proxy.beacons))
