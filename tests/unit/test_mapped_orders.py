"""Order rows as the life of orders: placed, paid, shipped, cancelled, returned."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mapped_files import as_csv, as_json_lines, as_text, made

ORDERS = """
makes: orders
source: /shop/orders
file: {zone: UTC}
fields:
  order_id: number
  customerid: client
  revenue_minor: {column: total, as: money}
products:
  each: split
  fields: {sku: skus}
statuses:
  placed: created
  paid: paid
  shipped: sent
  cancelled: {time: cancelled, reason: why}
  returned: {time: returned, revenue_minor: {column: refund, as: money}}
"""
_COLUMNS = "number client created paid sent cancelled why returned refund total skus"
_BLANK = dict.fromkeys(_COLUMNS.split(), "")


def order(**changes: str) -> dict[str, str]:
    """An order of two mugs, placed only."""
    told = {"number": "1042", "client": "C-7", "created": "2026-03-01 10:00:00"}
    return _BLANK | told | {"total": "40.00", "skus": "M-1|M-2"} | changes


def test_a_row_becomes_the_steps_that_it_reached(tmp_path: Path) -> None:
    row = order(paid="2026-03-01 10:02:00", sent="2026-03-02 09:00:00")
    told = made(tmp_path, as_csv(tmp_path, [row]), ORDERS, "orders").told
    assert [(one["type"], one["id"], one["time"]) for one in told] == [
        ("order.placed", "order:/shop/orders:1042:placed", "2026-03-01T10:00:00Z"),
        ("order.paid", "order:/shop/orders:1042:paid", "2026-03-01T10:02:00Z"),
        ("order.shipped", "order:/shop/orders:1042:shipped", "2026-03-02T09:00:00Z"),
    ]
    assert all(one["origin"] == "import" and one["customerid"] == "C-7" for one in told)
    assert all(one["data"]["revenue_minor"] == 4000 for one in told)


def test_a_cancellation_says_why(tmp_path: Path) -> None:
    row = order(cancelled="2026-03-01 11:00:00", why="out of stock")
    *_, told = made(tmp_path, as_csv(tmp_path, [row]), ORDERS, "orders").told
    assert (told["type"], told["data"]["reason"]) == ("order.cancelled", "out of stock")


@pytest.mark.parametrize(
    ("refund", "amount", "skus"),
    [
        pytest.param("", 4000, ["M-1", "M-2"], id="the whole, amount not told"),
        pytest.param("40.00", 4000, ["M-1", "M-2"], id="the whole amount"),
        pytest.param("15.00", 1500, [], id="a part, goods not told"),
    ],
)
def test_a_return_tells_its_own_amount(
    tmp_path: Path, refund: str, amount: int, skus: list[str]
) -> None:
    row = order(returned="2026-03-09 12:00:00", refund=refund)
    *_, told = made(tmp_path, as_csv(tmp_path, [row]), ORDERS, "orders").told
    assert told["type"] == "order.returned"
    assert told["data"]["revenue_minor"] == amount
    assert [one["sku"] for one in told["data"]["products"]] == skus


def test_steps_of_one_instant_keep_their_natural_order(tmp_path: Path) -> None:
    at = "2026-03-01 10:00:00"
    row = order(returned=at, sent=at, paid=at)
    assert made(tmp_path, as_csv(tmp_path, [row]), ORDERS, "orders").kinds == [
        "order.placed",
        "order.paid",
        "order.shipped",
        "order.returned",
    ]


def test_a_later_export_gives_the_steps_told_before_the_same_ids(tmp_path: Path) -> None:
    first = made(tmp_path, as_csv(tmp_path, [order()]), ORDERS, "orders").told
    later = [order(number="1041"), order(paid="2026-03-02 10:00:00")]
    again = made(tmp_path, as_csv(tmp_path, later), ORDERS, "orders").told
    assert first[0] in again


@pytest.mark.parametrize(
    ("changes", "column", "words"),
    [
        pytest.param(
            {"created": "", "paid": ""}, "created", "no status has a time", id="no time at all"
        ),
        pytest.param({"created": "soon"}, "created", "is not an instant", id="no instant"),
        pytest.param({"created": "0001-01-01"}, "", "lies outside", id="a year long gone"),
        pytest.param({"number": ""}, "number", "order_id is empty", id="no number"),
    ],
)
def test_a_bad_order_is_left_out_as_a_whole(
    tmp_path: Path, changes: dict[str, str], column: str, words: str
) -> None:
    rows = [order(paid="2026-03-01 10:02:00") | changes]
    imported = made(tmp_path, as_csv(tmp_path, rows), ORDERS, "orders")
    ((number, place, mistake), *_) = imported.mistakes
    assert place.startswith(column)
    assert number == 2
    assert words in mistake
    assert imported.told == []


@pytest.mark.parametrize(
    ("changes", "kinds", "warning"),
    [
        pytest.param({"total": "forty"}, ["placed"], ("unreadable", "data.revenue_minor"), id="so"),
        pytest.param(
            {"paid": "soon", "sent": "2026-03-02"},
            ["placed", "shipped"],
            ("unreadable", "order.paid"),
            id="a step without its time",
        ),
        pytest.param(
            {"returned": "0999-01-01"}, ["placed"], ("unreadable", "order.returned"), id="long ago"
        ),
        pytest.param(
            {"returned": "2026-03-09", "refund": "all"},
            ["placed", "returned"],
            ("unreadable", "data.revenue_minor"),
            id="a refund of words",
        ),
        pytest.param(
            {"client": "Guest"}, ["placed"], ("names_nobody", "customerid"), id="a guest's"
        ),
    ],
)
def test_a_bad_detail_of_an_order_costs_the_detail(
    tmp_path: Path, changes: dict[str, str], kinds: list[str], warning: tuple[str, str]
) -> None:
    imported = made(tmp_path, as_csv(tmp_path, [order(**changes)]), ORDERS, "orders")
    assert imported.mistakes == []
    assert imported.kinds == [f"order.{one}" for one in kinds]
    assert [(code, field) for _, code, field in imported.warnings] == [warning]


def test_an_order_of_nobody_is_an_order(tmp_path: Path) -> None:
    imported = made(tmp_path, as_csv(tmp_path, [order(client="")]), ORDERS, "orders")
    assert (imported.kinds, imported.mistakes) == (["order.placed"], [])
    assert "customerid" not in imported.told[0]


def test_an_order_that_was_changed_says_so_once_per_instant(tmp_path: Path) -> None:
    mapping = ORDERS.replace("  paid: paid\n", "  paid: paid\n  changed: {time: sent}\n").replace(
        "  shipped: sent\n", ""
    )
    row = order(sent="2026-03-02 09:00:00")
    *_, told = made(tmp_path, as_csv(tmp_path, [row]), mapping, "orders").told
    assert (told["type"], told["data"]["revenue_minor"]) == ("order.changed", 4000)
    assert told["id"] == "order:/shop/orders:1042:changed:20260302T090000"


@pytest.mark.parametrize(
    ("changes", "columns"),
    [
        pytest.param({"number": "", "total": "forty"}, ["number", "total"], id="with a time"),
        pytest.param(
            {"number": "", "total": "forty", "created": ""},
            ["created, paid, sent, cancelled, returned", "number", "total"],
            id="without",
        ),
        pytest.param(
            {"client": "a@b.example", "created": "soon"}, ["client", "created"], id="time"
        ),
    ],
)
def test_all_mistakes_of_an_order_are_told(
    tmp_path: Path, changes: dict[str, str], columns: list[str]
) -> None:
    imported = made(tmp_path, as_csv(tmp_path, [order(**changes)]), ORDERS, "orders")
    assert sorted(column for _, column, _ in imported.mistakes) == columns


def test_a_list_of_lines_that_cannot_be_read_is_one_warning(tmp_path: Path) -> None:
    mapping = """
makes: events
source: /shop
kind: cart.item_added
fields: {time: at, visitorid: who}
products: {each: item, of: lines, fields: {sku: sku}}
"""
    rows = [
        {"at": "2026-03-01T10:00Z", "who": "c", "lines": told} for told in ([{"sku": "M"}], "mug")
    ]
    imported = made(tmp_path, as_json_lines(tmp_path, rows), mapping)
    assert (2, "lines") in [(row, column) for row, column, _ in imported.lost]
    assert imported.mistakes == []


HISTORY = """
makes: orders
source: /shop/orders
fields: {order_id: id, customerid: client}
history:
  of: statuses
  status: status
  time: {column: at, format: epoch_seconds}
  lookup: {new: placed, paid: paid, sent: shipped, back: returned, packed: skip}
  revenue_minor: {column: amount, as: money}
"""


def told_steps(*steps: tuple[str, int]) -> list[dict[str, object]]:
    return [{"status": word, "at": 1_772_359_200 + second} for word, second in steps]


def test_a_list_of_statuses_becomes_steps_by_the_shops_words(tmp_path: Path) -> None:
    steps = told_steps(("sent", 30), ("new", 0), ("packed", 20), ("paid", 10))
    file = as_json_lines(tmp_path, [{"id": 1, "client": "c", "statuses": steps}])
    assert made(tmp_path, file, HISTORY, "orders").kinds == [
        "order.placed",
        "order.paid",
        "order.shipped",
    ]


def test_goods_that_come_back_twice_are_two_events(tmp_path: Path) -> None:
    steps = told_steps(("new", 0), ("back", 10), ("back", 20))
    file = as_json_lines(tmp_path, [{"id": 1, "client": "c", "statuses": steps}])
    assert [one["id"] for one in made(tmp_path, file, HISTORY, "orders").told] == [
        "order:/shop/orders:1:placed",
        "order:/shop/orders:1:returned:20260301T100010",
        "order:/shop/orders:1:returned:20260301T100020",
    ]


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        pytest.param(told_steps(("nwe", 0)), "is not in the lookup of statuses", id="a new word"),
        pytest.param([{"status": "new"}], "has no time", id="no time"),
        pytest.param([{"status": {"a": 1}, "at": 1}], "not in the lookup", id="no word"),
        pytest.param("new", "is not JSON", id="text"),
        pytest.param([], "no status has a time", id="nothing"),
    ],
)
def test_a_status_that_cannot_be_read_is_a_mistake(
    tmp_path: Path, steps: object, words: str
) -> None:
    good = {"id": 2, "client": "c", "statuses": told_steps(("new", 0))}
    file = as_json_lines(tmp_path, [{"id": 1, "client": "c", "statuses": steps}, good])
    imported = made(tmp_path, file, HISTORY, "orders")
    ((number, _, mistake),) = imported.mistakes
    assert number == 1
    assert words in mistake
    assert len(imported.told) == 1


LINES = """Number;Date;Client;Paid;Article;Title;Units;Price
1042;01.03.2026 10:00;C-7;01.03.2026 10:02;M-1;Кружка;2;12,50
1043;01.03.2026 10:00;C-8;;M-1;Кружка;2;12,50
1042;01.03.2026 10:00;C-7;01.03.2026 10:02;M-2;Чашка;1;1 009,00
"""


def test_order_lines_of_windows_make_orders_and_their_revenue(tmp_path: Path) -> None:
    file = as_text(tmp_path, LINES, encoding="windows-1251")
    imported = made(tmp_path, file, "order-lines", "orders")
    placed = {
        one["data"]["order_id"]: one["data"] for one in imported.told if "placed" in one["id"]
    }
    assert placed["1042"]["revenue_minor"] == 2 * 1250 + 100900
    assert [one["name"] for one in placed["1042"]["products"]] == ["Кружка", "Чашка"]
    assert imported.kinds.count("order.paid") == 1
    assert imported.history.rows == {"rows": 3, "in events": 3}


def test_order_lines_in_any_order_give_the_same_ids(tmp_path: Path) -> None:
    header, *lines = LINES.splitlines(keepends=True)
    ids = []
    for _ in range(3):
        random.Random(7).shuffle(lines)
        file = as_text(tmp_path, header + "".join(lines), encoding="windows-1251")
        told = made(tmp_path, file, "order-lines", "orders").told
        ids.append(sorted(one["id"] for one in told))
    assert ids[0] == ids[1] == ids[2]


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(4)))
def test_order_lines_in_any_order_give_the_same_messages(
    tmp_path_factory: pytest.TempPathFactory, turned: list[int]
) -> None:
    lines = [
        "1042;01.03.2026 10:00;C-7;;M-1;Mug;2;12,50\n",
        "1042;01.03.2026 10:00;;01.03.2026 10:02;M-2;Cup;1;9,00\n",
        "1042;01.03.2026 10:00;C-7;01.03.2026 10:05;M-3;Jug;1;19,00\n",
        "1042;01.03.2026 10:00;C-7;;M-1;Mug;2;12,50\n",
    ]
    folder, header = tmp_path_factory.mktemp("lines"), LINES.splitlines(keepends=True)[0]
    text = header + "".join(lines[one] for one in turned)
    imported = made(folder, as_text(folder, text), "order-lines", "orders")
    assert imported.kinds == ["order.placed", "order.paid"]
    placed, paid = imported.told
    assert (paid["time"], paid["customerid"]) == ("2026-03-01T07:02:00Z", "C-7")
    assert placed["data"]["revenue_minor"] == 2 * 2500 + 900 + 1900
    assert [one["sku"] for one in placed["data"]["products"]] == ["M-1", "M-1", "M-2", "M-3"]
    assert imported.history.rows["groups that tell several of paid"] == 1


def test_rows_of_an_order_that_name_two_customers_are_noted(tmp_path: Path) -> None:
    lines = LINES.replace("C-7;01.03.2026 10:02;M-2", "C-9;01.03.2026 10:02;M-2")
    file = as_text(tmp_path, lines, encoding="windows-1251")
    imported = made(tmp_path, file, "order-lines", "orders")
    assert imported.history.rows["groups that tell several of customerid"] == 1
    assert {one["customerid"] for one in imported.told} == {"C-7", "C-8"}


def test_orders_of_two_shops_with_one_number_are_two(tmp_path: Path) -> None:
    file = as_csv(tmp_path, [order()])
    first, second = (
        made(tmp_path, file, ORDERS.replace("/shop/orders", source), "orders").told[0]["id"]
        for source in ("/shop/a", "/shop/b")
    )
    assert (first, second) == ("order:/shop/a:1042:placed", "order:/shop/b:1042:placed")


def test_an_earlier_return_told_later_changes_no_id(tmp_path: Path) -> None:
    first, later = (
        {
            one["id"]: one["time"]
            for one in made(
                tmp_path,
                as_json_lines(tmp_path, [{"id": 1, "client": "c", "statuses": steps}]),
                HISTORY,
                "orders",
            ).told
        }
        for steps in (
            told_steps(("new", 0), ("back", 20)),
            told_steps(("new", 0), ("back", 10), ("back", 20)),
        )
    )
    assert first.items() < later.items()


def test_goods_that_come_back_in_two_parts_at_once_are_two_events(tmp_path: Path) -> None:
    steps = told_steps(("new", 0), ("back", 10), ("back", 10))
    file = as_json_lines(tmp_path, [{"id": 1, "client": "c", "statuses": steps}] * 2)
    grouped = HISTORY.replace("fields:", "group_by: id\nfields:")
    assert sorted(one["id"] for one in made(tmp_path, file, grouped, "orders").told) == [
        "order:/shop/orders:1:placed",
        "order:/shop/orders:1:returned:20260301T100010",
        "order:/shop/orders:1:returned:20260301T100010-2",
    ]


def test_the_shipped_example_of_orders_can_be_imported(tmp_path: Path) -> None:
    row = order(paid="2026-03-01 10:02:00") | {"e-mail": "Ann@Mail.example"}
    file = as_csv(tmp_path, [row | {"shipping": "4.90", "quantities": "1|2"}])
    imported = made(tmp_path, file, "orders", "orders")
    assert imported.kinds == ["order.placed", "order.paid"]
    assert imported.told[0]["time"] == "2026-03-01T09:00:00Z"
    assert len(imported.told[0]["data"]["identifiers"]["email_sha256"]) == 64


def test_the_shipped_example_of_a_history_can_be_imported(tmp_path: Path) -> None:
    steps = [{"status": "new", "at": "2026-03-01T10:00:00Z", "comment": "by phone"}]
    row = {"id": "1042", "client": {"id": "C-7"}, "total": 34.0, "currency": "EUR"}
    lines = [{"article": "M-1", "units": 2, "price": 12.5}]
    file = as_json_lines(tmp_path, [row | {"lines": lines, "statuses": steps}])
    (placed,) = made(tmp_path, file, "order-history", "orders").told
    assert (placed["customerid"], placed["data"]["reason"]) == ("C-7", "by phone")
    assert placed["data"]["products"] == [{"sku": "M-1", "quantity": 2, "price_minor": 1250}]
