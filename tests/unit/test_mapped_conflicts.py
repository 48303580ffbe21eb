"""Rows that tell one event with different values: one counts, the others are mistakes."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestration.commands.importing import import_history
from streams.importers.mapped.outcome import Message
from streams.importers.mapped.pile import Pile
from tests.mapped_files import EVENTS, as_csv, made, visit

ORDERS = """
makes: orders
source: /s
file: {zone: UTC}
fields:
  order_id: number
  customerid: client
  revenue_minor: {column: total, as: money}
statuses: {placed: created, paid: paid}
"""
CUSTOMERS = """
makes: customers
source: /s
file: {zone: UTC}
fields: {customerid: client, country: country}
registered: created
"""


def order(**changes: str) -> dict[str, str]:
    told = {"number": "1", "client": "c", "total": "40.00", "country": "DE", "paid": ""}
    return told | {"created": "2026-03-01 10:00:00"} | changes


def test_an_order_of_several_rows_is_a_mistake_that_advises_group_by(tmp_path: Path) -> None:
    paid = "2026-03-01 11:00:00"
    rows = [order(), order(number="2"), order(total="99.00", paid=paid), order(total="70.00")]
    imported = made(tmp_path, as_csv(tmp_path, rows), ORDERS, "orders")
    words = (
        "is an event that row 2 tells with other values, which are kept;"
        " if an order has several rows, say `group_by`"
    )
    assert imported.mistakes == [(4, "number", words), (5, "number", words)]
    assert imported.history.first_mistakes[0].value == "order:/s:1:placed"
    assert imported.history.bad_rows == 2
    assert imported.history.pile.kinds == {"order.placed": 2, "order.paid": 1}
    assert len(imported.history.pile) == len(imported.told) == 3


def test_which_values_are_kept_does_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    rows = [order(total=f"{amount}.00") for amount in range(10, 20)]
    kept = set()
    for seed in range(5):
        random.Random(seed).shuffle(rows)
        (told,) = made(tmp_path, as_csv(tmp_path, rows), ORDERS, "orders").told
        kept.add(told["data"]["revenue_minor"])
    assert kept == {1000}


def test_rows_that_tell_an_event_alike_are_copies(tmp_path: Path) -> None:
    imported = made(tmp_path, as_csv(tmp_path, [order(), order()]), ORDERS, "orders")
    assert imported.mistakes == []
    assert imported.history.rows == {"rows": 2, "in events": 2, "events that repeat an id": 1}


def test_a_customer_told_twice_with_other_values_is_a_mistake(tmp_path: Path) -> None:
    rows = [order(created="2026-03-02 10:00"), order(created="2026-03-01 10:00")]
    mapping = CUSTOMERS.replace(", country: country", "")
    imported = made(tmp_path, as_csv(tmp_path, rows), mapping, "customers")
    words = "is an event that row 3 tells with other values, which are kept"
    assert imported.mistakes == [(2, "client", words)]


def test_an_id_of_the_file_that_two_events_bear_is_a_mistake(tmp_path: Path) -> None:
    rows = [visit(), visit(url="https://shop.example/a"), visit(who="d")]
    imported = made(tmp_path, as_csv(tmp_path, rows), EVENTS + "  id: who\n")
    ((row, column, _),) = imported.mistakes
    assert (row, column) == (3, "who")
    assert len(imported.told) == 2


@pytest.mark.parametrize(("flag", "code"), [([], 3), (["--strict"], 1)])
def test_an_order_told_twice_makes_the_exit_code_of_mistakes(
    tmp_path: Path, flag: list[str], code: int
) -> None:
    (tmp_path / "shop.yml").write_text(ORDERS)
    file = as_csv(tmp_path, [order(), order(total="99.00")])
    arguments = ["orders", str(file), "--mapping", str(tmp_path / "shop.yml"), *flag]
    home = {"LOCAL_HOME": str(tmp_path / "home")}
    assert CliRunner().invoke(import_history, [*arguments, "--dry-run"], env=home).exit_code == code


def test_many_messages_of_few_ids_are_told_apart(tmp_path: Path) -> None:
    chance, pile = random.Random(7), Pile(tmp_path)
    told: dict[str, dict[int, int]] = {}
    for row in range(2_000):
        name, value = str(chance.randrange(300)), chance.randrange(3)
        told.setdefault(name, {}).setdefault(value, 0)
        told[name][value] += 1
        payload = json.dumps({"id": name, "type": "page.viewed", "value": value}).encode()
        at = datetime(2026, 3, 1, second=value, tzinfo=UTC)
        pile.add(Message(at, 0, "page.viewed", name, b"k", payload, is_repeatable=False, row=row))
    copies = pile.close()
    lost = [one.row for one in pile.conflicts()]
    kept = [min(values) for values in told.values()]
    assert copies == sum(one[first] - 1 for one, first in zip(told.values(), kept, strict=True))
    assert lost == sorted(lost)
    assert len(lost) + len(pile) == 2_000
    assert {one["value"] for one in map(json.loads, (body for _, body in pile.messages()))} <= {
        0,
        1,
        2,
    }
