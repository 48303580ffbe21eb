"""What currencies were worth on which day: read from files of banks, kept in the warehouse.

Two shapes of CSV are read: a row per rate (`rate_on,currency,rate`, optionally `to_currency` and
`source`), and the European Central Bank's, a row per day with a column per currency, in units for
one euro; a day without the shop's own currency (`N/A`) is passed over. Rates that are known already
are not stored again, so the same file may be loaded daily.

A rate needs no mark on its days: a day is dirty while its orders were converted at other rates than
they would be now.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple

from warehouse.client import Warehouse

DIGITS = Decimal("0.000000000001")
LARGEST = Decimal(10) ** 9
MOST_MISTAKES = 20

_CODE = re.compile("[A-Z]{3}")
_EARLIEST, _LATEST = date(1970, 1, 1), date(2149, 6, 6)  # what a Date of the warehouse can hold
_COLUMNS = ("rate_on", "currency", "to_currency", "rate", "source", "loaded_at")
_KNOWN = """
select rate_on, currency, to_currency, rate, source
from reference.currency_rates final
where rate_on between {first:Date} and {last:Date}
"""
_MARTS_THERE = """
select count() = 2
from system.tables
where (database, name) in (('marts', 'orders'), ('intermediate', 'int_order_rates'))
"""
# Only orders in other currencies than the shop's have a fingerprint of rates.
_OUTDATED = """
with

orders as (

    select order_id, ordered_on, rates_fingerprint
    from marts.orders
    where rates_fingerprint != 0

),

rates as (

    select
        order_id,
        groupBitXor(rate_fingerprint) as rates_fingerprint
    from intermediate.int_order_rates
    where order_id in (select order_id from orders)
    group by order_id

)

select distinct orders.ordered_on
from orders
inner join rates on orders.order_id = rates.order_id
where orders.rates_fingerprint != rates.rates_fingerprint
"""


class RatesError(ValueError):
    """A file of rates cannot be used; the message names every mistake with its line."""


class Rate(NamedTuple):
    """What one unit of `currency` was worth on a day, in units of `to_currency`."""

    rate_on: date
    currency: str
    to_currency: str
    rate: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a file's rates."""

    new: int
    changed: int
    unchanged: int


def read(file: Path, shop_currency: str, source: str) -> list[Rate]:
    """The rates of a CSV file.

    Args:
        file: in one of the two shapes.
        shop_currency: what rates are into, where the file does not say.
        source: who published them, where the file does not say.

    Raises:
        RatesError: the file is missing or no such CSV, or holds lines that are no rates.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as content:
            lines = csv.DictReader(content)
            columns = [name.strip() for name in lines.fieldnames or ()]
            lines.fieldnames = columns
            if twice := sorted({name for name in columns if name and columns.count(name) > 1}):
                raise RatesError(f"{file} names a column twice: {', '.join(twice)}")
            if {"rate_on", "currency", "rate"} <= set(columns):
                return _checked(file, _rows(lines, shop_currency, source))
            if columns and columns[0] == "Date":
                return _banks_rates(file, lines, shop_currency, source)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RatesError(f"{file} cannot be read as CSV: {error}") from None
    raise RatesError(
        f"{file} has the columns {', '.join(columns) or '(none)'}; wanted are rate_on, currency, "
        "rate (and to_currency, source), or the European Central Bank's Date, USD, JPY, …"
    )


def load(warehouse: Warehouse, rates: Sequence[Rate]) -> Loaded:
    """Store the rates that are not known yet; of two for one day the last one loaded counts."""
    if not rates:
        return Loaded(0, 0, 0)
    span = {"first": min(one.rate_on for one in rates), "last": max(one.rate_on for one in rates)}
    known = {tuple(row[:3]): tuple(row[3:]) for row in warehouse.rows(_KNOWN, **span)}
    wanted = {one[:3]: one for one in rates}
    news = [one for place, one in wanted.items() if known.get(place) != one[3:]]
    now = datetime.now(UTC)
    warehouse.insert("reference.currency_rates", _COLUMNS, [(*one, now) for one in news])
    changed = sum(one[:3] in known for one in news)
    return Loaded(len(news) - changed, changed, len(wanted) - len(news))


def is_built(warehouse: Warehouse) -> bool:
    """Whether there are orders that could have been converted."""
    return bool(warehouse.scalar(_MARTS_THERE))


def days_at_other_rates(warehouse: Warehouse) -> set[date]:
    """The shop days with orders that were converted at other rates than they would be now."""
    if not is_built(warehouse):
        return set()
    return {day for (day,) in warehouse.rows(_OUTDATED)}


def _checked(file: Path, found: Iterable[Rate | str]) -> list[Rate]:
    outcomes = list(found)
    rates = [one for one in outcomes if isinstance(one, Rate)]
    mistakes = [one for one in outcomes if isinstance(one, str)] + list(_contradictions(rates))
    if mistakes:
        more = len(mistakes) - MOST_MISTAKES
        shown = mistakes[:MOST_MISTAKES] + ([f"and {more} more"] if more > 0 else [])
        raise RatesError(f"{file}: nothing was loaded: " + "; ".join(shown))
    return rates


def _contradictions(rates: Sequence[Rate]) -> Iterator[str]:
    told: dict[tuple[date, str, str], Decimal] = {}
    for one in rates:
        first = told.setdefault((one.rate_on, one.currency, one.to_currency), one.rate)
        if first != one.rate:
            pair = f"{one.currency} in {one.to_currency} on {one.rate_on}"
            yield f"{pair} is both {first.normalize():f} and {one.rate.normalize():f}"


def _expect_no_more(line: Mapping[str | None, Any], count: int) -> None:
    """A rate with a decimal comma that nobody quoted becomes two cells, and a rate of 1."""
    surplus = line.get(None) or ()
    if any(surplus):
        told = count + len(surplus)
        raise ValueError(f"{told} cells, where the header has {count}: is a comma not quoted?")


def _rows(lines: csv.DictReader[str], shop_currency: str, source: str) -> Iterator[Rate | str]:
    for line in lines:
        told = {name: (value or "").strip() for name, value in line.items() if name}
        try:
            _expect_no_more(line, len(lines.fieldnames or ()))
            yield _rate_of(told, shop_currency, source)
        except ValueError as error:
            yield f"line {lines.line_num}: {error}"


def _rate_of(told: Mapping[str, str], shop_currency: str, source: str) -> Rate:
    rate = Rate(
        _day(told["rate_on"]),
        _currency(told["currency"]),
        _currency(told.get("to_currency") or shop_currency),
        _rate(told["rate"]),
        told.get("source") or source,
    )
    if rate.currency == rate.to_currency:
        raise ValueError(f"{rate.currency} in {rate.to_currency} is 1 and needs no rate")
    return rate


def _banks_rates(
    file: Path, lines: csv.DictReader[str], shop_currency: str, source: str
) -> list[Rate]:
    currencies = list(lines.fieldnames or ())[1:]
    if shop_currency not in ("", "EUR", *currencies):
        raise RatesError(f"{file} has no column for {shop_currency}, the shop's currency")
    return _checked(file, _banks_days(lines, currencies, shop_currency, source))


def _banks_days(
    lines: csv.DictReader[str], currencies: Sequence[str], shop_currency: str, source: str
) -> Iterator[Rate | str]:
    """Rates into the shop's currency, by way of the euro that the bank counts in."""
    for line in lines:
        try:
            _expect_no_more(line, len(currencies) + 1)
            yield from _banks_day(line, currencies, _currency(shop_currency), source)
        except ValueError as error:
            yield f"line {lines.line_num}: {error}"


def _banks_day(
    line: Mapping[str, str], currencies: Sequence[str], shop_currency: str, source: str
) -> list[Rate]:
    rate_on = _day(line["Date"].strip())
    per_euro = {"EUR": Decimal(1)}
    for currency in currencies:
        text = (line[currency] or "").strip()
        if currency and text not in ("", "N/A"):
            per_euro[_currency(currency)] = _rate(text)
    if shop_currency not in per_euro:
        return []  # the bank did not publish the shop's own currency on that day
    return [
        Rate(
            rate_on,
            currency,
            shop_currency,
            (per_euro[shop_currency] / one).quantize(DIGITS),
            source,
        )
        for currency, one in per_euro.items()
        if currency != shop_currency
    ]


def _day(text: str) -> date:
    for form in ("%Y-%m-%d", "%d %B %Y"):  # the bank's file of a single day writes 26 November 2026
        try:
            day = datetime.strptime(text, form).date()
        except ValueError:
            continue
        if _EARLIEST <= day <= _LATEST:
            return day
    raise ValueError(f"{text!r} is no day such as 2026-03-01, from {_EARLIEST} to {_LATEST}")


def _currency(text: str) -> str:
    if not _CODE.fullmatch(text):
        missing = "no currency is told, and SHOP_CURRENCY is not set"
        raise ValueError(f"{text!r} is no currency such as EUR" if text else missing)
    return text


def _rate(text: str) -> Decimal:
    try:
        rate = Decimal(text)
    except InvalidOperation:
        rate = Decimal(0)
    if not (rate.is_finite() and DIGITS <= rate <= LARGEST):
        raise ValueError(f"{text!r} is no rate such as 1.0842, from {DIGITS} to {LARGEST:,}")
    return rate.quantize(DIGITS)
