"""What names nobody is no identifier of a row, and joins nobody, whichever identifier it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from streams.decode import Decoded
from streams.enrich.enrichment import Enrichment, Tables
from streams.event_warnings import EventWarning
from streams.events import Data, Event, Identifiers, OrderData, OrderPaid, OrderPlaced
from streams.identity import pair_rows
from streams.nobody import NobodyIds
from streams.records import Origin
from streams.rows import event_rows
from tests.builders import accepted, enrichment, event, record

ORIGIN = Origin("shop.events", 0, 1)
NIL = "00000000-0000-0000-0000-000000000000"
MAIL = "ab" * 32


def rows_of(events: list[Event], by: Enrichment | None = None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = event_rows(
        accepted(events), ORIGIN, by or enrichment()
    ).to_pylist()
    return rows


def as_identifier(kind: str, identifier: str) -> dict[str, Any]:
    if kind in ("visitorid", "customerid", "visitid"):
        return {kind: identifier}
    return {"data": Data(identifiers=Identifiers(**{kind: identifier}))}


@pytest.mark.parametrize("identifier", ["null", "Undefined", "0", NIL, "{{user.id}}", "guest"])
@pytest.mark.parametrize(
    "kind", ["visitorid", "customerid", "email_sha256", "phone_sha256", "partner_id"]
)
def test_what_names_nobody_joins_nobody_as_whatever_identifier(kind: str, identifier: str) -> None:
    other = {"customerid": "7"} if kind == "visitorid" else {"visitorid": "v1"}
    events = [event(**{**other, **as_identifier(kind, identifier)}) for _ in range(2)]
    table = event_rows(accepted(events), ORIGIN, enrichment())
    assert pair_rows(table).num_rows == 0
    assert set(table["person"].to_pylist()) == {"c:7" if kind == "visitorid" else "v:v1"}


def test_an_emptied_identifier_leaves_a_warning_beside_those_there_were() -> None:
    warning = EventWarning("unknown_field", "data.colour")
    one = event(visitorid="v1", customerid="null", visitid="(not set)")
    sound = event(visitorid="v2", customerid="7")
    read = [(record(0, one), Decoded(one, (warning,))), (record(1, sound), Decoded(sound))]
    rows = event_rows(read, ORIGIN, enrichment()).to_pylist()
    assert rows[0]["warnings"] == [
        {"code": "unknown_field", "field": "data.colour"},
        {"code": "names_nobody", "field": "customerid"},
        {"code": "names_nobody", "field": "visitid"},
    ]
    assert (rows[0]["customer_id"], rows[0]["visit_id"]) == ("", "")
    assert (rows[1]["customer_id"], rows[1]["warnings"]) == ("7", [])


def test_an_order_of_nobody_is_that_of_an_anonymous_person_of_its_own() -> None:
    data = OrderData(order_id="o1", revenue_minor=900)
    (row,) = rows_of([event(OrderPlaced, visitorid=NIL, customerid="guest", data=data)])
    assert (row["person"], row["visitor_id"], row["customer_id"]) == ("o:o1", "", "")


def test_a_guest_is_named_by_the_e_mail_of_the_order() -> None:
    data = OrderData(order_id="o1", identifiers=Identifiers(email_sha256=MAIL))
    (row,) = rows_of([event(OrderPlaced, visitorid="", customerid="0", data=data)])
    assert row["person"] == f"e:{MAIL}"


def test_a_shops_own_list_is_held_against_every_identifier_and_is_part_of_the_tables(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ours.yml"
    path.write_text("words: [till one]\n")
    own = Tables(ZoneInfo("UTC"), nobody=NobodyIds.read(path))
    (row,) = rows_of([event(visitorid="till-one", customerid="7")], Enrichment(own))
    assert (row["person"], row["visitor_id"]) == ("c:7", "")
    assert row["warnings"] == [{"code": "names_nobody", "field": "visitorid"}]
    assert own.parts()["nobody ids"] != Tables(ZoneInfo("UTC")).parts()["nobody ids"]


@pytest.mark.parametrize("number", ["null", "(not set)", "0", "undefined"])
def test_orders_whose_number_is_none_are_orders_of_their_own(number: str) -> None:
    orders = [
        event(OrderPlaced, id=f"e{visitor}", visitorid=visitor, data=OrderData(order_id=number))
        for visitor in "ab"
    ]
    rows = rows_of(orders)
    assert [row["order_id"] for row in rows] == ["ea", "eb"]
    assert {(one["code"], one["field"]) for row in rows for one in row["warnings"]} == {
        ("names_nobody", "data.order_id")
    }


def test_a_payment_of_no_order_is_of_none() -> None:
    (row,) = rows_of([event(OrderPaid, data=OrderData(order_id="null"))])
    assert row["order_id"] == ""


def test_an_event_that_names_nobody_says_so_and_an_order_of_nobody_need_not() -> None:
    page, order = rows_of(
        [
            event(visitorid="null"),
            event(OrderPlaced, id="e2", visitorid="", data=OrderData(order_id="o1")),
        ]
    )
    assert [one["code"] for one in page["warnings"]] == ["names_nobody", "nobody_named"]
    assert (order["person"], order["warnings"]) == ("o:o1", [])
