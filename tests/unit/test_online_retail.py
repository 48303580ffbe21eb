"""The order lines of a year as the life cycle of customers: every row in an event or counted."""

from __future__ import annotations

import csv
import gzip
import random
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from streams import events as contract
from streams.decode import Rejected, decode
from streams.events import Event, encode, key_of, kind_of
from streams.importers import online_retail
from streams.importers.source import SourceError

COLUMNS = (
    *("invoice_no", "stock_code", "description", "quantity", "invoice_ts"),
    *("unit_price", "customer_id", "country"),
)


def row(**changes: str) -> dict[str, str]:
    """Two mugs of customer 17850, on a winter morning in London."""
    return {
        "invoice_no": "536365",
        "stock_code": "21730",
        "description": "MUG",
        "quantity": "2",
        "invoice_ts": "2010-12-01 08:26:00",
        "unit_price": "4.25",
        "customer_id": "17850",
        "country": "United Kingdom",
    } | changes


def test_a_first_order_registers_its_customer_one_second_before(tmp_path: Path) -> None:
    registered, placed = events_of(tmp_path, [row()])
    assert isinstance(registered, contract.CustomerRegistered)
    assert isinstance(placed, contract.OrderPlaced)
    assert (placed.time - registered.time).total_seconds() == 1
    assert key_of(registered) == key_of(placed) == b"17850"


def test_a_second_order_does_not_register_again(tmp_path: Path) -> None:
    later = row(invoice_no="536400", invoice_ts="2010-12-02 09:00:00")
    assert kinds_of(tmp_path, [row(), later]) == [
        "customer.registered",
        "order.placed",
        "order.placed",
    ]


def test_an_order_holds_all_of_its_lines_repeated_ones_too(tmp_path: Path) -> None:
    postage = row(stock_code="POST", description="", unit_price="18.00", quantity="1")
    _, placed = events_of(tmp_path, [row(), row(), postage])
    assert isinstance(placed, contract.OrderPlaced)
    assert [line.sku for line in placed.data.products] == ["21730", "21730", "POST"]
    assert placed.data.revenue_minor == 850 + 850 + 1800
    assert placed.data.currency == "GBP"


def test_a_price_below_a_cent_rounds_per_line(tmp_path: Path) -> None:
    _, placed = events_of(tmp_path, [row(unit_price="0.001", quantity="1500")])
    assert isinstance(placed, contract.OrderPlaced)
    (line,) = placed.data.products
    assert (line.price_minor, line.revenue_minor) == (0, 150)


@pytest.mark.parametrize(
    ("local", "instant"),
    [
        pytest.param("2010-12-01 08:26:00", datetime(2010, 12, 1, 8, 26), id="winter"),
        pytest.param("2011-07-01 08:26:00", datetime(2011, 7, 1, 7, 26), id="summer"),
    ],
)
def test_the_shops_clock_is_londons(tmp_path: Path, local: str, instant: datetime) -> None:
    _, placed = events_of(tmp_path, [row(invoice_ts=local)])
    assert placed.time == instant.replace(tzinfo=UTC)


def test_an_order_without_a_customer_is_a_visitor_of_its_own(tmp_path: Path) -> None:
    (placed,) = events_of(tmp_path, [row(customer_id="")])
    assert (placed.visitorid, placed.customerid) == ("invoice:536365", "")


def test_a_cancellation_of_all_goods_cancels_the_order(tmp_path: Path) -> None:
    *_, cancelled = events_of(tmp_path, [row(), cancellation(quantity="-2")])
    assert isinstance(cancelled, contract.OrderCancelled)
    assert cancelled.data.order_id == "536365"
    assert cancelled.data.revenue_minor == 850
    assert bytes(cancelled.data.context) == b'{"invoice":"C536390","country":"United Kingdom"}'


def test_a_cancellation_of_some_goods_returns_them(tmp_path: Path) -> None:
    *_, returned = events_of(tmp_path, [row(), cancellation(quantity="-1")])
    assert isinstance(returned, contract.OrderReturned)
    assert returned.data.order_id == "536365"
    assert [(line.sku, line.quantity) for line in returned.data.products] == [("21730", 1)]


def test_goods_come_back_from_the_latest_order_that_holds_them(tmp_path: Path) -> None:
    second = row(invoice_no="536380", invoice_ts="2010-12-02 09:00:00", quantity="1")
    *_, returned = events_of(tmp_path, [row(), second, cancellation(quantity="-2")])
    assert isinstance(returned, contract.OrderCancelled)
    assert returned.data.order_id == "536365"


def test_goods_of_an_order_before_the_files_come_back_under_their_own_number(
    tmp_path: Path,
) -> None:
    registered, returned = events_of(tmp_path, [cancellation()])
    assert isinstance(registered, contract.CustomerRegistered)
    assert isinstance(returned, contract.OrderReturned)
    assert returned.data.order_id == "C536390"


def test_goods_of_another_customer_are_not_taken_for_these(tmp_path: Path) -> None:
    stranger = cancellation(customer_id="13047")
    *_, returned = events_of(tmp_path, [row(), stranger])
    assert isinstance(returned, contract.OrderReturned)
    assert returned.data.order_id == "C536390"


def test_every_row_is_in_an_event_or_counted_with_its_reason(tmp_path: Path) -> None:
    rows = [
        row(),
        row(invoice_no="A563185", stock_code="B", unit_price="-11062.06", customer_id=""),
        row(invoice_no="536589", quantity="-10", unit_price="0.0", customer_id=""),
        cancellation(quantity="3"),
        row(invoice_no="536366", unit_price="-1.00"),
    ]
    history = online_retail.history(as_csv(tmp_path, rows))
    assert history.rows == {
        "rows": 5,
        "in events": 1,
        "bookkeeping: neither an order nor a cancellation": 1,
        "more than nothing cancelled": 1,
        "negative price": 1,
        "stock correction: less than nothing ordered": 1,
    }


def test_a_history_counts_its_events_before_it_makes_them(tmp_path: Path) -> None:
    rows = [row(), row(invoice_no="536380", customer_id=""), cancellation()]
    history = online_retail.history(as_csv(tmp_path, rows))
    assert history.count == len(list(history.events())) == 4


def test_events_are_in_time_order_and_the_same_whatever_the_order_of_the_file(
    tmp_path: Path,
) -> None:
    rows = [
        row(invoice_no=f"5364{number:02}", invoice_ts=f"2010-12-01 0{number % 4}:00:00")
        | {"customer_id": str(17_000 + number % 5)}
        for number in range(20)
    ]
    events = events_of(tmp_path, rows)
    assert [event.time for event in events] == sorted(event.time for event in events)
    assert events_of(tmp_path, random.Random(1).sample(rows, len(rows))) == events


def test_parquet_and_csv_give_the_same_events(tmp_path: Path) -> None:
    rows = [row(), row(stock_code="POST", description=""), row(invoice_no="1", customer_id="")]
    text = as_csv(tmp_path, rows)
    types = {"invoice_no": pa.string(), "stock_code": pa.string()}
    table = pyarrow.csv.read_csv(
        text, convert_options=pyarrow.csv.ConvertOptions(column_types=types)
    )
    pq.write_table(table, tmp_path / "rows.parquet")
    assert list(online_retail.events(tmp_path / "rows.parquet")) == list(online_retail.events(text))


def test_the_stream_can_read_every_event(tmp_path: Path) -> None:
    rows = [row(), row(invoice_no="536366", customer_id=""), cancellation()]
    for event in events_of(tmp_path, rows):
        assert not isinstance(decode(encode(event)), Rejected)


def test_a_missing_file_is_told_with_what_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"name online_retail\.parquet or online_retail\.csv\.gz"):
        online_retail.history(tmp_path)


def test_a_file_that_lacks_a_column_is_told_with_the_column(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("invoice_no,quantity\n1,2\n")
    with pytest.raises(SourceError, match=r"lacks stock_code, description"):
        online_retail.history(file)


def test_a_file_with_text_for_a_number_is_told_with_the_place(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"cannot be read as csv: .*'many'"):
        online_retail.history(as_csv(tmp_path, [row(quantity="many")]))


def cancellation(**changes: str) -> dict[str, str]:
    told = {"invoice_no": "C536390", "invoice_ts": "2010-12-05 12:00:00", "quantity": "-1"}
    return row(**(told | changes))


def as_csv(folder: Path, rows: list[dict[str, str]]) -> Path:
    file = folder / "rows.csv.gz"
    with gzip.open(file, "wt", newline="") as text:
        writer = csv.DictWriter(text, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return file


def events_of(folder: Path, rows: list[dict[str, str]]) -> list[Event]:
    return list(online_retail.events(as_csv(folder, rows)))


def kinds_of(folder: Path, rows: list[dict[str, str]]) -> list[str]:
    return [kind_of(event) for event in events_of(folder, rows)]
