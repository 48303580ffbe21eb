"""What cells say: amounts, instants, truth values and digests, and what they refuse to be."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.importers.mapped import conversions, digests, instants
from streams.importers.mapped.conversions import Unfit

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("cell", "mark", "digits", "minor"),
    [
        pytest.param("12.34", ".", 2, 1234, id="a point"),
        pytest.param("12,34", ",", 2, 1234, id="a comma"),
        pytest.param("1 234,50", ",", 2, 123450, id="a space between thousands"),
        pytest.param("1\u00a0234,50", ",", 2, 123450, id="a space that does not break"),
        pytest.param("1,234,567.8", ".", 2, 123456780, id="commas between thousands"),
        pytest.param("1.234,50", ",", 2, 123450, id="points between thousands"),
        pytest.param("€ 9,99", ",", 2, 999, id="a sign before"),
        pytest.param("9.99 $", ".", 2, 999, id="a sign behind"),
        pytest.param("-3.005", ".", 2, -301, id="half a cent of a return"),
        pytest.param("3.005", ".", 2, 301, id="half a cent"),
        pytest.param("1200", ".", 0, 1200, id="yen"),
        pytest.param(".5", ".", 2, 50, id="no whole part"),
        pytest.param(12, ",", 2, 1200, id="a number of JSON"),
        pytest.param(0.1 + 0.2, ",", 2, 30, id="a fraction of JSON"),
        pytest.param(Decimal("7.10"), ",", 2, 710, id="a decimal of Parquet"),
    ],
)
def test_an_amount_is_read_in_units_and_kept_in_minor_ones(
    cell: object, mark: str, digits: int, minor: int
) -> None:
    assert conversions.money(mark, digits)(cell) == minor


@pytest.mark.parametrize(
    ("cell", "mark"),
    [
        pytest.param("12,34", ".", id="the other mark"),
        pytest.param("1.23.4", ".", id="two marks"),
        pytest.param("twelve", ".", id="a word"),
        pytest.param("99999999999999999999", ".", id="more than the contract takes"),
        pytest.param(10**20, ".", id="a number of JSON that is more"),
        pytest.param("1e3", ".", id="an exponent"),
        pytest.param("nan", ".", id="no number"),
        pytest.param(float("inf"), ".", id="infinity"),
        pytest.param([1], ".", id="a list"),
    ],
)
def test_what_is_no_amount_is_refused(cell: object, mark: str) -> None:
    with pytest.raises(Unfit):
        conversions.money(mark, 2)(cell)


@pytest.mark.parametrize(
    ("cell", "mark"), [("0,500", "."), ("0.500", ","), ("-0.500", ","), ("012.345", ",")]
)
def test_no_group_of_thousands_begins_with_nothing(cell: str, mark: str) -> None:
    with pytest.raises(Unfit, match="is no group of thousands: is "):
        conversions.money(mark, 2)(cell)


@given(st.integers(-(10**12), 10**12))
def test_every_amount_written_in_units_comes_back(minor: int) -> None:
    sign, whole = "-" if minor < 0 else "", abs(minor)
    for mark, between in ((".", ","), (",", "."), (",", " ")):
        told = f"{sign}{whole // 100:,}".replace(",", between) + f"{mark}{whole % 100:02}"
        assert conversions.money(mark, 2)(told) == minor


@pytest.mark.parametrize(
    ("cell", "layout", "zone", "wanted"),
    [
        pytest.param("2026-03-01T10:00:00Z", "iso", None, "2026-03-01T10:00", id="ISO with Z"),
        pytest.param("2026-03-01 10:00:00+03:00", "iso", None, "2026-03-01T07:00", id="an offset"),
        pytest.param("2026-03-01", "iso", BERLIN, "2026-02-28T23:00", id="a day alone"),
        pytest.param("1.3.2026 9:05", "%d.%m.%Y %H:%M", BERLIN, "2026-03-01T08:05", id="a pattern"),
        pytest.param("2026-07-01 12:00", "iso", BERLIN, "2026-07-01T10:00", id="summer time"),
        pytest.param("2026-10-25 02:30", "iso", BERLIN, "2026-10-25T00:30", id="told twice: first"),
        pytest.param("2026-03-29 02:30", "iso", BERLIN, "2026-03-29T01:30", id="in no day"),
        pytest.param("Mar 01 2026", "%b %d %Y", BERLIN, "2026-02-28T23:00", id="a month by name"),
        pytest.param("20260301 100000", "%Y%m%d %H%M%S", UTC, "2026-03-01T10:00", id="no marks"),
        pytest.param("1772359200", "epoch_seconds", None, "2026-03-01T10:00", id="seconds"),
        pytest.param(1772359200000, "epoch_milliseconds", None, "2026-03-01T10:00", id="millis"),
        pytest.param("1772359200000000", "epoch_microseconds", None, "2026-03-01T10:00", id="GA4"),
        pytest.param(datetime(2026, 3, 1, 11), "iso", BERLIN, "2026-03-01T10:00", id="Parquet's"),
        pytest.param(date(2026, 3, 1), "iso", UTC, "2026-03-01T00:00", id="a day of Parquet"),
    ],
)
def test_an_instant_is_read_in_its_zone(
    cell: object, layout: str, zone: ZoneInfo | None, wanted: str
) -> None:
    told = instants.instant(layout, zone)(cell)  # type: ignore[arg-type]
    assert told == datetime.fromisoformat(wanted).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cell", "layout", "words"),
    [
        pytest.param("2026-03-01 10:00", "iso", "names no time zone", id="no zone anywhere"),
        pytest.param("01.03.2026", "iso", "not an instant", id="another format"),
        pytest.param("31.02.2026", "%d.%m.%Y", "not an instant", id="a day that never was"),
        pytest.param("01.03.26", "%d.%m.%Y", "not an instant", id="two digits of a year"),
        pytest.param("yesterday", "epoch_seconds", "not a number", id="no epoch"),
        pytest.param("1e20", "epoch_seconds", "not an instant", id="beyond all years"),
        pytest.param({"at": 1}, "iso", "an object", id="an object"),
    ],
)
def test_what_is_no_instant_is_refused(cell: object, layout: str, words: str) -> None:
    with pytest.raises(Unfit, match=words):
        instants.instant(layout, None)(cell)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2099, 1, 1)))
def test_patterns_of_numbers_are_read_as_strptime_reads_them(told: datetime) -> None:
    layout = "%d/%m/%Y  %H:%M:%S.%f"
    cell = told.strftime(layout)
    wanted = datetime.strptime(cell, layout).replace(tzinfo=UTC)
    assert instants.instant(layout, UTC)(cell) == wanted  # type: ignore[arg-type]


def test_an_address_is_hashed_in_lower_case() -> None:
    wanted = hashlib.sha256(b"ann@mail.example").hexdigest()
    assert digests.email_sha256(" Ann@Mail.Example ") == wanted


@pytest.mark.parametrize("cell", ["ann", "ann@", "a b@mail.example", "ann@mail", "a@b@c.example"])
def test_what_is_no_address_is_refused(cell: str) -> None:
    with pytest.raises(Unfit, match="not an e-mail address"):
        digests.email_sha256(cell)


@pytest.mark.parametrize(
    ("cell", "country", "trunk"),
    [
        pytest.param("+49 151 2345678", "", "", id="international"),
        pytest.param("0049-151-2345678", "", "", id="two zeros"),
        pytest.param("0151 2345678", "49", "0", id="national"),
        pytest.param("(0151) 234-56-78", "49", "0", id="with brackets"),
        pytest.param("151 2345678", "49", "0", id="without the trunk prefix"),
        pytest.param("+49 (0)151 2345678", "", "", id="a zero that nobody dials from abroad"),
        pytest.param("0049 (0) 151 2345678", "49", "0", id="two zeros and such a zero"),
        pytest.param("49 (0)151 2345678", "49", "0", id="the plus forgotten, but clear"),
        pytest.param("(0)151 2345678", "49", "0", id="a zero in brackets first"),
    ],
)
def test_one_phone_has_one_digest_however_it_is_written(
    cell: str, country: str, trunk: str
) -> None:
    wanted = hashlib.sha256(b"+491512345678").hexdigest()
    assert digests.phone_sha256(country, trunk)(cell) == wanted


@pytest.mark.parametrize("cell", ["0151 2345678", "call me", "+12", "+1234567890123456"])
def test_what_is_no_whole_phone_is_refused(cell: str) -> None:
    with pytest.raises(Unfit):
        digests.phone_sha256("", "")(cell)


def test_a_number_that_may_hold_its_country_already_is_not_guessed_at() -> None:
    with pytest.raises(Unfit, match=r"write \+49"):
        digests.phone_sha256("49", "0")("4930123456")


def test_a_digest_passes_and_a_plain_address_does_not() -> None:
    digest = hashlib.sha256(b"ann@mail.example").hexdigest()
    assert digests.sha256(digest.upper()) == digest
    with pytest.raises(Unfit, match="as: email_sha256"):
        digests.sha256("ann@mail.example")


@pytest.mark.parametrize(
    ("cell", "answer"),
    [("Yes", True), ("0", False), (True, True), ("J", True), (1, True)],
    ids=["a word", "a digit", "JSON's own", "a word of the mapping", "a number"],
)
def test_truth_is_told_by_words(cell: object, answer: bool) -> None:
    assert conversions.boolean(["yes", "j", "1", "true"], ["no", "0", "false"])(cell) is answer


@pytest.mark.parametrize(("cell", "number"), [("3", 3), ("3.0", 3), (2.0, 2), ("1 000", 1000)])
def test_whole_numbers(cell: object, number: int) -> None:
    assert conversions.integer(cell) == number


@pytest.mark.parametrize("cell", ["3.5", "many", None, [3]])
def test_what_is_not_whole_is_refused(cell: object) -> None:
    with pytest.raises(Unfit):
        conversions.integer(cell)


def test_a_category_is_a_path_without_empty_steps() -> None:
    assert conversions.path(">")("Home > Kitchen >> Mugs ") == "Home/Kitchen/Mugs"
    assert conversions.path(">")(["Home", "Mugs"]) == "Home/Mugs"


@pytest.mark.parametrize("cell", ["1e99999999", "1e-99999999", "9" * 5_000, "0e99999999"])
@pytest.mark.parametrize(
    "read",
    [
        pytest.param(conversions.integer, id="a whole number"),
        pytest.param(instants.instant("epoch_seconds", None), id="an epoch"),
        pytest.param(
            lambda cell: conversions.money(".", 2)(Decimal(cell) if "e" in cell else cell),
            id="an amount",
        ),
    ],
)
def test_a_cell_of_endless_digits_stops_no_import(
    read: Callable[[object], object], cell: str
) -> None:
    with pytest.raises(Unfit):
        read(cell)
