"""The identifiers of an event: one writing for all, and none of nothing."""

from __future__ import annotations

import hashlib
from itertools import combinations

import pytest

from streams.events import CustomerData, CustomerLoggedIn, Data, Event, Identifiers
from streams.identity import pair_rows, told_identifiers, written_identifier
from streams.records import Origin
from streams.rows import event_rows
from tests.builders import accepted, enrichment, event

LOWER, UPPER = "ab" * 32, "AB" * 32
OTHER = "cd" * 32
NOTHING = hashlib.sha256(b"").hexdigest()


def told(**hashes: str) -> Data:
    return Data(identifiers=Identifiers(**hashes))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(Data(), Identifiers(), id="nothing told"),
        pytest.param(told(email_sha256=UPPER), Identifiers(email_sha256=LOWER), id="upper case"),
        pytest.param(
            CustomerData(phone_sha256=UPPER), Identifiers(phone_sha256=LOWER), id="a registration"
        ),
        pytest.param(
            CustomerData(email_sha256=LOWER, identifiers=Identifiers(email_sha256=OTHER)),
            Identifiers(email_sha256=LOWER),
            id="a registration's own field first",
        ),
        pytest.param(
            told(email_sha256=NOTHING, phone_sha256=NOTHING.upper(), partner_id="T"),
            Identifiers(partner_id="T"),
            id="hashes of the empty text",
        ),
        pytest.param(
            CustomerData(email_sha256=NOTHING, identifiers=Identifiers(email_sha256=OTHER)),
            Identifiers(email_sha256=OTHER),
            id="a registration without an e-mail",
        ),
    ],
)
def test_what_names_a_person_is_told_in_one_writing(data: Data, expected: Identifiers) -> None:
    assert told_identifiers(data) == expected


def pairs_of(*events: Event) -> list[tuple[str, str]]:
    pairs = pair_rows(event_rows(accepted(events), Origin("t", 0, 1), enrichment())).to_pylist()
    return [(pair["identifier"], pair["other_identifier"]) for pair in pairs]


def test_identifiers_are_paired_by_rank() -> None:
    data = told(email_sha256=UPPER, phone_sha256=OTHER, partner_id="T")
    ranked = ["c:1", f"p:{OTHER}", f"e:{LOWER}", "v:a", "t:T"]
    pairs = pairs_of(event(customerid="1", visitorid="a", data=data), event(visitorid="b"))
    assert pairs == list(combinations(ranked, 2))


def test_a_visitor_alone_is_paired_with_nobody() -> None:
    assert pairs_of(event(visitorid="a"), event(visitorid="b")) == []


def test_people_without_an_email_are_not_joined_by_it() -> None:
    def registered(visitor: str) -> Event:
        data = CustomerData(email_sha256=NOTHING)
        return event(CustomerLoggedIn, visitorid=visitor, data=data)

    assert pairs_of(registered("a"), registered("b")) == []


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        pytest.param(f"e:{UPPER}", f"e:{LOWER}", id="an e-mail"),
        pytest.param(f"p:{UPPER}", f"p:{LOWER}", id="a telephone"),
        pytest.param("v:Ab", "v:Ab", id="a visitor's case counts"),
    ],
)
def test_a_typed_identifier_is_the_one_that_events_bear(typed: str, written: str) -> None:
    assert written_identifier(typed) == written
