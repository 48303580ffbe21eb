"""Rows as events by a mapping: ids, order, mistakes, and every row accounted for."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.importers.mapped.reading import read_mapping
from streams.importers.mapped.rules import columns_of, rule_of
from tests.mapped_files import EVENTS, as_csv, as_json_lines, as_text, made, visit

SHOP = """
makes: events
source: /shop/log
kind:
  column: action
  lookup:
    page: page.viewed
    view: product.viewed
    add: cart.item_added
    order: order.placed
    ping: skip
fields:
  time: {column: at, zone: UTC}
  visitorid: who
  customerid: client
  order_id: order
  revenue_minor: {column: total, as: money}
  currency: {value: EUR}
  channel: {column: from, lookup: {g: Paid Search, m: Email}, otherwise: Other, default: Direct}
  context.stock: {column: stock, as: integer}
products:
  fields:
    sku: sku
    price_minor: {column: price, as: money}
    quantity: {column: units, default: 1}
"""
_ROW = dict.fromkeys(
    ("at", "action", "who", "client", "order", "total", "from", "stock", "sku", "price", "units"),
    "",
)


def row(**changes: str) -> dict[str, str]:
    return _ROW | {"at": "2026-03-01 10:00:00", "action": "page", "who": "c-1"} | changes


def test_a_row_tells_its_kind_and_only_the_fields_that_the_kind_has(tmp_path: Path) -> None:
    view = row(action="view", sku="M-1", price="12.50", total="99", stock="3")
    (told,) = made(tmp_path, as_csv(tmp_path, [view]), SHOP).told
    assert told | {"id": ""} == {
        "specversion": "1.0",
        "type": "product.viewed",
        "source": "/shop/log",
        "origin": "import",
        "id": "",
        "time": "2026-03-01T10:00:00Z",
        "visitorid": "c-1",
        "channel": "Direct",
        "data": {
            "currency": "EUR",
            "product": {"sku": "M-1", "price_minor": 1250, "quantity": 1},
            "context": {"stock": 3},
        },
    }


def test_every_row_is_in_an_event_or_counted_with_its_reason(tmp_path: Path) -> None:
    rows = [row(), row(action="ping"), row(action="dance"), row(at="soon"), row(who="")]
    imported = made(tmp_path, as_csv(tmp_path, rows), SHOP)
    assert imported.history.rows == {
        "rows": 5,
        "in events": 2,
        "in events with warnings": 1,
        "left out for mistakes": 2,
        "skipped: ping is left out": 1,
    }


@pytest.mark.parametrize(
    ("changes", "column", "words"),
    [
        pytest.param({"at": ""}, "at", "time is empty, and page.viewed must have it", id="no time"),
        pytest.param({"at": "soon"}, "at", "is not an instant", id="no instant"),
        pytest.param({"at": "1016-03-01"}, "at", "lies outside 1990..2099", id="a year long gone"),
        pytest.param({"action": "dance"}, "action", "not in the lookup of kinds", id="a new word"),
    ],
)
def test_a_mistake_is_reported_with_its_row_and_column(
    tmp_path: Path, changes: dict[str, str], column: str, words: str
) -> None:
    imported = made(tmp_path, as_csv(tmp_path, [row(), row(**changes), row()]), SHOP)
    ((number, place, mistake),) = imported.mistakes
    assert (number, place) == (3, column)
    assert words in mistake
    assert imported.history.rows["in events"] == 2


BUY = {"action": "order", "order": "1", "sku": "s", "total": "9"}


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        pytest.param({"who": ""}, ("nobody_named", ""), id="nobody"),
        pytest.param({"action": "view"}, ("missing", "data.product"), id="no product"),
        pytest.param(BUY | {"total": "9,5"}, ("unreadable", "data.revenue_minor"), id="a comma"),
        pytest.param(
            BUY | {"sku": "s" * 300}, ("text_cut", "data.products[].sku"), id="a long sku"
        ),
        pytest.param(
            {"action": "view", "sku": "s", "price": "-1"},
            ("out_of_range", "data.product.price_minor"),
            id="a negative price",
        ),
        pytest.param(
            {"action": "add", "sku": "s", "units": "few"},
            ("unreadable", "data.products[].quantity"),
            id="few units",
        ),
        pytest.param({"stock": "3.5"}, ("unreadable", "data.context.stock"), id="half a piece"),
        pytest.param({"who": "null"}, ("names_nobody", "visitorid"), id="null"),
        pytest.param({"client": "guest", "who": "v"}, ("names_nobody", "customerid"), id="a guest"),
        pytest.param(
            {"client": "a@b.example"}, ("plain_identifier", "customerid"), id="an address"
        ),
    ],
)
def test_any_other_fault_costs_its_detail_and_is_a_warning(
    tmp_path: Path, changes: dict[str, str], warning: tuple[str, str]
) -> None:
    imported = made(tmp_path, as_csv(tmp_path, [row(), row(**changes), row()]), SHOP)
    assert imported.mistakes == []
    code, field = warning
    assert (3, code) in [(number, one) for number, one, _ in imported.warnings]
    assert field in [one for _, _, one in imported.warnings] or not field
    assert {number for number, _, _ in imported.warnings} == {3}
    assert imported.history.rows["in events"] == 3
    assert imported.history.rows["in events with warnings"] == 1


def test_an_amount_that_is_too_large_is_reported_as_its_cell_says_it(tmp_path: Path) -> None:
    bad = row(action="view", sku="s", price="99999999999999999999")
    imported = made(tmp_path, as_csv(tmp_path, [bad]), SHOP)
    (told,) = imported.history.first_warnings
    assert told.value == "99999999999999999999"
    assert told.mistake == "is more than an amount may be: 1,000,000,000,000,000 in minor units"
    assert imported.told[0]["data"]["product"] == {"sku": "s", "quantity": 1}


def test_all_mistakes_of_a_row_are_reported(tmp_path: Path) -> None:
    bad = row(at="soon", action="view", sku="s", price="dear", units="few")
    imported = made(tmp_path, as_csv(tmp_path, [bad]), SHOP)
    assert {column for _, column, _ in imported.mistakes} == {"at", "price", "units"}


@pytest.mark.parametrize(
    ("changes", "columns"),
    [
        pytest.param({"at": "soon", "total": "x"}, ["at", "total"], id="a time is there, unread"),
        pytest.param({"at": "", "stock": "3.5", "units": "x"}, ["at", "stock", "units"], id="none"),
    ],
)
def test_what_could_not_be_read_hides_no_other_mistake_and_makes_none(
    tmp_path: Path, changes: dict[str, str], columns: list[str]
) -> None:
    bad = row(action="order", order="1", sku="s", **changes)
    imported = made(tmp_path, as_csv(tmp_path, [bad]), SHOP)
    assert sorted(column for _, column, _ in imported.mistakes) == columns
    assert imported.history.bad_rows == 1


def test_the_report_goes_when_its_mistakes_are_mended(tmp_path: Path) -> None:
    bad = made(tmp_path, as_csv(tmp_path, [row(at="soon")]), SHOP)
    assert bad.history.report.exists()
    good = made(tmp_path, as_csv(tmp_path, [row()]), SHOP)
    assert not good.history.report.exists()


def test_events_come_in_time_order_whatever_the_order_of_rows(tmp_path: Path) -> None:
    rows = [row(at=f"2026-03-01 {hour:02}:00:00", who=f"c-{hour}") for hour in range(24)]
    shuffled = random.Random(1).sample(rows, len(rows))
    assert made(tmp_path, as_csv(tmp_path, shuffled), SHOP).told == [
        *made(tmp_path, as_csv(tmp_path, rows), SHOP).told
    ]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abc")), min_size=1, max_size=30),
    st.randoms(use_true_random=False),
)
def test_any_permutation_of_rows_gives_the_same_messages(
    seen: list[tuple[int, str]], chance: random.Random
) -> None:
    rows = [visit(at=f"2026-03-01T10:00:0{second}", who=who) for second, who in seen]
    with tempfile.TemporaryDirectory() as folder:
        told = made(Path(folder), as_csv(Path(folder), rows), EVENTS).told
        chance.shuffle(rows)
        again = made(Path(folder), as_csv(Path(folder), rows), EVENTS).told
    assert told == again
    assert len({one["id"] for one in told}) == len(rows)


def test_rows_that_say_the_same_are_events_of_their_own_by_counting(tmp_path: Path) -> None:
    told = made(tmp_path, as_csv(tmp_path, [visit(), visit(), visit()]), EVENTS).told
    (first, *others) = [one["id"] for one in told]
    assert others == [f"{first}-2", f"{first}-3"]


def test_rows_added_to_an_export_change_no_id(tmp_path: Path) -> None:
    few = made(tmp_path, as_csv(tmp_path, [visit(who="b")]), EVENTS).told
    more = made(tmp_path, as_csv(tmp_path, [visit(who="a"), visit(who="b")]), EVENTS).told
    assert few[0] in more


def test_an_id_of_the_file_is_kept_and_its_copies_are_counted(tmp_path: Path) -> None:
    mapping = EVENTS + '  id: {join: [who, at], with: ":"}\n'
    imported = made(tmp_path, as_csv(tmp_path, [visit(), visit(), visit(who="d")]), mapping)
    assert sorted(one["id"] for one in imported.told) == [
        *["c-1:2026-03-01T10:00:00"] * 2,
        "d:2026-03-01T10:00:00",
    ]
    assert imported.history.rows["events that repeat an id"] == 1


def test_a_lookup_reads_words_in_lower_case_if_told_so(tmp_path: Path) -> None:
    mapping = EVENTS + "  channel: {column: url, lower: true, lookup: {mail: Email}}\n"
    imported = made(tmp_path, as_csv(tmp_path, [visit(url="MAIL"), visit(url="mial")]), mapping)
    assert sorted(one.get("channel", "") for one in imported.told) == ["", "Email"]
    assert imported.lost == [(3, "url", "is not in the lookup; 'mail' is")]


def test_words_that_mean_nothing_are_empty(tmp_path: Path) -> None:
    mapping = 'file: {nulls: ["NULL", "-"]}' + EVENTS
    (told,) = made(tmp_path, as_csv(tmp_path, [visit(url=" NULL ")]), mapping).told
    assert "page" not in told["data"]


def test_of_several_columns_the_first_that_tells_counts(tmp_path: Path) -> None:
    mapping = EVENTS.replace("visitorid: who", "visitorid: [login, who]")
    rows = [visit() | {"login": ""}, visit() | {"login": "ann"}]
    told = made(tmp_path, as_csv(tmp_path, rows), mapping).told
    assert {one["visitorid"] for one in told} == {"c-1", "ann"}


def test_numbers_and_truth_of_json_become_text_where_text_is_wanted(tmp_path: Path) -> None:
    row = {"at": "2026-03-01T10:00:00Z", "who": 17850, "url": {"a": 1}}
    fine = {"at": "2026-03-01T10:00:00Z", "who": 17850.0, "url": "/"}
    imported = made(tmp_path, as_json_lines(tmp_path, [fine, row]), EVENTS)
    assert imported.told[0]["visitorid"] == "17850"
    assert imported.lost == [(2, "url", "is an object, where text was expected")]


PRODUCTS = """
makes: events
source: /shop/log
kind: cart.item_added
fields:
  time: {column: at, zone: UTC}
  visitorid: who
products:
"""


@pytest.mark.parametrize(
    ("products", "told", "skus"),
    [
        pytest.param("  {fields: {sku: sku}}", {"sku": "M-1", "who": "c"}, ["M-1"], id="a row"),
        pytest.param(
            "  {each: split, fields: {sku: sku, quantity: units}}",
            {"sku": "M-1|M-2", "units": "1|2", "who": "c"},
            ["M-1", "M-2"],
            id="lists in cells",
        ),
        pytest.param(
            "  {each: item, of: lines, fields: {sku: id, name: about.name}}",
            {"lines": '[{"id": "M-1", "about": {"name": "Mug"}}, {"id": "M-2"}]', "who": "c"},
            ["M-1", "M-2"],
            id="a list of JSON in a cell",
        ),
    ],
)
def test_products_come_from_a_row_from_lists_and_from_objects(
    tmp_path: Path, products: str, told: dict[str, str], skus: list[str]
) -> None:
    file = as_csv(tmp_path, [told | {"at": "2026-03-01"}])
    (event,) = made(tmp_path, file, PRODUCTS + products + "\n").told
    assert [one["sku"] for one in event["data"]["products"]] == skus


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        pytest.param("[{", "is not JSON", id="broken JSON"),
        pytest.param('{"id": 1}', "is not a list of objects", id="an object"),
        pytest.param(
            '[{"name": "Mug"}, {"id": "M-1"}]', "a product has no sku", id="an item without an SKU"
        ),
    ],
)
def test_a_broken_list_of_products_is_a_warning(tmp_path: Path, cell: str, words: str) -> None:
    mapping = PRODUCTS + "  {each: item, of: lines, fields: {sku: id}}\n"
    file = as_csv(tmp_path, [{"at": "2026-03-01", "who": "c", "lines": cell}])
    imported = made(tmp_path, file, mapping)
    (_, column, mistake), *_ = imported.lost
    assert column.startswith("lines")
    assert words in mistake
    assert imported.kinds == ["cart.item_added"]


def test_rows_of_a_group_make_one_event_wherever_they_stand(tmp_path: Path) -> None:
    mapping = "group_by: cart" + PRODUCTS + "  {fields: {sku: sku}}\n"
    carts = ("1", "2", "1", "", "")
    rows = [
        {"at": "2026-03-01", "who": "c", "cart": cart, "sku": f"M-{number}"}
        for number, cart in enumerate(carts)
    ]
    imported = made(tmp_path, as_csv(tmp_path, rows), mapping)
    skus = sorted([one["sku"] for one in told["data"]["products"]] for told in imported.told)
    assert skus == [["M-0", "M-2"], ["M-1"], ["M-3"], ["M-4"]]


def test_a_bad_row_costs_its_group_a_detail_and_its_kind_the_row(tmp_path: Path) -> None:
    mapping = "group_by: cart" + PRODUCTS + "  {fields: {sku: sku, quantity: units}}\n"
    rows = [
        {"at": "2026-03-01", "who": "c", "cart": "1", "sku": "M-1", "units": units}
        for units in ("1", "few", "2")
    ]
    imported = made(tmp_path, as_csv(tmp_path, rows), mapping)
    assert imported.history.rows["in events with warnings"] == 3
    assert imported.warnings == [(3, "unreadable", "data.products[].quantity")]
    quantities = [one.get("quantity") for one in imported.told[0]["data"]["products"]]
    assert sorted(quantities, key=str) == [1, 2, None]


ORDER_LOG = """
makes: events
source: /shop/log
kind: {column: what, lookup: {buy: order.placed, refund: order.returned, part: line, ping: skip}}
group_by: order
fields:
  time: {column: at, zone: UTC}
  visitorid: who
  order_id: order
  revenue_minor: {column: total, as: money}
products: {fields: {sku: sku}}
"""


def logged(what: str, day: int, sku: str) -> dict[str, str]:
    told = {
        "what": what,
        "at": f"2026-03-0{day} 00:00",
        "who": "v",
        "order": "1042",
        "total": "40.00",
    }
    return told | {"sku": sku}


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(5)))
def test_an_order_and_its_return_in_one_group_are_two_events(
    tmp_path_factory: pytest.TempPathFactory, turned: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("log")
    rows = [
        logged("buy", 1, "M-1"),
        logged("buy", 1, "M-2"),
        logged("refund", 9, "M-2"),
        logged("ping", 2, "M-9"),
        logged("buy", 2, "M-3"),
    ]
    without_lines = ORDER_LOG.replace(", part: line", "")
    file = as_csv(folder, [rows[one] for one in turned])
    imported = made(folder, file, without_lines)
    assert imported.kinds == ["order.placed", "order.returned"]
    skus = [[one["sku"] for one in told["data"]["products"]] for told in imported.told]
    assert skus == [["M-1", "M-2", "M-3"], ["M-2"]]
    assert imported.told[0]["time"] == "2026-03-01T00:00:00Z"
    assert imported.history.rows == {
        "rows": 5,
        "in events": 4,
        "groups that tell several of time": 1,
        "skipped: ping is left out": 1,
    }


def test_a_line_of_two_events_is_a_mistake(tmp_path: Path) -> None:
    rows = [logged("buy", 1, ""), logged("part", 1, "M-1"), logged("refund", 9, "")]
    imported = made(tmp_path, as_csv(tmp_path, rows), ORDER_LOG)
    assert [(row, words[:44]) for row, _, words in imported.mistakes] == [
        (3, "is a line of order.placed or of order.return"),
    ]
    assert imported.history.rows["left out for mistakes"] == 3


def test_rows_that_all_bear_the_id_of_their_order_are_its_lines(tmp_path: Path) -> None:
    mapping = ORDER_LOG.replace("  time:", "  id: order\n  time:")
    rows = [logged("buy", 1, "M-1"), logged("buy", 1, "M-2")]
    (told,) = made(tmp_path, as_csv(tmp_path, rows), mapping.replace(", part: line", "")).told
    assert [one["sku"] for one in told["data"]["products"]] == ["M-1", "M-2"]


def test_the_shipped_example_of_events_can_be_imported(tmp_path: Path) -> None:
    row = {
        "time": "04.03.2026 10:15:00",
        "action": "view",
        "cookie": "c-1",
        "price": "12,50",
        "sku": "M-1",
        "category": "Home > Mugs",
    }
    read = read_mapping("events", "events").mapping
    columns = [one for told in read.fields.values() for one in columns_of(rule_of(told))]
    file = as_csv(tmp_path, [dict.fromkeys([*columns, "title", "quantity"], "") | row])
    (told,) = made(tmp_path, file, "events").told
    assert told["time"] == "2026-03-04T09:15:00Z"
    assert told["data"]["product"] == {
        "sku": "M-1",
        "category": "Home/Mugs",
        "price_minor": 1250,
        "quantity": 1,
    }


def test_cyrillic_of_windows_survives(tmp_path: Path) -> None:
    mapping = "file: {encoding: windows-1251}" + EVENTS + "  page.title: title\n"
    text = "at,who,url,title\n2026-03-01T10:00:00,c-1,/,Кружка\n"
    (told,) = made(tmp_path, as_text(tmp_path, text, encoding="windows-1251"), mapping).told
    assert told["data"]["page"]["title"] == "Кружка"
