"""One rule of rounding, and what a line is worth."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.amounts import LARGEST_MINOR, half_away, line_revenue
from streams.importers.ga_table import cents


@pytest.mark.parametrize(
    ("number", "whole"),
    [("0.5", 1), ("-0.5", -1), ("1.5", 2), ("2.5", 3), ("-2.5", -3), ("0.49", 0), ("-0.49", 0)],
)
def test_half_a_unit_goes_away_from_zero(number: str, whole: int) -> None:
    assert half_away(Decimal(number)) == whole


@pytest.mark.parametrize(("micros", "minor"), [(5_000, 1), (-5_000, -1), (4_999, 0), (-4_999, 0)])
def test_micros_of_analytics_are_rounded_by_the_same_rule(micros: int, minor: int) -> None:
    assert cents(micros) == minor == half_away(Decimal(micros) / 10_000)


@pytest.mark.parametrize(
    ("line", "worth"),
    [
        pytest.param((1250, 2, 0, None), 2500, id="price x quantity"),
        pytest.param((1250, 2, 300, None), 2200, id="less its discount"),
        pytest.param((1250, 2, 300, 999), 999, id="its own word"),
        pytest.param((1250, 2, 0, 0), 0, id="its own word of nothing"),
        pytest.param((1250, 0, 0, None), 1250, id="one piece when not told"),
        pytest.param((1250, 0.0, 0, None), 1250, id="one piece when not told, as a fraction"),
        pytest.param((0, 5, 300, None), 0, id="no price"),
        pytest.param((1250, 1.5, 0, None), 1875, id="a piece and a half"),
        pytest.param((5, 0.5, 0, None), 3, id="half a cent"),
        pytest.param((5, -0.5, 0, None), -3, id="half a cent given back"),
        pytest.param((10**15, 10**9, 0, None), LARGEST_MINOR, id="more than an amount may be"),
    ],
)
def test_a_line_is_worth(line: tuple[int, float, int, int | None], worth: int) -> None:
    assert line_revenue(*line) == worth


@given(st.integers(0, 10**6), st.integers(-(10**9), 10**9).filter(bool))
def test_what_is_given_back_is_worth_what_was_bought(price: int, millionths: int) -> None:
    quantity = millionths / 1_000_000
    assert line_revenue(price, -quantity, 0, None) == -line_revenue(price, quantity, 0, None)
    exact = half_away(Decimal(price) * Decimal(millionths) / 1_000_000)
    assert line_revenue(price, quantity, 0, None) == exact
