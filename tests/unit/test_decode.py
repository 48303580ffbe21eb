"""What is an event and what is none; and that a bad detail costs no more than itself."""

import json
from datetime import datetime
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Raw

from streams.decode import MAX_PAYLOAD_BYTES, Decoded, Rejected, decode
from streams.event_warnings import EventWarning, sentence
from streams.events import KINDS, Data, encode, kind_of
from streams.mending import identity_warnings
from tests.builders import event

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)


EXAMPLES = Path(__file__).parents[1] / "examples"


@given(st.binary(max_size=200))
def test_decode_answers_any_bytes_without_raising(payload: bytes) -> None:
    assert isinstance(decode(payload), Rejected)


@given(
    st.dictionaries(st.sampled_from(["id", "time", "visitorid", "specversion", "data"]), ANYTHING)
)
def test_decode_answers_any_object_without_raising(attributes: dict[str, object]) -> None:
    message = {**json.loads(encode(event())), **attributes}
    found = decode(json.dumps(message).encode("utf-8", "surrogatepass"))
    assert not isinstance(found, Rejected) or found.errors


@pytest.mark.parametrize(
    ("payload", "failure"),
    [
        pytest.param(None, "malformed", id="no body"),
        pytest.param(b"", "malformed", id="empty"),
        pytest.param(b"[1]", "malformed", id="an array"),
        pytest.param(b'{"type":"page.viewed"', "malformed", id="cut off"),
        pytest.param(b'{"type":["page.viewed"]}', "unknown_kind", id="kind is a list"),
        pytest.param(b'{"data":' + b"[" * 50_000, "malformed", id="too deep"),
        pytest.param(b" " * (MAX_PAYLOAD_BYTES + 1), "too_large", id="too large"),
    ],
)
def test_a_message_that_is_no_event_is_rejected(payload: bytes | None, failure: str) -> None:
    found = decode(payload)
    assert isinstance(found, Rejected)
    assert found.failure == failure


def test_bytes_that_are_not_utf8_cost_the_text_that_they_stand_in() -> None:
    payload = encode(event(data=Data(context=Raw(b'{"note":"?"}')))).replace(b"?", b"\xff")
    decoded = decode(payload)
    assert isinstance(decoded, Decoded)
    assert bytes(decoded.event.data.context).decode() == '{"note":"\ufffd"}'


def test_an_unknown_attribute_is_warned_of_and_costs_nothing() -> None:
    payload = encode(event()).replace(b'"id"', b'"experiment":{"arm":2},"id"')
    decoded = decode(payload)
    assert isinstance(decoded, Decoded)
    assert decoded.event == event()
    assert decoded.warnings == (EventWarning("unknown_field", "experiment"),)


def test_attributes_of_cloud_events_are_known() -> None:
    given = encode(event())
    usual = given.replace(
        b'"id"', b'"datacontenttype":"application/json","traceparent":"00-1","id"'
    )
    assert decode(usual) == Decoded(event(datacontenttype="application/json", traceparent="00-1"))
    rarer = given.replace(b'"id"', b'"partitionkey":"7","correlationid":"a","id"')
    assert decode(rarer) == Decoded(event())


def order(**data: object) -> dict[str, Any]:
    """An order as a shop may publish it, with one thing in `data` another way."""
    return {
        "specversion": "1.0",
        "id": "order-1",
        "source": "/shop.example",
        "type": "order.placed",
        "time": "2026-11-18T10:00:00Z",
        "visitorid": "v1",
        "data": {
            "order_id": "O-1",
            "revenue_minor": 1875,
            "currency": "EUR",
            "page": {"url": "https://shop.example/"},
            "products": [{"sku": "CLOTH", "price_minor": 1250, "quantity": 2}],
        }
        | data,
    }


def read(message: dict[str, Any]) -> tuple[Any, list[tuple[str, str]]]:
    """The event of a message, and its warnings by code and field."""
    decoded = decode(json.dumps(message).encode())
    assert isinstance(decoded, Decoded), decoded
    return decoded.event, [(code, field) for code, field, _ in decoded.warnings]


@pytest.mark.parametrize(
    ("data", "field", "value", "warnings"),
    [
        pytest.param({"currency": "eur"}, "currency", "EUR", ["another_type"], id="lower case"),
        pytest.param({"currency": " usd "}, "currency", "USD", ["another_type"], id="spaces"),
        pytest.param({"currency": "€"}, "currency", "", ["unreadable"], id="a sign"),
        pytest.param({"currency": None}, "currency", "", [], id="null is absent"),
        pytest.param(
            {"revenue_minor": 1875.0}, "revenue_minor", 1875, ["another_type"], id="a whole float"
        ),
        pytest.param({"revenue_minor": "1875"}, "revenue_minor", 1875, ["another_type"], id="text"),
        pytest.param(
            {"revenue_minor": "18,75"}, "revenue_minor", None, ["unreadable"], id="no number"
        ),
        pytest.param({"revenue_minor": True}, "revenue_minor", None, ["unreadable"], id="a truth"),
        pytest.param({"revenue_minor": 10**16}, "revenue_minor", None, ["out_of_range"], id="vast"),
        pytest.param(
            {"revenue_minor": 18.75}, "revenue_minor", None, ["unreadable"], id="euros for cents"
        ),
        pytest.param(
            {"revenue_minor": "18.75"}, "revenue_minor", None, ["unreadable"], id="also as text"
        ),
        pytest.param(
            {"revenue_minor": 18.74 * 100}, "revenue_minor", 1874, ["another_type"], id="float dust"
        ),
        pytest.param({"order_id": 1001}, "order_id", "1001", ["another_type"], id="id as number"),
        pytest.param({"order_id": 1001.0}, "order_id", "1001", ["another_type"], id="id as float"),
        pytest.param({"order_id": None}, "order_id", "order-1", ["missing"], id="no order number"),
        pytest.param({"reason": ["x"]}, "reason", "", ["unreadable"], id="a list for a text"),
        pytest.param({"products": {"sku": "A"}}, "line_count", 1, ["another_type"], id="one item"),
        pytest.param(
            {"products": {"0": {"sku": "A"}, "2": {"sku": "B"}}},
            *("line_count", 2, ["another_type"]),
            id="items by their places",
        ),
        pytest.param({"products": None}, "line_count", 0, [], id="null products"),
        pytest.param({"products": "A"}, "line_count", 0, ["unreadable"], id="products as text"),
        pytest.param(
            {"products": [None, {"sku": "A"}]}, "line_count", 1, ["item_left_out"], id="null item"
        ),
        pytest.param(
            {"products": [{"name": "Mug"}, {"sku": "A"}]},
            *("line_count", 1, ["item_left_out"]),
            id="an item without an id",
        ),
        pytest.param({"page": "x"}, "page", None, ["unreadable"], id="page as text"),
        pytest.param({"tax": 5}, "tax_minor", 0, ["unknown_field"], id="an unknown field"),
        pytest.param({"context": [1]}, "context", UNSET, ["unreadable"], id="a list as context"),
    ],
)
def test_a_bad_detail_costs_the_detail_and_not_the_order(
    data: dict[str, object], field: str, value: object, warnings: list[str]
) -> None:
    placed, warned = read(order(**data))
    found = len(placed.data.products) if field == "line_count" else getattr(placed.data, field)
    assert found == value
    assert [code for code, _ in warned] == warnings


@pytest.mark.parametrize(
    ("quantity", "kept", "warnings"),
    [
        (1.5, 1.5, []),
        (-2, -2, []),
        (-0.25, -0.25, []),
        ("1.5", 1.5, ["another_type"]),
        ("3", 3, ["another_type"]),
        (None, 0, []),
        (10**16, 0, ["out_of_range"]),
        (3.24e12, 0, ["out_of_range"]),
        ("many", 0, ["unreadable"]),
        ([2], 0, ["unreadable"]),
    ],
)
def test_a_quantity_may_be_a_fraction_and_negative_and_a_bad_one_costs_itself(
    quantity: object, kept: float, warnings: list[str]
) -> None:
    products = [{"sku": "CLOTH", "price_minor": 1250, "quantity": quantity}]
    placed, warned = read(order(products=products))
    assert placed.data.products[0].quantity == kept
    assert placed.data.revenue_minor == 1875
    assert [code for code, _ in warned] == warnings


def test_texts_that_are_too_long_are_cut_and_ids_stay_distinct() -> None:
    url = "https://shop.example/?ttclid=" + "E" * 9_000
    placed, warned = read(order(page={"url": url, "title": "ä" * 8_192}))
    assert placed.data.page.url == url[:8_192]
    assert placed.data.page.title == "ä" * 8_192
    assert warned == [("text_cut", "data.page.url")]
    ids = {read(order(order_id="9" * 300 + end))[0].data.order_id for end in "ab"}
    assert {len(one) for one in ids} == {256}
    assert len(ids) == 2


def test_a_half_emoji_is_mended_and_the_rest_of_the_text_stays() -> None:
    payload = json.dumps(order(page={"title": "Mug \ud83d"})).encode()
    decoded = decode(payload)
    assert isinstance(decoded, Decoded)
    assert decoded.event.data.page
    assert decoded.event.data.page.title == "Mug \ufffd"
    assert decoded.warnings == (EventWarning("text_mended", "data.page.title"),)


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"\xef\xbb\xbf" + json.dumps(order()).encode(), id="a byte order mark"),
        pytest.param(json.dumps(order()).replace("1875", "NaN").encode(), id="NaN"),
        pytest.param(json.dumps(order()).replace("1875", "-Infinity").encode(), id="Infinity"),
        pytest.param(json.dumps(order()).replace("1875", "9" * 5_000).encode(), id="many digits"),
        pytest.param(json.dumps(order()).replace("EUR", "E\tR").encode(), id="a raw tab"),
        pytest.param(json.dumps(order()).replace("v1", "v\xe9").encode("latin-1"), id="Latin-1"),
    ],
)
def test_what_programs_write_that_is_not_quite_json_is_read(payload: bytes) -> None:
    decoded = decode(payload)
    assert isinstance(decoded, Decoded)
    assert kind_of(decoded.event) == "order.placed"


@pytest.mark.parametrize(
    ("time", "instant"),
    [
        ("2026-11-18 10:00:00+00:00", "2026-11-18T10:00:00+00:00"),
        ("2026-11-18T10:00:00", "2026-11-18T10:00:00+00:00"),
        ("2026-11-18T11:00:60+01:00", "2026-11-18T11:00:59+01:00"),
        (1_795_000_000, "2026-11-18T11:06:40+00:00"),
        (1_795_000_000_500, "2026-11-18T11:06:40.500000+00:00"),
        ("1795000000", "2026-11-18T11:06:40+00:00"),
    ],
)
def test_an_instant_in_another_form_is_read_as_it_was_meant(time: object, instant: str) -> None:
    placed, _ = read(order() | {"time": time})
    assert placed.time == datetime.fromisoformat(instant)


@pytest.mark.parametrize("time", [None, "", "yesterday", "2026-02-30T10:00:00Z", -5, 1e300, True])
def test_without_an_instant_it_is_no_event(time: object) -> None:
    assert isinstance(decode(json.dumps(order() | {"time": time}).encode()), Rejected)


@pytest.mark.parametrize("event_id", [None, "", " ", "null", "undefined", "[object Object]", {}])
def test_without_an_id_it_is_no_event(event_id: object) -> None:
    assert isinstance(decode(json.dumps(order() | {"id": event_id}).encode()), Rejected)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        pytest.param("revenue", "revenue_minor", id="an amount in units"),
        pytest.param("tax", "tax_minor", id="a short one"),
        pytest.param("orderId", "order_id", id="another spelling"),
    ],
)
def test_an_unknown_field_names_the_nearest_known_one(name: str, meant: str) -> None:
    decoded = decode(json.dumps(order(**{name: 18.75})).encode())
    assert isinstance(decoded, Decoded)
    assert [sentence(one) for one in decoded.warnings] == [
        f"data.{name} is no field of the contract (did you mean {meant}?)"
    ]


@pytest.mark.parametrize("depth", [90, 500, 990, 1_000, 5_000])
@pytest.mark.parametrize("inner", [b"1", b"NaN", b'"\\ud83d"'], ids=["plain", "NaN", "surrogate"])
@pytest.mark.parametrize("name", [b"context", b"another"])
def test_what_nests_without_end_costs_itself(depth: int, inner: bytes, name: bytes) -> None:
    nested = b'{"a":' * depth + inner + b"}" * depth
    payload = (
        json.dumps(order()).encode().replace(b'"order_id"', b'"%s":%s,"order_id"' % (name, nested))
    )
    decoded = decode(payload)
    assert isinstance(decoded, Decoded)
    assert decoded.event.data.order_id == "O-1"  # type: ignore[union-attr]  # an order


def test_a_context_that_is_not_json_by_the_book_is_kept_as_json() -> None:
    payload = json.dumps(order()).encode()
    wild = payload.replace(b'"order_id"', b'"context":{"a":NaN,"b":"x\\ud83d"},"order_id"')
    decoded = decode(wild)
    assert isinstance(decoded, Decoded)
    assert bytes(decoded.event.data.context) == '{"a":null,"b":"x\ufffd"}'.encode()  # type: ignore[arg-type]  # it is there
    assert decoded.warnings == (EventWarning("text_mended", "data.context"),)


def test_data_in_a_text_of_json_are_read_with_all_their_money() -> None:
    message = order()
    placed, warned = read(message | {"data": json.dumps(message["data"])})
    assert placed == read(message)[0]
    assert warned == [("another_type", "data")]


@pytest.mark.parametrize("item", ["7", "{}"])
def test_a_message_full_of_rubbish_is_read_in_linear_time_and_with_few_words(item: str) -> None:
    items = ",".join([item] * 300_000)
    payload = json.dumps(order()).replace('[{"sku"', f'[{items},{{"sku"').encode()
    began = process_time()
    decoded = decode(payload)
    names = ",".join(f'"f{number}":1' for number in range(80_000))
    crowded = decode(json.dumps(order()).replace('"order_id"', f'{names},"order_id"').encode())
    assert process_time() - began < 5  # 75 s before; a bound and no measurement
    assert isinstance(decoded, Decoded)
    assert len(decoded.event.data.products) == 1  # type: ignore[union-attr]  # an order
    assert isinstance(crowded, Decoded)
    assert len(crowded.warnings) == 20


PATHS = [
    *("specversion", "source", "subject", "visitorid", "customerid", "visitid", "visitnumber"),
    *("visitsequence", "channel", "origin", "another"),
    *(f"data.{name}" for name in ("page", "client", "campaign", "identifiers", "currency")),
    *("data.context", "data.another", "data.page.url", "data.page.title", "data.client.address"),
    *("data.order_id", "data.revenue_minor", "data.products", "data.products.0.quantity"),
    *("data.products.0.price_minor", "data.products.0.name", "data.products.1", "data.reason"),
]


@given(st.sampled_from(sorted(KINDS)), st.sampled_from(PATHS), ANYTHING)
def test_no_single_bad_detail_changes_whether_an_event_is_kept(
    kind: str, path: str, value: object
) -> None:
    good = json.loads((EXAMPLES / kind / "good.json").read_bytes())
    *steps, last = path.split(".")
    place: Any = good
    for step in steps:
        place = place[int(step)] if step.isdigit() and isinstance(place, list) else place.get(step)
        if not isinstance(place, dict | list) or not place:
            return
    if isinstance(place, list):
        place[min(int(last), len(place) - 1)] = value
    else:
        place[last] = value
    decoded = decode(json.dumps(good).encode("utf-8", "surrogatepass"))
    assert isinstance(decoded, Decoded)
    assert (decoded.event.id, kind_of(decoded.event)) == (good["id"], kind)
    assert encode(decoded.event)  # what is kept keeps the contract
    again = decode(encode(decoded.event))
    assert isinstance(again, Decoded)
    assert again.event == decoded.event


def test_a_message_tells_every_reason_at_once() -> None:
    decoded = decode(b'{"type": "page.vanished", "time": "yesterday", "data": {"items": 3}}')
    assert isinstance(decoded, Rejected)
    assert [reason.split("`")[1] for reason in decoded.errors] == ["type", "id", "time"]


def test_an_event_with_a_bad_field_and_nobodys_name_is_warned_of_both() -> None:
    told = {"id": "e1", "type": "cart.item_added", "time": "2026-03-14T12:00:00Z"}
    decoded = decode(json.dumps(told | {"data": {"items": "many"}}).encode())
    assert isinstance(decoded, Decoded)
    warnings = [*decoded.warnings, *identity_warnings(decoded.event)]
    assert {one.code for one in warnings} >= {"nobody_named"}
    assert "data.items" in {one.field for one in warnings}
