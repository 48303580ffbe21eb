"""Exports of tools that shops use, with their dirt: Segment, GA4 in BigQuery, Snowplow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mapped_files import as_json_lines, made
from tests.snowplow_file import action, as_enriched, entities, line

MUG = {"product_id": "M-1", "sku": "m1", "name": "Mug", "brand": "Acme", "category": "Mugs"}
MUG_LINE = MUG | {"variant": "blue", "price": 12.5, "quantity": 2, "position": 3}
MUG_TOLD = {
    "sku": "M-1",
    "name": "Mug",
    "brand": "Acme",
    "category": "Mugs",
    "variant": "blue",
    "position": 3,
    "quantity": 2,
    "price_minor": 1250,
}


def track(event: str, **properties: object) -> dict[str, Any]:
    """A message of Segment's library in a browser."""
    return {
        "type": "track",
        "event": event,
        "messageId": f"ajs-{event}",
        "timestamp": "2026-03-01T10:00:00.250Z",
        "anonymousId": "a-1",
        "userId": None,
        "properties": properties,
        "context": {
            "ip": "203.0.113.9",
            "locale": "en-GB",
            "userAgent": "Mozilla/5.0",
            "page": {"url": "https://shop.example/mug", "title": "Mug", "referrer": ""},
            "campaign": {"name": "spring", "source": "news", "medium": "email"},
        },
    }


@pytest.mark.parametrize(
    ("message", "kind", "told"),
    [
        (track("Products Searched", query="mug"), "search.performed", {"query": "mug"}),
        (
            track("Product List Viewed", list_id="spring", products=[MUG_LINE]),
            "product_list.viewed",
            {"name": "spring", "products": [MUG_TOLD]},
        ),
        (track("Product Clicked", **MUG_LINE), "product.clicked", {"products": [MUG_TOLD]}),
        (track("Product Viewed", **MUG_LINE), "product.viewed", {"product": MUG_TOLD}),
        (track("Product Added", **MUG_LINE), "cart.item_added", {"products": [MUG_TOLD]}),
        (track("Product Removed", **MUG_LINE), "cart.item_removed", {"products": [MUG_TOLD]}),
        (
            track("Checkout Started", order_id="O-1", products=[MUG_LINE]),
            "checkout.step_reached",
            {"step": 1, "products": [MUG_TOLD]},
        ),
        (track("Checkout Step Viewed", step=2), "checkout.step_reached", {"step": 2}),
        (
            track(
                "Order Completed",
                order_id="O-1",
                total=27.5,
                revenue=25.0,
                tax=2.5,
                shipping=4,
                currency="USD",
                products=[MUG_LINE],
            ),
            "order.placed",
            {
                "order_id": "O-1",
                "revenue_minor": 2750,
                "tax_minor": 250,
                "shipping_minor": 400,
                "currency": "USD",
                "products": [MUG_TOLD],
            },
        ),
        (track("Order Updated", order_id="O-1"), "order.changed", {"order_id": "O-1"}),
        (
            track("Order Refunded", order_id="O-1", total=12.5),
            "order.returned",
            {"order_id": "O-1", "revenue_minor": 1250},
        ),
        (track("Order Cancelled", order_id="O-1"), "order.cancelled", {"order_id": "O-1"}),
        (track("Promotion Clicked", name="banner"), "site.interacted", {"element": "promotion"}),
        (track("Signed In") | {"userId": "u-1"}, "customer.logged_in", {}),
    ],
    ids=lambda told: told.get("event") if isinstance(told, dict) else None,
)
def test_a_shop_event_of_segment(
    tmp_path: Path, message: dict[str, Any], kind: str, told: dict[str, object]
) -> None:
    (event,) = made(tmp_path, as_json_lines(tmp_path, [message]), "segment").told
    assert (event["type"], event["id"], event["visitorid"]) == (kind, message["messageId"], "a-1")
    assert told.items() <= event["data"].items()
    assert event["data"]["client"] == {
        "user_agent": "Mozilla/5.0",
        "address": "203.0.113.9",
        "language": "en-GB",
    }
    assert event["data"]["campaign"] == {"source": "news", "medium": "email", "name": "spring"}


def test_a_page_and_an_identify_of_segment(tmp_path: Path) -> None:
    page = track("") | {"type": "page", "messageId": "p"}
    page["properties"] = {"url": "https://shop.example/", "title": "Home", "referrer": "https://x/"}
    who = track("") | {"type": "identify", "messageId": "i", "userId": "u-1"}
    who["traits"] = {"email": "Ann@Mail.example"}
    rows = [{key: told for key, told in one.items() if key != "event"} for one in (page, who)]
    events = {
        one["id"]: one for one in made(tmp_path, as_json_lines(tmp_path, rows), "segment").told
    }
    assert events["p"]["data"]["page"]["title"] == "Home"
    assert events["i"]["type"] == "customer.updated"
    assert len(events["i"]["data"]["email_sha256"]) == 64
    assert "@" not in str(events)


def test_an_order_of_segment_without_a_readable_address_stays_an_order(tmp_path: Path) -> None:
    properties = {"order_id": "1", "total": 27.5, "currency": "USD", "email": "not given"}
    row = {"type": "track", "event": "Order Completed", "messageId": "m-1", "anonymousId": "a"}
    rows = [row | {"timestamp": "2026-03-01T10:00:00Z", "properties": properties}]
    imported = made(tmp_path, as_json_lines(tmp_path, rows), "segment")
    assert imported.kinds == ["order.placed"]
    assert [mistake for _, _, mistake in imported.lost] == ["is not an e-mail address"]
    assert imported.history.bad_rows == 0


def test_dirt_of_segment_is_skipped_or_reported(tmp_path: Path) -> None:
    copied = track("Product Viewed", **MUG_LINE)
    timeless = {key: told for key, told in copied.items() if key != "timestamp"}
    rows = [
        *(copied, copied, timeless, track("Video Played")),
        track("Order Completed"),
        track("Product Added", product_id="M-1", price="cheap"),
        {"type": "group", "messageId": "g"},
    ]
    imported = made(tmp_path, as_json_lines(tmp_path, rows), "segment")
    assert imported.history.rows == {
        "rows": 7,
        "in events": 4,
        "in events with warnings": 2,
        "left out for mistakes": 1,
        "events that repeat an id": 1,
        "skipped: track Video Played is left out": 1,
        "skipped: group is left out": 1,
    }
    assert [number for number, _, _ in imported.mistakes] == [3]
    assert imported.warnings == [
        (5, "missing", "data.order_id"),
        (6, "unreadable", "data.products[].price_minor"),
    ]


def hit(event_name: str, **changes: object) -> dict[str, Any]:
    """A row of GA4's export as BigQuery writes it to JSON: whole numbers are text."""
    return {
        "event_date": "20260301",
        "event_timestamp": "1772359200123456",
        "event_name": event_name,
        "event_params": [
            {"key": "page_location", "value": {"string_value": "https://shop.example/mug"}},
            {"key": "page_referrer", "value": {"string_value": "https://www.google.com/"}},
            {"key": "ga_session_id", "value": {"int_value": "1772359100"}},
            {"key": "ga_session_number", "value": {"int_value": "3"}},
            {"key": "currency", "value": {"string_value": "EUR"}},
            {"key": "search_term", "value": {"string_value": "mug"}},
        ],
        "user_id": None,
        "user_pseudo_id": "123.456",
        "device": {"category": "mobile", "language": "de-de"},
        "geo": {"country": "Germany"},
        "collected_traffic_source": {"manual_source": "(not set)", "gclid": "g-1"},
        "items": [],
    } | changes


ITEM = {
    "item_id": "M-1",
    "item_name": "Mug",
    "item_brand": "(not set)",
    "item_category": "Mugs",
    "item_list_index": "2",
    "price": 12.5,
    "quantity": "2",
    "item_revenue": 25.0,
}
ITEM_TOLD = {
    "sku": "M-1",
    "name": "Mug",
    "category": "Mugs",
    "position": 2,
    "quantity": 2,
    "price_minor": 1250,
    "revenue_minor": 2500,
}
PURCHASE = {"transaction_id": "T-1", "purchase_revenue": 29.9, "tax_value": 4.9}


@pytest.mark.parametrize(
    ("row", "kind", "told"),
    [
        (hit("page_view"), "page.viewed", {"currency": "EUR"}),
        (hit("view_item", items=[ITEM]), "product.viewed", {"product": ITEM_TOLD}),
        (hit("view_item_list", items=[ITEM]), "product_list.viewed", {"products": [ITEM_TOLD]}),
        (hit("select_item", items=[ITEM]), "product.clicked", {"products": [ITEM_TOLD]}),
        (hit("view_search_results"), "search.performed", {"query": "mug"}),
        (hit("add_to_cart", items=[ITEM]), "cart.item_added", {"products": [ITEM_TOLD]}),
        (hit("remove_from_cart", items=[ITEM]), "cart.item_removed", {"products": [ITEM_TOLD]}),
        (hit("begin_checkout"), "checkout.step_reached", {"step": 1}),
        (hit("add_payment_info"), "checkout.step_reached", {"step": 3}),
        (
            hit("purchase", ecommerce=PURCHASE, items=[ITEM]),
            "order.placed",
            {"order_id": "T-1", "revenue_minor": 2990, "tax_minor": 490, "products": [ITEM_TOLD]},
        ),
        (
            hit("refund", ecommerce={"transaction_id": "T-1", "refund_value": 12.5}),
            "order.returned",
            {"order_id": "T-1", "revenue_minor": 1250},
        ),
        (hit("login", user_id="u-1"), "customer.logged_in", {}),
        (hit("select_promotion"), "site.interacted", {"element": "promotion"}),
    ],
    ids=lambda told: (
        told["event_name"] if isinstance(told, dict) and "event_name" in told else None
    ),
)
def test_a_row_of_ga4(
    tmp_path: Path, row: dict[str, Any], kind: str, told: dict[str, object]
) -> None:
    (event,) = made(tmp_path, as_json_lines(tmp_path, [row]), "ga4").told
    assert (event["type"], event["visitorid"]) == (kind, "123.456")
    assert (event["time"], event["visitid"]) == ("2026-03-01T10:00:00.123456Z", "1772359100")
    assert event["visitnumber"] == 3
    assert event["data"]["page"]["url"] == "https://shop.example/mug"
    assert event["data"]["campaign"] == {"click_id": "g-1"}
    assert event["data"]["context"]["geo"] == {"country": "Germany"}
    assert told.items() <= event["data"].items()


def test_ga4_in_parquet_says_the_same_as_in_json(tmp_path: Path) -> None:
    row = hit("purchase", ecommerce=PURCHASE, items=[ITEM])
    typed = row | {"event_timestamp": int(row["event_timestamp"])}
    typed["event_params"] = [
        {"key": one["key"], "value": {"string_value": None, "int_value": None} | one["value"]}
        for one in row["event_params"]
    ]
    pq.write_table(pa.Table.from_pylist([typed]), tmp_path / "file.parquet")
    (told,) = made(tmp_path, as_json_lines(tmp_path, [row]), "ga4").told
    (again,) = made(tmp_path, tmp_path / "file.parquet", "ga4").told
    assert told == again
    assert told["id"] == "123.456.1772359200123456.purchase...."


def test_events_of_one_batch_of_ga4_are_told_apart_by_their_places(tmp_path: Path) -> None:
    rows = [hit("page_view", batch_page_id=7, batch_event_index=place) for place in (1, 2, 2)]
    imported = made(tmp_path, as_json_lines(tmp_path, rows), "ga4")
    assert len({one["id"] for one in imported.told}) == 2
    assert imported.history.rows["events that repeat an id"] == 1


def test_a_category_of_ga4_has_all_its_levels(tmp_path: Path) -> None:
    item = ITEM | {"item_category": "Home", "item_category2": "Mugs", "item_category3": "(not set)"}
    file = as_json_lines(tmp_path, [hit("view_item", items=[item | {"item_category5": "Red"}])])
    (told,) = made(tmp_path, file, "ga4").told
    assert told["data"]["product"]["category"] == "Home/Mugs/Red"


def test_dirt_of_ga4_is_skipped_or_reported(tmp_path: Path) -> None:
    rows = [
        *(hit("page_view"), hit("page_view"), hit("scroll"), hit("user_engagement")),
        hit("page_view", event_timestamp=None),
        hit("page_view", user_pseudo_id=None, event_params=None),
        hit("purchase", ecommerce={"transaction_id": "(not set)"}),
    ]
    imported = made(tmp_path, as_json_lines(tmp_path, rows), "ga4")
    assert imported.history.rows["in events"] == 4
    assert len({one["id"] for one in imported.told}) == 3  # a copy, by its place in its batch
    assert [number for number, _, _ in imported.mistakes] == [5]
    assert [(number, code) for number, code, _ in imported.warnings] == [
        (6, "nobody_named"),
        (7, "missing"),
    ]


PRODUCT: dict[str, object] = {"id": "M-1", "name": "Mug", "price": 12.5, "quantity": 2}
PRODUCT_TOLD = {"sku": "M-1", "name": "Mug", "quantity": 2, "price_minor": 1250}
TRANSACTION: dict[str, object] = {"transaction_id": "T-1", "revenue": 29.9, "currency": "EUR"}


@pytest.mark.parametrize(
    ("told", "kind", "data"),
    [
        pytest.param(line(), "page.viewed", {}, id="a page"),
        pytest.param(
            line("event", se_category="help", se_action="open", se_label="chat"),
            "site.interacted",
            {"element": "other", "name": "chat"},
            id="a structured event",
        ),
        pytest.param(
            action("product_view", contexts=entities(("product", PRODUCT))),
            "product.viewed",
            {"product": PRODUCT_TOLD},
            id="a product",
        ),
        pytest.param(
            action("add_to_cart", contexts=entities(("product", PRODUCT), ("cart", {}))),
            "cart.item_added",
            {"products": [PRODUCT_TOLD]},
            id="into the cart",
        ),
        pytest.param(
            action("checkout_step", contexts=entities(("checkout_step", {"step": 2}))),
            "checkout.step_reached",
            {"step": 2},
            id="a step",
        ),
        pytest.param(
            action(
                "transaction", contexts=entities(("transaction", TRANSACTION), ("product", PRODUCT))
            ),
            "order.placed",
            {
                "order_id": "T-1",
                "revenue_minor": 2990,
                "currency": "EUR",
                "products": [PRODUCT_TOLD],
            },
            id="an order",
        ),
        pytest.param(
            action(
                "refund",
                contexts=entities(("refund", {"transaction_id": "T-1", "refund_amount": 12.5})),
            ),
            "order.returned",
            {"order_id": "T-1", "revenue_minor": 1250},
            id="a refund",
        ),
    ],
)
def test_a_line_of_snowplow(tmp_path: Path, told: str, kind: str, data: dict[str, object]) -> None:
    (event,) = made(tmp_path, as_enriched(tmp_path, [told]), "snowplow").told
    assert (event["type"], event["visitorid"], event["visitnumber"]) == (kind, "v-1", 3)
    assert event["time"] == "2026-03-01T10:00:00.100000Z"
    assert event["data"]["client"] == {"user_agent": "Mozilla/5.0"}
    assert data.items() <= event["data"].items()


def test_a_transaction_of_snowplow_and_its_items_are_one_order(tmp_path: Path) -> None:
    item = line("transaction_item", event_id="i-1", ti_orderid="T-1", ti_sku="M-1", ti_price="12.5")
    other = line("transaction_item", event_id="i-2", ti_orderid="T-1", ti_sku="M-2")
    order = line("transaction", tr_orderid="T-1", tr_total="29.9")
    imported = made(tmp_path, as_enriched(tmp_path, [item, order, other, item]), "snowplow")
    (event,) = imported.told
    assert event["type"] == "order.placed"
    assert [one["sku"] for one in event["data"]["products"]] == ["M-1", "M-2"]
    assert imported.history.rows == {
        "rows": 4,
        "in events": 3,
        "skipped: copies of other rows of their group": 1,
    }


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(7)))
def test_a_thank_you_page_that_is_loaded_again_orders_nothing_again(
    tmp_path_factory: pytest.TempPathFactory, turned: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("enriched")
    lines = [
        line(
            "transaction",
            event_id=f"t-{load}",
            derived_tstamp=f"2026-03-01 10:0{load}:00.000",
            tr_orderid="T-1",
            tr_total="34.0",
        )
        for load in (1, 5)
    ] + [
        line("transaction_item", event_id=f"i-{number}", ti_orderid="T-1", ti_sku=sku)
        for number, sku in enumerate(("M-1", "M-2", "M-1", "M-2", "M-3"))
    ]
    imported = made(folder, as_enriched(folder, [lines[one] for one in turned]), "snowplow")
    (told,) = imported.told
    assert (told["id"], told["time"]) == ("t-1", "2026-03-01T10:01:00Z")
    assert sorted(one["sku"] for one in told["data"]["products"]) == ["M-1", "M-2", "M-3"]
    assert imported.history.rows == {
        "rows": 7,
        "in events": 4,
        "skipped: copies of other rows of their group": 3,
    }


def test_dirt_of_snowplow_is_skipped_or_reported(tmp_path: Path) -> None:
    lines = [
        *(line(), line("page_ping"), "shop\tweb"),
        line("snowplow_ecommerce_action", unstruct_event="{"),
        line(derived_tstamp="", collector_tstamp=""),
        line("transaction_item", ti_orderid="T-9", ti_sku="M-1"),
    ]
    imported = made(tmp_path, as_enriched(tmp_path, lines), "snowplow")
    assert imported.history.rows == {
        "rows": 6,
        "in events": 1,
        "left out for mistakes": 3,
        "skipped: page_ping is left out": 1,
        "skipped: lines of an order that is not told": 1,
    }
    assert [number for number, _, _ in imported.mistakes] == [3, 4, 5]
