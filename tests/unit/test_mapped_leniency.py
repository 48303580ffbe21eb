"""What real exports hold and an import must take: fractions, nobodies, guests, changes, refunds."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mapped_files import Imported, as_csv, as_json_lines, as_text, made
from tests.snowplow_file import action, as_enriched, entities, line

NIL = "00000000-0000-0000-0000-000000000000"
A = {"product_id": "A", "price": 12.5, "quantity": 2}
B = {"product_id": "B", "price": 25, "quantity": 1}


def segment(event: str, **properties: object) -> dict[str, Any]:
    """A message of Segment about an order."""
    return {
        "type": "track",
        "event": event,
        "messageId": f"m-{event}-{len(properties)}",
        "anonymousId": "v-1",
        "timestamp": "2026-11-20T10:00:00Z",
        "properties": {"order_id": "O-1", "currency": "EUR"} | properties,
    }


def ga4(event_name: str, **changes: object) -> dict[str, Any]:
    """A row of GA4's export."""
    params = {"page_location": "https://shop.example/", "currency": "EUR"}
    return {
        "event_timestamp": "1795168800000000",
        "event_name": event_name,
        "event_bundle_sequence_id": "1",
        "user_pseudo_id": "g-1",
        "event_params": [
            {"key": key, "value": {"string_value": told}} for key, told in params.items()
        ],
        "ecommerce": {"transaction_id": "O-1"},
        "items": [],
    } | changes


def import_lines(folder: Path, mapping: str, *rows: object) -> Imported:
    return made(folder, as_json_lines(folder, rows), mapping)


def products_of(imported: Imported) -> list[dict[str, Any]]:
    (told,) = imported.told
    products: list[dict[str, Any]] = told["data"].get("products", [])
    return products


@pytest.mark.parametrize(
    ("quantity", "wanted"),
    [
        pytest.param(1.5, 1.5, id="cloth by the metre"),
        pytest.param("0,25".replace(",", "."), 0.25, id="a quarter as text"),
        pytest.param(-2, -2, id="given back"),
        pytest.param("-0.5", -0.5, id="half of it given back"),
        pytest.param(3.0, 3, id="a whole float"),
        pytest.param("1e1", 10, id="with an exponent"),
        pytest.param(0.1 + 0.2, 0.3, id="what is left of binary fractions"),
        pytest.param("0.0000005", 0.000001, id="rounded away from zero"),
        pytest.param("-0.0000005", -0.000001, id="away from zero below it too"),
    ],
)
@pytest.mark.parametrize("mapping", ["segment", "ga4"])
def test_a_quantity_is_what_the_shop_says(
    tmp_path: Path, mapping: str, quantity: object, wanted: float
) -> None:
    item = {"product_id": "CLOTH", "item_id": "CLOTH", "price": 12.5, "quantity": quantity}
    row = (
        segment("Order Completed", total=18.75, products=[item])
        if mapping == "segment"
        else ga4("purchase", items=[item])
    )
    imported = import_lines(tmp_path, mapping, row)
    assert (imported.mistakes, imported.warnings) == ([], [])
    assert products_of(imported) == [{"sku": "CLOTH", "quantity": wanted, "price_minor": 1250}]


@pytest.mark.parametrize(
    ("name", "cell", "code"),
    [
        pytest.param("quantity", 10**16, "out_of_range", id="ten quadrillion pieces"),
        pytest.param("quantity", 3.24e12, "out_of_range", id="trillions, a float"),
        pytest.param("quantity", "some", "unreadable", id="a word"),
        pytest.param("quantity", [2], "unreadable", id="a list"),
        pytest.param("price", "abc", "unreadable", id="no price"),
        pytest.param("price", 10**20, "out_of_range", id="a fortune"),
        pytest.param("position", "first", "unreadable", id="no place"),
        pytest.param("position", 10**30, "out_of_range", id="a place beyond all lists"),
    ],
)
def test_a_bad_number_of_a_product_costs_itself(
    tmp_path: Path, name: str, cell: object, code: str
) -> None:
    rows = segment("Order Completed", total=50, products=[A | {name: cell}, B])
    imported = import_lines(tmp_path, "segment", rows)
    field = "price_minor" if name == "price" else name
    assert imported.mistakes == []
    assert imported.warnings == [(1, code, f"data.products[].{field}")]
    assert [one["sku"] for one in products_of(imported)] == ["A", "B"]
    assert field not in products_of(imported)[0]
    assert imported.told[0]["data"]["revenue_minor"] == 5000


@pytest.mark.parametrize(
    ("items", "skus", "lost"),
    [
        pytest.param([{"item_id": None, "item_name": "Mug", "quantity": None}], ["Mug"], 0, id="x"),
        pytest.param([{"item_id": "(not set)", "item_name": "(not set)"}], [], 1, id="not set"),
        pytest.param([{"item_id": "M"}, {"price": 2.0}], ["M"], 1, id="one without"),
        pytest.param([None, {"item_id": "M"}, None], ["M"], 1, id="null among them"),
        pytest.param(["M", {"item_id": "M"}], ["M"], 1, id="a word among them"),
        pytest.param([{"price": 2.0}, {}], [], 2, id="none of them with"),
        pytest.param([{"item_id": "undefined"}, {"item_id": "0"}], ["0"], 1, id="undefined"),
        pytest.param(None, [], 0, id="no list"),
        pytest.param([], [], 0, id="an empty list"),
    ],
)
def test_an_item_without_an_sku_costs_itself_and_never_the_order(
    tmp_path: Path, items: object, skus: list[str], lost: int
) -> None:
    purchase = {"transaction_id": "GI-1", "purchase_revenue": 40.0}
    imported = import_lines(tmp_path, "ga4", ga4("purchase", ecommerce=purchase, items=items))
    (order,) = imported.told
    assert order["data"]["revenue_minor"] == 4000
    assert [one["sku"] for one in products_of(imported)] == skus
    assert imported.warnings == [(1, "item_left_out", "data.products[]")] * lost
    assert (imported.mistakes, imported.history.bad_rows) == ([], 0)


@pytest.mark.parametrize("event_name", ["add_to_cart", "view_item", "begin_checkout"])
def test_an_event_without_its_products_is_kept(tmp_path: Path, event_name: str) -> None:
    row = ga4(event_name, items=None, ecommerce=None)
    imported = import_lines(tmp_path, "ga4", row)
    assert len(imported.told) == 1
    assert imported.mistakes == []
    is_missing = event_name != "begin_checkout"
    assert [code for _, code, _ in imported.warnings] == ["missing"] * is_missing


@pytest.mark.parametrize(
    ("currency", "total", "wanted", "minor"),
    [
        pytest.param("eur", 50, "EUR", 5000, id="lower case"),
        pytest.param("Jpy", 1500, "JPY", 1500, id="its digits too"),
        pytest.param(" kwd ", 1.234, "KWD", 1234, id="outer spaces"),
        pytest.param("EURO", 50, "", 5000, id="no code at all"),
        pytest.param("€", 50, "", 5000, id="a sign"),
        pytest.param(978, 50, "", 5000, id="a number"),
    ],
)
def test_a_currency_is_read_as_meant_or_left_empty(
    tmp_path: Path, currency: object, total: float, wanted: str, minor: int
) -> None:
    row = segment("Order Completed", total=total, currency=currency)
    imported = import_lines(tmp_path, "segment", row)
    (event,) = imported.events
    assert event.data.currency == wanted
    assert imported.told[0]["data"]["revenue_minor"] == minor
    assert imported.mistakes == []


def test_three_nil_uuids_are_three_visitors(tmp_path: Path) -> None:
    rows = [
        line(event_id=f"e{at}", domain_userid=NIL, domain_sessionid=f"s{at}") for at in range(3)
    ]
    imported = made(tmp_path, as_enriched(tmp_path, rows), "snowplow")
    assert sorted(one["visitorid"] for one in imported.told) == ["s0", "s1", "s2"]
    assert imported.warnings == []


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        pytest.param("v", "n", "v", id="the first"),
        pytest.param("", "n", "n", id="empty"),
        pytest.param("null", "n", "n", id="null"),
        pytest.param("Undefined", "n", "n", id="undefined"),
        pytest.param("[object Object]", "n", "n", id="an object of JavaScript"),
        pytest.param(" NaN ", "n", "n", id="not a number"),
        pytest.param("0", "n", "n", id="zero"),
        pytest.param(NIL, NIL, "s", id="nil twice"),
        pytest.param("ann@mail.example", "n", "n", id="an address, which no event may hold"),
    ],
)
def test_the_first_column_that_names_somebody_counts(
    tmp_path: Path, first: str, second: str, wanted: str
) -> None:
    row = line(domain_userid=first, network_userid=second, domain_sessionid="s")
    (told,) = made(tmp_path, as_enriched(tmp_path, [row]), "snowplow").told
    assert told["visitorid"] == wanted


@pytest.mark.parametrize("word", ["null", "guest", "ANONYMOUS", "0", NIL, "none"])
@pytest.mark.parametrize("field", ["visitorid", "customerid", "identifiers.partner_id", "visitid"])
def test_a_word_for_nobody_is_no_id_of_any_kind(tmp_path: Path, field: str, word: str) -> None:
    mapping = f"""
makes: events
source: /shop
kind: page.viewed
fields:
  time: {{column: at, zone: UTC}}
  {field}: who
  {"customerid" if field == "visitorid" else "visitorid"}: other
"""
    row = {"at": "2026-03-01", "who": word, "other": "o-1"}
    imported = made(tmp_path, as_csv(tmp_path, [row]), mapping)
    (told,) = imported.told
    assert word not in json.dumps(told["data"])
    assert told.get(field, "") == ""
    assert [code for _, code, _ in imported.warnings] == ["names_nobody"]


def test_an_id_of_an_event_that_is_none_is_a_digest_of_the_row(tmp_path: Path) -> None:
    rows = [segment("Order Completed", total=at) | {"messageId": "null"} for at in (1, 2)]
    imported = import_lines(tmp_path, "segment", *rows)
    ids = {one["id"] for one in imported.told}
    assert len(ids) == 2
    assert all(len(one) == 32 for one in ids)


def test_an_order_of_ga4_without_consent_is_counted(tmp_path: Path) -> None:
    rows = [
        ga4(
            "purchase",
            user_pseudo_id=None,
            ecommerce={"transaction_id": number, "purchase_revenue": 40.0},
        )
        for number in ("CN-1", "CN-2")
    ]
    imported = import_lines(tmp_path, "ga4", *rows)
    assert {one["data"]["order_id"] for one in imported.told} == {"CN-1", "CN-2"}
    assert all("visitorid" not in one and "customerid" not in one for one in imported.told)
    assert (imported.mistakes, imported.history.bad_rows) == ([], 0)


def test_the_ids_of_named_visitors_of_ga4_are_what_they_were(tmp_path: Path) -> None:
    (told,) = import_lines(tmp_path, "ga4", ga4("page_view")).told
    assert told["id"] == "g-1.1795168800000000.page_view.1..."


def test_an_order_of_snowplow_without_any_id_is_counted(tmp_path: Path) -> None:
    transaction = {"transaction_id": "SPT-1", "revenue": 30, "currency": "EUR"}
    product = {"id": "A", "price": 15, "quantity": 2}
    row = action(
        "transaction",
        domain_userid="",
        contexts=entities(("transaction", transaction), ("product", product)),
    )
    imported = made(tmp_path, as_enriched(tmp_path, [row]), "snowplow")
    (told,) = imported.told
    assert (told["data"]["order_id"], told["data"]["revenue_minor"]) == ("SPT-1", 3000)
    assert (imported.mistakes, imported.warnings) == ([], [])


def test_a_page_of_nobody_is_kept_with_its_warning(tmp_path: Path) -> None:
    imported = import_lines(tmp_path, "ga4", ga4("page_view", user_pseudo_id=None))
    assert imported.kinds == ["page.viewed"]
    assert [code for _, code, _ in imported.warnings] == ["nobody_named"]


HASH = sha256(b"ann@mail.example").hexdigest()
PHONE = sha256(b"+4915123456789").hexdigest()


def test_a_guest_of_orders_is_known_by_e_mail_and_phone(tmp_path: Path) -> None:
    row = dict.fromkeys(("client", "skus", "quantities"), "")
    row |= {"number": "1", "client": "guest", "created": "2026-03-01", "total": "40.00"}
    guest = row | {"e-mail": " Ann@Mail.example", "phone": "0151 23456789"}
    (told,) = made(tmp_path, as_csv(tmp_path, [guest]), "orders", "orders").told
    assert told["data"]["identifiers"] == {"email_sha256": HASH, "phone_sha256": PHONE}
    assert "customerid" not in told


def test_a_guest_of_order_lines_is_known_by_e_mail(tmp_path: Path) -> None:
    text = (
        "Number;Date;Client;Paid;Article;Title;Units;Price;E-mail;Discount\n"
        "1;01.03.2026 10:00;;;M-1;Mug;1,5;10,00;ann@mail.example;2,50\n"
    )
    imported = made(tmp_path, as_text(tmp_path, text), "order-lines", "orders")
    (told,) = imported.told
    assert told["data"]["identifiers"] == {"email_sha256": HASH}
    assert told["data"]["revenue_minor"] == 1250
    assert told["data"]["products"][0] == {
        "sku": "M-1",
        "name": "Mug",
        "quantity": 1.5,
        "price_minor": 1000,
        "discount_minor": 250,
    }


def test_a_guest_of_an_order_history_is_known_by_e_mail(tmp_path: Path) -> None:
    row = {"id": "1", "client": {"id": None, "email": "ann@mail.example"}, "total": 1}
    row |= {"statuses": [{"status": "new", "at": "2026-03-01T10:00:00Z"}]}
    imported = made(tmp_path, as_json_lines(tmp_path, [row]), "order-history", "orders")
    assert imported.told[0]["data"]["identifiers"] == {"email_sha256": HASH}


def test_a_guest_of_segment_is_known_by_e_mail_and_phone(tmp_path: Path) -> None:
    row = segment("Order Completed", total=1, email="ann@mail.example", phone="+49 151 23456789")
    imported = import_lines(tmp_path, "segment", row | {"anonymousId": None, "userId": "guest"})
    assert imported.told[0]["data"]["identifiers"] == {"email_sha256": HASH, "phone_sha256": PHONE}
    assert imported.history.warning_counts == {"names_nobody customerid": 1}


def test_a_guest_of_ga4_is_known_by_the_hashes_of_the_export(tmp_path: Path) -> None:
    row = ga4("purchase", user_pseudo_id=None, user_data={"sha256_email_address": HASH})
    imported = import_lines(tmp_path, "ga4", row)
    assert imported.told[0]["data"]["identifiers"] == {"email_sha256": HASH}


def test_a_guest_of_snowplow_is_known_by_e_mail(tmp_path: Path) -> None:
    user = {"id": "guest", "is_guest": True, "email": "ann@mail.example"}
    transaction = {"transaction_id": "S-1", "revenue": 1}
    row = action("transaction", contexts=entities(("user", user), ("transaction", transaction)))
    (told,) = made(tmp_path, as_enriched(tmp_path, [row]), "snowplow").told
    assert told["data"]["identifiers"] == {"email_sha256": HASH}


@pytest.mark.parametrize("word", ["guest", "", "null", "0"])
def test_a_word_for_nobody_is_nobodys_address(tmp_path: Path, word: str) -> None:
    row = segment("Order Completed", total=1, email=word, phone=word)
    imported = import_lines(tmp_path, "segment", row)
    assert "identifiers" not in imported.told[0]["data"]
    assert {code for _, code, _ in imported.warnings} <= {"names_nobody"}


def test_an_order_of_segment_that_is_edited_is_told_anew(tmp_path: Path) -> None:
    imported = import_lines(
        tmp_path,
        "segment",
        segment("Order Completed", total=50, products=[A, B]),
        segment("Order Updated", total=25, products=[A]) | {"timestamp": "2026-11-20T10:05:00Z"},
    )
    assert imported.kinds == ["order.placed", "order.changed"]
    assert [one["data"]["revenue_minor"] for one in imported.told] == [5000, 2500]
    assert [len(one["data"]["products"]) for one in imported.told] == [2, 1]


@pytest.mark.parametrize(
    ("mapping", "row", "wanted"),
    [
        pytest.param(
            "segment",
            segment("Order Refunded"),
            {"order_id": "O-1", "currency": "EUR"},
            id="Segment, all of it",
        ),
        pytest.param(
            "segment",
            segment("Order Refunded", total=None, products=[A | {"quantity": 1}], refund_id="R-7"),
            {
                "order_id": "O-1",
                "currency": "EUR",
                "return_id": "R-7",
                "products": [{"sku": "A", "quantity": 1, "price_minor": 1250}],
            },
            id="Segment, a product",
        ),
        pytest.param(
            "ga4",
            ga4("refund", ecommerce={"transaction_id": "O-1", "refund_value": None}),
            {"order_id": "O-1", "currency": "EUR", "page": {"url": "https://shop.example/"}},
            id="GA4, all of it",
        ),
        pytest.param(
            "ga4",
            ga4("refund", items=[{"item_id": "A", "price": 20.0, "quantity": None}]),
            {
                "order_id": "O-1",
                "currency": "EUR",
                "page": {"url": "https://shop.example/"},
                "products": [{"sku": "A", "price_minor": 2000}],
            },
            id="GA4, a product",
        ),
    ],
)
def test_a_refund_without_an_amount_tells_none(
    tmp_path: Path, mapping: str, row: dict[str, Any], wanted: dict[str, Any]
) -> None:
    (told,) = import_lines(tmp_path, mapping, row).told
    assert told["type"] == "order.returned"
    assert told["data"] == wanted


SUM = """
makes: orders
source: /shop
file: {zone: UTC}
group_by: number
fields: {order_id: number, customerid: who, revenue_minor: {sum: products}}
products:
  fields:
    sku: sku
    quantity: units
    price_minor: {column: price, as: money}
    discount_minor: {column: off, as: money}
    revenue_minor: {column: line, as: money}
statuses: {placed: at}
"""


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        pytest.param([{"price": "12.50", "units": "2"}], 2500, id="price x quantity"),
        pytest.param([{"price": "12.50"}], 1250, id="one piece, when not told"),
        pytest.param([{"price": "12.50", "units": "2", "off": "5"}], 2000, id="less its discount"),
        pytest.param([{"price": "12.50", "units": "2", "line": "20"}], 2000, id="its own word"),
        pytest.param([{"price": "0.05", "units": "0.5"}], 3, id="half a cent, away from zero"),
        pytest.param([{"price": "0.05", "units": "-0.5"}], -3, id="given back, away from zero"),
        pytest.param([{"price": "10"}, {"price": "abc"}], 1000, id="of those that tell it"),
        pytest.param([{"price": ""}], None, id="nobody tells it"),
    ],
)
def test_the_revenue_of_lines_is_that_of_the_stream(
    tmp_path: Path, lines: list[dict[str, str]], wanted: int | None
) -> None:
    blank = dict.fromkeys(("units", "price", "off", "line"), "")
    row = {"number": "1", "who": "c", "at": "2026-03-01"} | blank
    rows = [row | {"sku": f"M-{at}"} | one for at, one in enumerate(lines)]
    (told,) = made(tmp_path, as_csv(tmp_path, rows), SUM, "orders").told
    assert told["data"].get("revenue_minor") == wanted


@pytest.mark.parametrize(
    ("cell", "minor"),
    [("1.005", 101), ("-1.005", -101), ("0.004", 0), ("-0.005", -1), ("2.675", 268)],
)
def test_half_a_unit_goes_away_from_zero(tmp_path: Path, cell: str, minor: int) -> None:
    row = segment("Order Completed", total=cell)
    (told,) = import_lines(tmp_path, "segment", row).told
    assert told["data"]["revenue_minor"] == minor


@pytest.mark.parametrize(
    ("written", "title"),
    [
        pytest.param(b'"Mug \\ud83d"', "Mug \ufffd", id="half an emoji"),
        pytest.param(b'"Mug \xff"', "Mug \ufffd", id="a byte that is no UTF-8"),
        pytest.param(b'"M\xfcg"', "M\ufffdg", id="Latin"),
    ],
)
def test_text_that_is_none_costs_itself(tmp_path: Path, written: bytes, title: str) -> None:
    row = json.dumps(segment("Order Completed", total=1, products=[A | {"name": "NAME"}]))
    file = tmp_path / "file.jsonl"
    file.write_bytes(row.encode().replace(b'"NAME"', written))
    imported = made(tmp_path, file, "segment")
    assert products_of(imported)[0]["name"] == title
    assert (1, "text_mended", "properties.products.name") in imported.warnings
    assert imported.mistakes == []


def test_numbers_that_are_none_are_null(tmp_path: Path) -> None:
    text = json.dumps(segment("Order Completed", total=1, tax=float("nan"), products=[A]))
    imported = made(tmp_path, as_text(tmp_path, text, "file.jsonl"), "segment")
    assert "NaN" in text
    assert (imported.mistakes, imported.warnings) == ([], [])
    assert "tax_minor" not in imported.told[0]["data"]


def test_a_row_of_its_group_that_tells_no_time_costs_itself(tmp_path: Path) -> None:
    row = {"number": "1", "who": "c", "units": "1", "price": "1", "off": "", "line": ""}
    rows = [row | {"sku": at, "at": at} for at in ("2026-03-01", "soon")]
    imported = made(tmp_path, as_csv(tmp_path, rows), SUM, "orders")
    assert imported.told[0]["data"]["revenue_minor"] == 200
    assert (imported.mistakes, imported.history.bad_rows) == ([], 0)
    assert imported.warnings == [(3, "unreadable", "order.placed")]


BAD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from("ab"), st.integers(), max_size=1),
    st.sampled_from(["null", "x" * 9_000, "\ud83d", NIL, "a@b.example"]),
)
_SIDE = ("total", "currency", "tax", "shipping", "email", "phone", "products", "coupon", "query")


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(_SIDE), BAD)
def test_no_bad_side_detail_changes_which_events_there_are(
    tmp_path_factory: pytest.TempPathFactory, name: str, bad: object
) -> None:
    folder = tmp_path_factory.mktemp("side")
    good = segment("Order Completed", total=50, products=[A])
    worse = good | {"properties": good["properties"] | {name: bad}}
    imported = import_lines(folder, "segment", worse)
    assert [(one["type"], one["id"]) for one in imported.told] == [
        ("order.placed", good["messageId"])
    ]
    assert (imported.mistakes, imported.history.bad_rows) == ([], 0)


def test_a_text_of_megabytes_costs_its_end_and_not_the_order(tmp_path: Path) -> None:
    row = segment("Order Completed", total=50, products=[A | {"name": "x" * 1_200_000}])
    imported = import_lines(tmp_path, "segment", row)
    assert products_of(imported)[0]["name"] == "x" * 8192
    assert imported.told[0]["data"]["revenue_minor"] == 5000
    assert {code for _, code, _ in imported.warnings} == {"text_cut"}


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        pytest.param({"timestamp": "soon"}, "2026-11-20T10:05:00Z", id="no instant"),
        pytest.param({"timestamp": "0001-01-01T00:00:00Z"}, "2026-11-20T10:05:00Z", id="no year"),
        pytest.param({"timestamp": None}, "2026-11-20T10:05:00Z", id="null"),
        pytest.param({}, "2026-11-20T10:00:00Z", id="the first"),
    ],
)
def test_the_first_column_that_tells_a_possible_instant_counts(
    tmp_path: Path, told: dict[str, object], wanted: str
) -> None:
    row = segment("Order Completed", total=1) | {"receivedAt": "2026-11-20T10:05:00Z"} | told
    imported = import_lines(tmp_path, "segment", row)
    assert [one["time"] for one in imported.told] == [wanted]


def test_a_line_without_an_article_is_in_the_sum_of_its_order(tmp_path: Path) -> None:
    blank = dict.fromkeys(("units", "price", "off", "line", "sku"), "")
    row = {"number": "1", "who": "c", "at": "2026-03-01"} | blank
    rows = [row | {"sku": "M-1", "price": "10"}, row | {"price": "4.90"}, row | {"units": "1"}]
    imported = made(tmp_path, as_csv(tmp_path, rows), SUM, "orders")
    (told,) = imported.told
    assert told["data"]["revenue_minor"] == 1490
    assert [one["sku"] for one in told["data"]["products"]] == ["M-1"]
    assert imported.warnings == [(3, "item_left_out", "data.products[]")]


def test_events_of_bots_are_counted_and_published(tmp_path: Path) -> None:
    rows = [
        segment("Order Completed", order_id=str(at)) | {"context": {"userAgent": agent}}
        for at, agent in enumerate(
            ("Googlebot/2.1", "Mozilla/5.0 (X11; Linux) Firefox/120.0", ""), start=1
        )
    ]
    rows = [row | {"messageId": str(at)} for at, row in enumerate(rows)]
    imported = import_lines(tmp_path, "segment", *rows)
    assert imported.history.pile.bots == {"order.placed": 1}
    assert len(imported.told) == 3


@pytest.mark.parametrize(
    ("currency", "price", "minor"), [("EUR", 0, 0), ("JPY", 500, 500), ("KWD", 1.234, 1234)]
)
def test_lines_without_a_revenue_have_what_it_follows_from(
    tmp_path: Path, currency: str, price: float, minor: int
) -> None:
    line = {"product_id": "Z", "price": price, "quantity": 1}
    imported = import_lines(
        tmp_path, "segment", segment("Order Completed", currency=currency, products=[line])
    )
    assert products_of(imported) == [{"sku": "Z", "quantity": 1, "price_minor": minor}]


def test_an_order_history_tells_changes_and_the_shops_own_ids_of_returns(tmp_path: Path) -> None:
    steps = [
        {"status": "new", "at": "2026-03-01T10:00:00Z"},
        {"status": "edited", "at": "2026-03-02T10:00:00Z"},
        {"status": "brought back", "at": "2026-03-09T10:00:00Z", "return": "R-1"},
        {"status": "lost in the post", "at": "2026-03-10T10:00:00Z"},
        {"status": "handed over", "at": "never"},
    ]
    row = {"id": "1", "client": {"id": "C-7"}, "total": 34.0, "statuses": steps}
    lines = [{"article": "M-1", "units": 0.5, "price": 12.5, "discount": 1}, None]
    file = as_json_lines(tmp_path, [row | {"lines": lines}])
    imported = made(tmp_path, file, "order-history", "orders")
    placed, changed, returned = imported.told
    assert [one["type"] for one in (placed, changed, returned)] == [
        "order.placed",
        "order.changed",
        "order.returned",
    ]
    assert changed["id"] == "order:/shop/orders:1:changed:20260302T100000"
    assert returned["data"]["return_id"] == "R-1"
    assert placed["data"]["products"] == [
        {"sku": "M-1", "quantity": 0.5, "price_minor": 1250, "discount_minor": 100}
    ]
    assert sorted((code, field) for _, code, field in imported.warnings) == [
        ("item_left_out", "data.products[]"),
        ("item_left_out", "statuses"),
        ("unreadable", "order.shipped"),
    ]
    assert imported.mistakes == []


@pytest.mark.parametrize("nobody", [None, "null", "0", NIL])
def test_orders_of_nobody_do_not_share_a_key(tmp_path: Path, nobody: str | None) -> None:
    rows = [
        segment("Order Completed", order_id=f"O-{at}", total=1)
        | {"anonymousId": nobody, "userId": nobody, "messageId": f"m-{at}"}
        for at in range(3)
    ]
    imported = import_lines(tmp_path, "segment", *rows)
    keys = {key for key, _ in imported.history.pile.messages()}
    assert keys == {b"O-0", b"O-1", b"O-2"}
