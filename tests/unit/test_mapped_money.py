"""Amounts of rows in minor units of their own currency, as the marts read them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from streams.currencies import EXCEPTIONS, minor_digits
from tests.mapped_files import as_csv, as_json_lines, made

MONEY_SQL = Path(__file__).parents[2] / "dbt_project" / "macros" / "money.sql"
ORDERS = """
makes: orders
source: /shop/orders
file: {zone: UTC}
fields:
  order_id: number
  customerid: client
  revenue_minor: {column: total, as: money}
  currency: currency
products: {fields: {sku: sku, price_minor: {column: price, as: money}}}
statuses:
  placed: created
  returned: {time: back, revenue_minor: {column: refund, as: money}}
"""


def order(**changes: str) -> dict[str, str]:
    told = {"number": "1", "client": "c", "currency": "", "total": "", "sku": "M-1", "price": ""}
    return told | {"created": "2026-03-01 10:00", "back": "", "refund": ""} | changes


def placed(told: list[dict[str, Any]]) -> dict[str, Any]:
    (data,) = (one["data"] for one in told if one["type"] == "order.placed")
    assert isinstance(data, dict)
    return data


def test_the_marts_know_the_same_digits() -> None:
    told = re.findall(r"^ +(\d): '([A-Z ]+)'", MONEY_SQL.read_text(), re.MULTILINE)
    assert {int(digits): currencies for digits, currencies in told} == EXCEPTIONS
    assert [minor_digits(one) for one in ("JPY", "EUR", "KWD", "CLF", "")] == [0, 2, 3, 4, 2]


@pytest.mark.parametrize(
    ("currency", "cell", "minor"),
    [("JPY", "1500", 1500), ("KWD", "1.234", 1234), ("EUR", "1500", 150_000), ("", "1.5", 150)],
)
def test_an_amount_has_the_digits_of_its_rows_currency(
    tmp_path: Path, currency: str, cell: str, minor: int
) -> None:
    row = order(currency=currency, total=cell, price=cell, back="2026-03-02 10:00", refund=cell)
    told = made(tmp_path, as_csv(tmp_path, [row]), ORDERS, "orders").told
    assert [one["data"]["revenue_minor"] for one in told] == [minor, minor]
    assert placed(told)["products"][0]["price_minor"] == minor


@pytest.mark.parametrize(
    ("currency", "wanted"),
    [
        pytest.param("currency: {value: JPY}", 1500, id="of the mapping"),
        pytest.param("", 1500000, id="of the shop"),
        pytest.param("currency: {column: currency, lookup: {yen: JPY}}", 1500, id="by a lookup"),
    ],
)
def test_a_currency_may_be_told_once_for_all_rows(
    tmp_path: Path, currency: str, wanted: int
) -> None:
    file = as_csv(tmp_path, [order(total="1500", currency="yen")])
    mapping = ORDERS.replace("currency: currency", currency)
    told = made(tmp_path, file, mapping, "orders", shop_currency="KWD").told
    assert placed(told)["revenue_minor"] == wanted


def test_a_line_that_tells_no_currency_has_its_orders(tmp_path: Path) -> None:
    rows = [order(price="900", sku="M-2"), order(currency="JPY", total="1500", price="600")]
    grouped = ORDERS.replace("fields:", "group_by: number\nfields:", 1)
    for lines in (rows, rows[::-1]):
        told = made(tmp_path, as_csv(tmp_path, lines, "file.csv"), grouped, "orders").told
        assert sorted(one["price_minor"] for one in placed(told)["products"]) == [600, 900]


@pytest.mark.parametrize(
    ("currency", "cell", "minor"),
    [("JPY", "1500.5", 1501), ("KWD", "1.2345", 1235), ("EUR", "35.9964", 3600)],
)
def test_more_decimals_than_the_currency_has_are_rounded(
    tmp_path: Path, currency: str, cell: str, minor: int
) -> None:
    file = as_csv(tmp_path, [order(currency=currency, total=cell)])
    assert placed(made(tmp_path, file, ORDERS, "orders").told)["revenue_minor"] == minor


def test_zeros_and_what_is_left_of_binary_fractions_change_nothing(tmp_path: Path) -> None:
    rows = [
        order(number="1", currency="JPY") | {"total": "1500.00"},
        order(number="2", currency="EUR") | {"total": 0.1 + 0.2},
    ]
    told = made(tmp_path, as_json_lines(tmp_path, rows), ORDERS, "orders").told
    assert sorted(one["data"]["revenue_minor"] for one in told) == [30, 1500]


@pytest.mark.parametrize(("digits", "wanted"), [(2, 1000), (0, 10)])
def test_digits_of_the_mapping_count_before_the_currencys_and_round(
    tmp_path: Path, digits: int, wanted: int
) -> None:
    mapping = ORDERS.replace("total, as: money", f"total, as: money, digits: {digits}")
    file = as_csv(tmp_path, [order(currency="JPY", total="9.999")])
    assert placed(made(tmp_path, file, mapping, "orders").told)["revenue_minor"] == wanted


def test_a_ga4_purchase_in_dinars_keeps_its_fils(tmp_path: Path) -> None:
    purchase = {
        "event_name": "purchase",
        "event_timestamp": 1772359200000000,
        "user_pseudo_id": "p-1",
        "ecommerce": {"transaction_id": "T-1", "purchase_revenue": 1.234},
        "event_params": [{"key": "currency", "value": {"string_value": "KWD"}}],
        "items": [{"item_id": "M-1", "price": 1.234, "quantity": 1}],
    }
    (told,) = made(tmp_path, as_json_lines(tmp_path, [purchase]), "ga4").told
    assert told["data"]["revenue_minor"] == told["data"]["products"][0]["price_minor"] == 1234
