"""One event through every table of enrichment, and what a batch must not mix up."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.decode import Decoded, decode
from streams.enrich.enrichment import Enrichment, Tables, differing
from streams.events import (
    Campaign,
    CartData,
    CartItemAdded,
    Client,
    CustomerData,
    CustomerRegistered,
    Data,
    Event,
    Identifiers,
    Page,
    Product,
    SearchData,
    SearchPerformed,
    encode,
)
from streams.records import Origin
from streams.rows import event_rows
from tests.builders import accepted, enrichment, event, record

ORIGIN = Origin("shop.events", 2, 7)
SHOP = "https://shop.example"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)


def rows_of(events: list[Event], by: Enrichment | None = None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = event_rows(
        accepted(events), ORIGIN, by or enrichment()
    ).to_pylist()
    return rows


def row_of(one: Event, by: Enrichment | None = None) -> dict[str, Any]:
    return rows_of([one], by)[0]


def test_a_browser_at_an_address_is_told_and_the_address_is_cut_to_its_network() -> None:
    client = Client(user_agent=CHROME, address="8.8.8.8", language="de-AT,de;q=0.9,en;q=0.5")
    row = row_of(event(data=Data(client=client)))
    assert (row["device_class"], row["browser"], row["os"]) == ("desktop", "Chrome", "Windows")
    assert (row["bot_verdict"], row["bot_reasons"]) == ("human", [])
    assert (row["network"], row["country"], row["language"]) == ("8.8.8.0/24", "US", "de-at")
    assert "8.8.8.8" not in row.values()


def test_a_bot_has_reasons_and_who_sends_no_user_agent_has_no_verdict() -> None:
    bot, nobody = rows_of(
        [event(data=Data(client=Client(user_agent="curl/8.5.0"))), event(data=Data())]
    )
    assert (bot["bot_verdict"], bot["bot_reasons"]) == ("bot", ["library: curl"])
    assert (nobody["bot_verdict"], nobody["bot_reasons"], nobody["device_class"]) == ("", [], "")


def test_a_page_tells_its_campaign_its_kind_and_its_address_without_tags() -> None:
    by = Enrichment(Tables(ZoneInfo("UTC"), partner_parameters=frozenset({"pid"})))
    url = f"{SHOP}/products/mug?utm_source=news&utm_medium=email&size=m&pid=P7&gclid=G#top"
    row = row_of(event(data=Data(page=Page(url=url))), by)
    assert (row["campaign_source"], row["campaign_medium"]) == ("news", "email")
    assert (row["click_id"], row["click_network"]) == ("G", "Google Ads")
    assert row["partner_track_id"] == "P7"
    assert row["page_url_clean"] == f"{SHOP}/products/mug?size=m"
    assert (row["page_url"], row["page_kind"]) == (url, "product")


def test_what_the_shop_says_of_its_page_counts_first() -> None:
    page = Page(url=f"{SHOP}/products/mug", kind="landing", zone="kitchen")
    row = row_of(event(data=Data(page=page)))
    assert (row["page_kind"], row["site_zone"]) == ("landing", "kitchen")


@pytest.mark.parametrize(
    ("data", "channel"),
    [
        pytest.param(
            Data(page=Page(url=SHOP, referrer="https://www.google.com/")),
            "Organic Search",
            id="a search engine",
        ),
        pytest.param(
            Data(page=Page(url=SHOP, referrer=f"{SHOP}/cart")), "Direct", id="the shop itself"
        ),
        pytest.param(
            Data(page=Page(url=SHOP, referrer="https://pay.bank.example/3ds")),
            "Direct",
            id="the shop's payment gateway",
        ),
        pytest.param(Data(), "Unassigned", id="no page at all"),
        pytest.param(
            Data(page=Page(url=SHOP), campaign=Campaign(source="a.example", medium="affiliate")),
            "Affiliates",
            id="a campaign that the source read",
        ),
    ],
)
def test_a_channel_is_derived(data: Data, channel: str) -> None:
    own, gateways = frozenset({"shop.example"}), frozenset({"pay.bank.example"})
    by = Enrichment(Tables(ZoneInfo("UTC"), own_hosts=own, payment_hosts=gateways))
    row = row_of(event(data=data), by)
    assert (row["channel"], row["channel_source"]) == (channel, "derived")
    assert row["derived_channel"] == channel


def test_a_declared_channel_counts_and_the_derived_one_stands_beside_it() -> None:
    page = Page(url=SHOP, referrer="https://www.google.com/")
    row = row_of(event(channel="Newsletter", data=Data(page=page)))
    assert (row["channel"], row["channel_source"]) == ("Newsletter", "declared")
    assert row["derived_channel"] == "Organic Search"


def test_a_declared_campaign_keeps_the_track_id_that_only_the_url_tells() -> None:
    by = Enrichment(Tables(ZoneInfo("UTC"), partner_parameters=frozenset({"pid"})))
    page = Page(url=f"{SHOP}/?pid=P7&utm_source=url")
    row = row_of(event(data=Data(page=page, campaign=Campaign(source="told"))), by)
    assert (row["campaign_source"], row["partner_track_id"]) == ("told", "P7")


def test_products_and_searches_are_written_one_way() -> None:
    mug = Product(sku="m", brand="Acme", category=" Home > Kitchen/Mugs ", position=3)
    cart, search = rows_of(
        [
            event(CartItemAdded, data=CartData(products=[mug])),
            event(SearchPerformed, data=SearchData(query="  Blue\u3000MUGS! ")),
        ]
    )
    assert cart["product_categories"] == ["Home/Kitchen/Mugs"]
    assert (cart["product_brands"], cart["product_positions"]) == (["Acme"], [3])
    assert (search["search_words"], search["detail"]) == ("blue mugs", "  Blue\u3000MUGS! ")


def test_identifiers_stand_in_columns_of_their_own() -> None:
    told = Identifiers(email_sha256="e", partner_id="t")
    first, second = rows_of(
        [
            event(data=Data(identifiers=told)),
            event(
                CustomerRegistered,
                customerid="c",
                data=CustomerData(phone_sha256="p", identifiers=told),
            ),
        ]
    )
    assert [first[name] for name in Identifiers.__struct_fields__] == ["e", "", "t"]
    assert [second[name] for name in Identifiers.__struct_fields__] == ["e", "p", "t"]


def test_a_body_has_a_fingerprint_and_the_row_the_number_of_its_rules() -> None:
    by = Enrichment(Tables(ZoneInfo("UTC")), version=9)
    first, again, other = rows_of([event(), event(), event(id="e2")], by)
    assert first["body_fingerprint"] == again["body_fingerprint"] != other["body_fingerprint"]
    assert first["enrichment_version"] == 9


@given(
    st.text(max_size=40)
    | st.sampled_from(["_openstat=%D0%BF", "_openstat=%00", "utm_source=%FF", "gclid=%ED%A0%80"]),
    st.text(max_size=40),
)
def test_no_address_and_no_user_agent_stops_the_stream(query: str, text: str) -> None:
    page = Page(url=f"{SHOP}/?{query}#{text}", referrer=f"https://www.google.com/search?q={text}")
    client = Client(user_agent=text, address=text, language=text)
    one = event(data=Data(page=page, client=client))
    assert decode(encode(one)) == Decoded(one)
    assert row_of(one)["page_url"] == page.url


def test_long_addresses_are_read_and_not_remembered() -> None:
    by = Enrichment(Tables(ZoneInfo("UTC")))
    url = f"{SHOP}/?utm_source=news&q=" + "x" * 8_000
    assert (
        row_of(event(data=Data(page=Page(url=url, referrer=url))), by)["campaign_source"] == "news"
    )
    assert url not in by.visited.visits
    assert url.partition("?")[2] not in by.visited.queries
    assert url not in by.referrers


def some_events() -> st.SearchStrategy[Event]:
    texts = st.sampled_from(["", "a", "https://www.google.com/", f"{SHOP}/cart?utm_source=x", "ä"])
    pages = st.none() | st.builds(Page, url=texts, title=texts, referrer=texts, kind=texts)
    clients = st.none() | st.builds(
        Client, user_agent=st.sampled_from(["", CHROME, "curl/8"]), address=texts, language=texts
    )
    kinds = {
        Data: event().__class__,
        SearchData: SearchPerformed,
        CartData: CartItemAdded,
    }
    products = st.lists(st.builds(Product, sku=st.just("s"), category=texts), min_size=1)
    data = st.one_of(
        st.builds(Data, page=pages, client=clients),
        st.builds(SearchData, page=pages, query=texts),
        st.builds(CartData, page=pages, client=clients, products=products),
    )
    return st.builds(
        lambda data, channel: event(kinds[type(data)], channel=channel, data=data),
        data,
        st.sampled_from(["", "Email"]),
    )


@given(st.lists(some_events(), max_size=12))
def test_an_event_has_the_same_row_alone_and_among_others(events: list[Event]) -> None:
    together = rows_of(events)
    alone = [row_of(one) for one in events]
    for number, row in enumerate(alone):
        shifted = record(number, events[number])
        row.update(offset=number, broker_time=together[number]["broker_time"])
        assert row == together[number], shifted


def test_a_range_of_many_bytes_is_made_in_batches_and_has_the_same_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    campaigns = [
        Campaign(source=f"s{number % 3}") if number % 4 == 0 else None for number in range(50)
    ]
    events = [
        event(id=f"e{number}", data=Data(page=Page(url=f"{SHOP}/{number}?a=1"), campaign=campaign))
        for number, campaign in enumerate(campaigns)
    ]
    at_once = rows_of(events)
    monkeypatch.setattr("streams.told.EVENTS_AT_ONCE", 3)
    assert rows_of(events) == at_once
    monkeypatch.setattr("streams.told.BATCH_BYTES", 1_000)
    assert rows_of(events) == at_once
    assert rows_of([]) == []


def test_states_name_the_parts_in_which_they_differ() -> None:
    shop = Tables(ZoneInfo("UTC"), own_hosts=frozenset({"shop.example"}))
    assert differing(Tables(ZoneInfo("Asia/Tokyo")).parts(), shop.parts()) == [
        "own hosts",
        "time zone",
    ]
    assert differing(shop.parts(), shop.parts()) == []
