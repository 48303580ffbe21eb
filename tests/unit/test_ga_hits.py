"""Hits of a Google Analytics export as events: nothing dropped, nothing invented, cents exact."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import events as contract
from streams.decode import Rejected, decode
from streams.events import Event, encode, key_of, kind_of
from streams.importers import ga_hits
from streams.importers.ga_table import cents
from streams.importers.source import SourceError
from tests.ga_export import Row, export, hit, product, session


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        pytest.param({}, "page.viewed", id="a page"),
        pytest.param({"hit_type": "EVENT"}, "site.interacted", id="a click on nothing named"),
        pytest.param(
            {"hit_type": "EVENT", "action_type": "1", "products": [product()]},
            "product.clicked",
            id="a product in a list",
        ),
        pytest.param(
            {"action_type": "2", "products": [product()]}, "product.viewed", id="a product's page"
        ),
        pytest.param(
            {"hit_type": "EVENT", "action_type": "2", "products": [product()]},
            "product.viewed",
            id="a product's detail reported by a click",
        ),
        pytest.param(
            {"action_type": "3", "products": [product()]}, "cart.item_added", id="into the cart"
        ),
        pytest.param(
            {"action_type": "4", "products": [product()]}, "cart.item_removed", id="out of it"
        ),
        pytest.param({"action_type": "5"}, "checkout.step_reached", id="a checkout, cart unknown"),
        pytest.param(
            {"action_type": "6", "transaction_id": "T1", "products": [product()]},
            "order.placed",
            id="a purchase",
        ),
        pytest.param({"action_type": "2"}, "page.viewed", id="a product view without a product"),
        pytest.param({"action_type": "3"}, "page.viewed", id="a cart addition without a product"),
        pytest.param({"action_type": "6"}, "page.viewed", id="a purchase without an order id"),
        pytest.param({"action_type": "7"}, "page.viewed", id="an action nobody knows"),
    ],
)
def test_every_hit_becomes_an_event_the_stream_can_read(
    tmp_path: Path, told: Row, kind: str
) -> None:
    (event,) = events_of(tmp_path, [hit(**told)])
    assert kind_of(event) == kind
    assert not isinstance(decode(encode(event)), Rejected)


def test_an_event_carries_its_visit_and_its_page(tmp_path: Path) -> None:
    told = hit(hit_number=4, page_title="Home", referer="https://www.google.com/")
    (event,) = events_of(tmp_path, [told])
    assert event.id == "ga:007:1470034812:4"
    assert key_of(event) == b"007"
    assert event.time == datetime(2016, 8, 1, 7, 0, 12, tzinfo=UTC)
    assert (event.visitid, event.visitnumber, event.visitsequence) == ("1470034812", 3, 4)
    assert (event.channel, event.origin) == ("Organic Search", "import")
    assert event.data.page == contract.Page(
        url="https://shop.example/home", title="Home", referrer="https://www.google.com/"
    )


def test_words_that_say_nothing_are_left_out(tmp_path: Path) -> None:
    (event,) = events_of(tmp_path, [hit()])
    assert event.data.campaign == contract.Campaign(
        source="google", medium="organic", term="(not provided)"
    )
    assert context_of(event)["visit"] == {"browser": "Chrome", "is_mobile": False}
    assert context_of(event)["hit"] == {"hit_type": "PAGE"}


def test_a_hit_without_the_thing_it_is_about_keeps_its_action_in_the_context(
    tmp_path: Path,
) -> None:
    lost = hit(action_type="6", products=[product()])
    (event,) = events_of(tmp_path, [lost])
    assert context_of(event)["hit"]["action_type"] == "6"
    assert [one["sku"] for one in context_of(event)["products"]] == ["MUG"]


def test_a_view_of_several_products_is_of_the_first_and_keeps_the_others(tmp_path: Path) -> None:
    several = [product(), product(sku="CAP"), product(sku="PEN")]
    (event,) = events_of(tmp_path, [hit(action_type="2", products=several)])
    assert isinstance(event, contract.ProductViewed)
    assert event.data.product.sku == "MUG"
    assert [one["sku"] for one in context_of(event)["products"]] == ["CAP", "PEN"]


@pytest.mark.parametrize(
    ("words", "element", "name"),
    [
        (("Enhanced Ecommerce", "Promotion Click", None), "promotion", "Promotion Click"),
        (("Contact Us", "Onsite Click", "Phone"), "contact", "Phone"),
        ((None, None, None), "other", ""),
    ],
)
def test_a_click_is_named_by_what_was_clicked(
    tmp_path: Path, words: tuple[str | None, ...], element: str, name: str
) -> None:
    named = zip(("event_category", "event_action", "event_label"), words, strict=True)
    (event,) = events_of(tmp_path, [hit(hit_type="EVENT", **dict(named))])
    assert isinstance(event, contract.SiteInteracted)
    assert (event.data.element, event.data.name) == (element, name)


def test_an_order_tells_its_money_in_cents_and_only_what_it_knows(tmp_path: Path) -> None:
    purchase = hit(
        action_type="6",
        transaction_id="T1",
        transaction_revenue_micros=61_970_000,
        tax_micros=4_990_000,
        products=[product(qty=2, revenue_micros=17_980_000)],
    )
    copy = hit(action_type="6", transaction_id="T1", hit_number=2, products=[product()])
    first, second = events_of(tmp_path, [purchase, copy])
    assert isinstance(first, contract.OrderPlaced)
    assert isinstance(second, contract.OrderPlaced)
    assert (first.data.revenue_minor, first.data.tax_minor) == (6_197, 499)
    (line,) = first.data.products
    assert (line.price_minor, line.quantity, line.revenue_minor) == (899, 2, 1_798)
    assert second.data.revenue_minor is None
    assert second.data.products[0].revenue_minor is None


def test_a_line_that_is_no_whole_cent_is_rounded_and_keeps_its_micros(tmp_path: Path) -> None:
    odd = product(qty=1, revenue_micros=1_075_714)
    purchase = hit(action_type="6", transaction_id="T1", products=[product(sku="CAP"), odd])
    (event,) = events_of(tmp_path, [purchase])
    assert isinstance(event, contract.OrderPlaced)
    assert [line.revenue_minor for line in event.data.products] == [None, 108]
    assert context_of(event)["micros"] == [
        {"sku": "MUG", "price_micros": 8_990_000, "revenue_micros": 1_075_714}
    ]


@given(st.integers(min_value=0, max_value=10**15))
def test_cents_differ_from_micros_by_half_a_cent_at_most(micros: int) -> None:
    assert -5_000 < cents(micros) * 10_000 - micros <= 5_000


def test_a_hit_belongs_to_the_part_of_its_visit_that_had_begun(tmp_path: Path) -> None:
    parts = [session(country="Peru", visit_start=1_470_034_900), session(country="Chile")]
    times = [datetime(2016, 8, 1, 7, 0, 12), datetime(2016, 8, 1, 7, 1, 40)]
    hits = [hit(hit_number=number, ts=ts) for number, ts in enumerate(times, start=1)]
    before, after = events_of(tmp_path, hits, parts)
    assert context_of(before)["visit"]["country"] == "Chile"
    assert context_of(after)["visit"]["country"] == "Peru"


def test_a_hit_of_a_visit_that_the_sessions_lack_is_an_event_all_the_same(tmp_path: Path) -> None:
    (event,) = events_of(tmp_path, [hit(visit_id=5)])
    assert (event.visitnumber, event.channel, event.data.campaign) == (0, "", None)


def test_the_order_of_events_does_not_depend_on_the_order_of_the_file(tmp_path: Path) -> None:
    instants = [datetime(2016, 8, 1, 7, minute) for minute in (0, 0, 1, 2)]
    hits = [
        hit(visitor_id=visitor, hit_number=number, ts=ts)
        for visitor in ("03", "2", "1")
        for number, ts in enumerate(instants, start=1)
    ]
    shuffled = random.Random(1).sample(hits, len(hits))
    events = events_of(tmp_path, shuffled)
    assert events == events_of(tmp_path, hits)
    order = [(event.time, event.visitorid, event.visitsequence) for event in events]
    assert order == sorted(order)


def test_two_hits_under_one_number_are_refused_before_one_is_lost(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="1 hits repeat the hit number"):
        events_of(tmp_path, [hit(), hit(page_path="/other")])


def test_a_folder_without_the_files_is_told_with_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(SourceError, match=r"no hits\.parquet in .* \(it holds notes\.txt\)"):
        ga_hits.history(tmp_path)


def test_a_file_that_lacks_a_column_is_told_with_the_column(tmp_path: Path) -> None:
    folder = export(tmp_path, [hit()], [session()])
    (folder / "hits.parquet").write_bytes((folder / "sessions.parquet").read_bytes())
    with pytest.raises(SourceError, match=r"hits\.parquet lacks hit_number, ts, hit_type"):
        list(ga_hits.events(folder))


def test_a_file_that_is_no_parquet_is_told_so(tmp_path: Path) -> None:
    folder = export(tmp_path, [hit()], [session()])
    (folder / "hits.parquet").write_text("visitor_id,ts")
    with pytest.raises(SourceError, match=r"hits\.parquet cannot be read as parquet"):
        ga_hits.history(folder)


def test_a_history_counts_its_events_and_knows_its_files_by_content(tmp_path: Path) -> None:
    one = ga_hits.history(export(tmp_path / "a", [hit()], [session()]))
    same = ga_hits.history(export(tmp_path / "b", [hit()], [session()]))
    other = ga_hits.history(export(tmp_path / "c", [hit(), hit(hit_number=2)], [session()]))
    assert one.identity == same.identity != other.identity
    assert other.count == len(list(other.events())) == 2


def events_of(folder: Path, hits: list[Row], sessions: list[Row] | None = None) -> list[Event]:
    return list(ga_hits.events(export(folder, hits, sessions or [session()])))


def context_of(event: Event) -> dict[str, Any]:
    context: dict[str, Any] = json.loads(bytes(event.data.context))
    return context
