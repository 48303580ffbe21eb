"""Amounts in minor units: how they are rounded, and what a line is worth.

One rule of rounding for all amounts, whoever computes them: half a unit goes away from zero, so
that a return is as large as what it returns. `1.005` is 101 cents and `-1.005` is -101.
"""

from __future__ import annotations

from decimal import Decimal

LARGEST_MINOR = 10**15  # of an amount of the contract
MILLIONTHS = 1_000_000  # of a piece: quantities have six decimals


def half_away(number: Decimal) -> int:
    """The nearest whole number; half a unit away from zero."""
    whole = int(abs(number) + Decimal("0.5"))
    return -whole if number < 0 else whole


def line_revenue(
    price_minor: int, quantity: float, discount_minor: int, revenue_minor: int | None
) -> int:
    """What a line is worth: its own word, else price x quantity less the discount.

    Args:
        price_minor: of a piece; 0 is not told, and then the line is worth nothing.
        quantity: exact to a millionth; 0 is not told, and one piece then.
        discount_minor: taken off the whole line.
        revenue_minor: the line's own word; None is not told.

    Returns:
        Minor units, half a unit rounded away from zero, within the bounds of the contract.
    """
    if revenue_minor is not None:
        return revenue_minor
    if not price_minor:
        return 0
    if type(quantity) is int or not quantity:
        worth = price_minor * int(quantity or 1)
    else:
        doubled = price_minor * round(quantity * MILLIONTHS) * 2
        whole = (abs(doubled) + MILLIONTHS) // (2 * MILLIONTHS)
        worth = whole if doubled >= 0 else -whole
    return max(-LARGEST_MINOR, min(LARGEST_MINOR, worth - discount_minor))
