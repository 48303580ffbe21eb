"""Addresses and numbers in plain never reach the base: digests stand for them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from streams.decode import Decoded, Rejected, decode
from streams.events import (
    CustomerData,
    CustomerRegistered,
    Data,
    Identifiers,
    LetterData,
    LetterOpened,
    OrderData,
    OrderPlaced,
    encode,
)
from streams.identity import pair_rows
from streams.mending import identity_warnings
from streams.ranges import accepted
from streams.records import Origin
from streams.rows import event_rows, log_rows
from tests.builders import NOON, enrichment, event, record

ORIGIN = Origin("shop.events", 0, 1)
ADDRESS = "Anna.Smith@Example.com"
NUMBER = "+43 (0)664 123-45-67"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


EMAIL, PHONE = sha256("anna.smith@example.com"), sha256("+436641234567")


def table_of(*payloads: bytes) -> Any:
    return event_rows(
        accepted([record(*one) for one in enumerate(payloads)], []), ORIGIN, enrichment()
    )


def row_of(one: Any) -> dict[str, Any]:
    (row,) = table_of(encode(one)).to_pylist()
    return row


def warnings_of(row: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["code"], one["field"]) for one in row["warnings"]]


@pytest.mark.parametrize(
    ("told", "kept", "warning"),
    [
        pytest.param(EMAIL.upper(), EMAIL, None, id="a hash"),
        pytest.param(f' "{EMAIL}" ', EMAIL, "another_type", id="a hash in quotes"),
        pytest.param(ADDRESS, EMAIL, "plain_identifier", id="an address"),
        pytest.param(NUMBER, PHONE, "plain_identifier", id="a number"),
        pytest.param("0664 1234567", "", "unreadable", id="a number of no country"),
        pytest.param(EMAIL[:32], "", "unreadable", id="MD5"),
        pytest.param("Anna Smith", "", "unreadable", id="a name"),
        pytest.param("null", "", "names_nobody", id="a word for nobody"),
        pytest.param(7, "", "unreadable", id="a number of JSON"),
    ],
)
@pytest.mark.parametrize("is_registration", [True, False])
def test_a_field_of_hashes_takes_nothing_else(
    told: object, kept: str, warning: str | None, is_registration: bool
) -> None:
    data = CustomerData() if is_registration else Data(identifiers=Identifiers(partner_id="t"))
    message = json.loads(encode(event(CustomerRegistered, customerid="7", data=CustomerData())))
    message["data"] = json.loads(encode(event(data=data))).get("data", {})
    field = "data.email_sha256" if is_registration else "data.identifiers.email_sha256"
    (message["data"] if is_registration else message["data"]["identifiers"])["email_sha256"] = told
    (row,) = table_of(json.dumps(message).encode()).to_pylist()
    assert row["email_sha256"] == kept
    assert warnings_of(row) == ([(warning, field)] if warning else [])


@pytest.mark.parametrize("field", ["visitorid", "customerid"])
@pytest.mark.parametrize(
    ("identifier", "column", "digest"),
    [(ADDRESS, "email_sha256", EMAIL), (NUMBER, "phone_sha256", PHONE)],
)
def test_an_identifier_in_plain_becomes_the_hash_by_which_a_guest_is_known(
    field: str, identifier: str, column: str, digest: str
) -> None:
    row = row_of(event(**{"visitorid": "", field: identifier}))
    assert row[f"{field[:-2]}_id"] == row[column] == digest
    assert warnings_of(row) == [("plain_identifier", field)]
    guest = Data(identifiers=Identifiers(**{column: digest}))
    events = [event(**{"visitorid": "", field: identifier}), event(visitorid="v", data=guest)]
    pairs = pair_rows(table_of(*map(encode, events))).to_pylist()
    kind = "e" if column == "email_sha256" else "p"
    assert all(f"{kind}:{digest}" in pair.values() for pair in pairs)
    assert len(pairs) == 2


def test_no_identifier_in_plain_reaches_the_base_and_the_event_log_keeps_all() -> None:
    events = [
        event(
            OrderPlaced,
            id=f"order-{ADDRESS}",
            customerid=ADDRESS,
            visitid=ADDRESS,
            data=OrderData(order_id=ADDRESS, identifiers=Identifiers(partner_id=ADDRESS)),
        ),
        event(LetterOpened, id="e2", data=LetterData(letter_id=f"news-7-{ADDRESS}")),
    ]
    payloads = [encode(one) for one in events]
    payloads.append(encode(event(id="e3")).replace(b'"id"', b'"anna@example.com":1,"id"'))
    table = table_of(*payloads)
    assert "nna" not in str(table.to_pylist())
    assert "nna" not in str(pair_rows(table).to_pylist())
    placed, letter, other = table.to_pylist()
    assert placed["event_id"] == sha256(f"order-{ADDRESS.lower()}")
    assert placed["order_id"] == placed["customer_id"] == EMAIL
    assert [code for code, _ in warnings_of(placed)] == ["plain_identifier"] * 5
    assert letter["detail"] == sha256(f"news-7-{ADDRESS.lower()}")
    assert warnings_of(letter) == [("plain_identifier", "data.letter_id")]
    assert warnings_of(other) == [("unknown_field", "*email*")]
    kept = log_rows([record(*one) for one in enumerate(payloads)], ORIGIN, NOON)
    assert kept["payload"].to_pylist() == payloads


def test_identifiers_of_digits_stay() -> None:
    row = row_of(event(visitorid="1234567890.1700000000", customerid="0043664123"))
    assert (row["visitor_id"], row["customer_id"]) == ("1234567890.1700000000", "0043664123")
    assert row["warnings"] == []


def test_whoever_publishes_learns_of_it() -> None:
    told = identity_warnings(event(customerid=ADDRESS, id=f"a-{ADDRESS}"))
    assert [(code, field) for code, field, _ in told] == [
        ("plain_identifier", "customerid"),
        ("plain_identifier", "id"),
    ]


def test_reasons_of_a_refusal_show_nothing_personal() -> None:
    message = json.loads(encode(event())) | {"type": ADDRESS, "time": f"{ADDRESS} at noon"}
    refused = decode(json.dumps(message).encode())
    assert isinstance(refused, Rejected)
    assert "nna" not in str(refused.errors)
    assert "*email*" in str(refused.errors)


def test_a_hash_that_is_none_refuses_no_event() -> None:
    data = CustomerData(email_sha256="rubbish")
    found = decode(encode(event(CustomerRegistered, data=data)))
    assert isinstance(found, Decoded)
