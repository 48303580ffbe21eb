from datetime import UTC, date, datetime

import pytest
from msgspec import Raw

from streams.enrich.enrichment import Enrichment
from streams.events import (
    KINDS,
    CartData,
    CartItemAdded,
    Data,
    Event,
    OrderData,
    OrderPlaced,
    Page,
    Product,
)
from streams.identity import pair_rows
from streams.ledger import gaps_of
from streams.ranges import range_rows
from streams.records import Origin
from streams.rows import event_rows
from tests.builders import NOON, accepted, enrichment, event, record

UTC_SHOP = enrichment()
ORIGIN = Origin("shop.events", 2, 7)


def row_of(one: Event, by: Enrichment = UTC_SHOP) -> dict[str, object]:
    row: dict[str, object] = event_rows(accepted([one]), ORIGIN, by).to_pylist()[0]
    return row


@pytest.mark.parametrize(
    ("zone", "day"),
    [("UTC", 8), ("America/Los_Angeles", 7), ("Asia/Tokyo", 8)],
)
def test_the_shop_day_is_the_day_in_the_shops_zone(zone: str, day: int) -> None:
    one = event(time=datetime(2026, 3, 8, 6, 30, tzinfo=UTC))
    row = row_of(one, enrichment(zone))
    assert row["occurred_on"] == date(2026, 3, day)


def test_the_shop_day_survives_the_hour_that_summer_time_skips() -> None:
    los_angeles = enrichment("America/Los_Angeles")
    before = row_of(event(time=datetime(2026, 3, 8, 7, 59, tzinfo=UTC)), los_angeles)
    after = row_of(event(time=datetime(2026, 3, 9, 7, 0, tzinfo=UTC)), los_angeles)
    assert (before["occurred_on"], after["occurred_on"]) == (date(2026, 3, 7), date(2026, 3, 9))


def test_a_person_is_the_visitor_else_the_customer() -> None:
    assert row_of(event(visitorid="1", customerid="2"))["person"] == "v:1"
    assert row_of(event(visitorid="", customerid="2"))["person"] == "c:2"


def test_an_order_without_revenue_is_told_from_one_of_nothing() -> None:
    unknown = row_of(event(OrderPlaced, data=OrderData(order_id="1")))
    nothing = row_of(event(OrderPlaced, data=OrderData(order_id="1", revenue_minor=0)))
    assert (unknown["is_revenue_known"], nothing["is_revenue_known"]) == (False, True)


def test_products_of_each_event_stay_with_it() -> None:
    carts = [
        event(CartItemAdded, id="a", data=CartData(products=[Product(sku="x"), Product(sku="y")])),
        event(id="b"),
        event(CartItemAdded, id="c", data=CartData(products=[Product(sku="z", quantity=3)])),
    ]
    rows = event_rows(accepted(carts), ORIGIN, UTC_SHOP)
    assert rows["product_skus"].to_pylist() == [["x", "y"], [], ["z"]]
    assert rows["product_quantities"].to_pylist() == [[0, 0], [], [3]]


def test_every_kind_has_the_fields_of_an_envelope_in_one_order() -> None:
    """Rows are told by the place of a field."""
    assert len({kind.__struct_fields__ for kind in KINDS.values()}) == 1


def test_the_context_is_kept_to_the_letter() -> None:
    text = b'{"price": 1e400, "price": "\\u00e4"}'
    assert row_of(event(data=Data(context=Raw(text))))["context"] == text


def test_a_page_on_the_own_site_brings_no_channel() -> None:
    by = enrichment("UTC", "shop.example")
    one = event(
        data=Data(page=Page(url="https://shop.example/", referrer="https://shop.example/a"))
    )
    assert row_of(one, by)["channel"] == "Direct"


def test_a_range_counts_events_rejects_gaps_and_arrivals() -> None:
    records = [record(10, event(id="a")), record(11, b"{"), record(14, event(id="b"))]
    rows = range_rows(
        records,
        expected_from=8,
        topic_id="T",
        origin=ORIGIN,
        by=UTC_SHOP,
        ingested_at=NOON,
    )
    stored = rows.stored
    assert (stored.from_offset, stored.to_offset) == (8, 14)
    assert (stored.event_count, stored.dead_letter_count) == (2, 1)
    assert stored.gaps == [(8, 9), (12, 13)]
    assert dict(stored.arrivals) == {NOON.date(): 2}
    assert rows.log["offset"].to_pylist() == [10, 11, 14]
    assert rows.dead_letters["errors"].to_pylist()[0][0].startswith("not JSON")


@pytest.mark.parametrize(
    ("offsets", "expected_from", "gaps"),
    [
        pytest.param([0, 1, 2], 0, [], id="none"),
        pytest.param([5], 0, [(0, 4)], id="before the first"),
        pytest.param([0, 2, 3, 7], 0, [(1, 1), (4, 6)], id="between"),
    ],
)
def test_gaps_are_what_a_fetch_skipped(
    offsets: list[int], expected_from: int, gaps: list[tuple[int, int]]
) -> None:
    assert gaps_of(offsets, expected_from) == gaps


def test_a_pair_spans_from_its_first_to_its_last_sight() -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    events = [
        event(customerid="c", time=late),
        event(customerid="c", time=early),
        event(visitorid="v2"),
    ]
    pairs = pair_rows(event_rows(accepted(events), ORIGIN, UTC_SHOP))
    assert pairs.to_pylist() == [
        {
            "identifier": "c:c",
            "other_identifier": "v:v1",
            "first_seen_at": early,
            "last_seen_at": late,
        }
    ]
