from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.currency_rates import Rate, RatesError, read

FRIDAY = date(2026, 3, 6)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rates.csv"


def test_a_row_per_rate_is_read_and_the_shop_s_currency_fills_what_is_not_told(file: Path) -> None:
    file.write_text(
        "rate_on,currency,to_currency,rate,source\n"
        "2026-03-06,USD,,0.92,\n"
        "2026-03-06,GBP,USD,1.27,Bank of England\n"
    )
    assert read(file, "EUR", "a file") == [
        Rate(FRIDAY, "USD", "EUR", Decimal("0.92"), "a file"),
        Rate(FRIDAY, "GBP", "USD", Decimal("1.27"), "Bank of England"),
    ]


def test_the_central_bank_s_file_is_turned_round_for_a_shop_in_euros(file: Path) -> None:
    file.write_text("Date,USD,JPY,CYP,\n2026-03-06,1.25,160,N/A,\n")
    assert read(file, "EUR", "ECB") == [
        Rate(FRIDAY, "USD", "EUR", Decimal("0.8"), "ECB"),
        Rate(FRIDAY, "JPY", "EUR", Decimal("0.00625"), "ECB"),
    ]


def test_the_central_bank_s_file_crosses_rates_for_a_shop_in_another_currency(file: Path) -> None:
    file.write_text("Date,USD,GBP\n2026-03-06,1.25,0.8\n")
    found = {one.currency: one.rate for one in read(file, "GBP", "ECB")}
    assert found == {"EUR": Decimal("0.8"), "USD": Decimal("0.64")}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param("day;rate\n", "columns day;rate; wanted are rate_on", id="other columns"),
        pytest.param("", r"columns \(none\)", id="an empty file"),
        pytest.param(
            "rate_on,currency,rate\n6.3.2026,USD,1\n2026-03-06,usd,1\n2026-03-06,USD,0\n",
            "line 2: '6.3.2026' is no day.*line 3: 'usd' is no currency.*line 4: '0' is no rate",
            id="every mistake with its line",
        ),
        pytest.param("rate_on,currency,rate\n2026-03-06,USD,1e400\n", "is no rate", id="too large"),
        pytest.param("rate_on,currency,rate\n2026-03-06,USD,4e-13\n", "is no rate", id="too small"),
        pytest.param(
            "rate_on,currency,rate\n2026-03-06,USD,1,0842\n",
            "line 2: 4 cells, where the header has 3: is a comma not quoted",
            id="a decimal comma",
        ),
        pytest.param(
            "Date,USD,CHF,\n2026-03-06,1,08,0,9,\n", "line 2: 6 cells", id="the bank's with commas"
        ),
        pytest.param(
            "rate_on,currency,rate\n2026-03-06,USD,0.92\n2026-03-06,USD,0.95\n",
            "USD in CHF on 2026-03-06 is both 0.92 and 0.95",
            id="two rates for a day",
        ),
        pytest.param("Date,USD,USD\n", "names a column twice: USD", id="a column twice"),
        pytest.param("rate_on,currency,rate\n1969-03-06,USD,1\n", "is no day", id="too early"),
        pytest.param("rate_on,currency,rate\n2026-03-06,CHF,1\n", "needs no rate", id="its own"),
        pytest.param("Date,USD\n2026-03-06,1.1\n", "no column for CHF", id="the shop's is missing"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(file: Path, content: str, complaint: str) -> None:
    file.write_text(content)
    with pytest.raises(RatesError, match=complaint):
        read(file, "CHF", "a file")


def test_days_on_which_the_bank_knew_no_rate_of_the_shop_s_currency_are_passed_over(
    file: Path,
) -> None:
    file.write_text("Date,USD,INR\n2026-03-06,1.25,100\n05 March 2026,1.2,N/A\n")
    assert {one.rate_on for one in read(file, "INR", "ECB")} == {FRIDAY}


def test_the_file_of_a_single_day_is_read_with_its_date_in_words(file: Path) -> None:
    file.write_text("Date, USD, JPY, \n06 March 2026, 1.25, 160, \n")
    assert {one.rate_on for one in read(file, "EUR", "ECB")} == {FRIDAY}


def test_rates_without_a_currency_of_the_shop_say_what_to_set(file: Path) -> None:
    file.write_text("rate_on,currency,rate\n2026-03-06,USD,1.1\n")
    with pytest.raises(RatesError, match="SHOP_CURRENCY is not set"):
        read(file, "", "a file")


def test_a_missing_file_is_named(file: Path) -> None:
    with pytest.raises(RatesError, match=r"rates\.csv cannot be read"):
        read(file, "EUR", "a file")
