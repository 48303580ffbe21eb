"""What a cell says, as a value of the contract: the closed vocabulary of mappings.

Cells are text, or what JSON and Parquet know beyond text. A cell that cannot be read is `Unfit`,
whose message says what was wanted. More decimals than are kept are rounded as `streams.amounts`
says: half a unit away from zero.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import date, datetime
from decimal import Decimal

from streams.amounts import LARGEST_MINOR, MILLIONTHS, half_away
from streams.event_warnings import Code

_CURRENCY_SIGNS = re.compile(r"^[$€£¥₽₴₸₹₺₩\s]+|[$€£¥₽₴₸₹₺₩\s]+$")
_SPACES = str.maketrans("", "", " \u00a0\u202f\u2009'’")
_GROUPED = {
    ".": re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?"),
    ",": re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?"),
}
_MOST_DIGITS = 30  # `1e99999999` is nine bytes in a cell and a hundred million digits as an integer
_LARGEST_INTEGER = 2**63 - 1
_MOST_PIECES = 10**9  # of a quantity of the contract
_PLAIN = {".": re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)"), ",": re.compile(r"[+-]?(\d+(,\d*)?|,\d+)")}


class Unfit(ValueError):  # noqa: N818  # an outcome of reading, not an error of the program
    """A cell that cannot be what its rule says; the message is for the report of mistakes.

    `code` is that of the warning, where the cell costs no more than its field. `instead` is what
    the field holds all the same, if anything.
    """

    column = ""
    value = ""

    def __init__(self, mistake: str, code: Code = "unreadable", instead: str = "") -> None:
        super().__init__(mistake)
        self.code: Code = code
        self.instead = instead


def text_of(value: object) -> str:
    """A value as text: JSON's numbers and truth values as JSON writes them.

    Raises:
        Unfit: it is an object or a list.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float | Decimal):
        return str(value)
    raise Unfit(f"is {_named(value)}, where text was expected")


def integer(value: object) -> int:
    """A whole number of at most 64 bits; `3.0` is one, `3.5` is not."""
    whole = value if isinstance(value, int) and not isinstance(value, bool) else _whole(value)
    if abs(whole) > _LARGEST_INTEGER:
        raise Unfit("is larger than any number of the contract", "out_of_range")
    return whole


def _whole(value: object) -> int:
    told = text_of(value).translate(_SPACES)
    try:
        return int(told)
    except ValueError:
        number = decimal_of(told, "is not a whole number")
    if number != number.to_integral_value():
        raise Unfit("is not a whole number")
    return int(number)


def money(decimal_mark: str, digits: int) -> Callable[[object], int]:
    """Reader of amounts: `1 234,50` or `1,234.50 €` by the decimal mark, to minor units.

    More decimals, as computed prices have, are rounded, half a unit away from zero.

    Args:
        decimal_mark: `.` or `,`; the other one may stand between thousands.
        digits: decimals of the currency's minor unit: 2 for cents, 0 for yen.
    """
    number_of = _reader(decimal_mark, "an amount")

    def read(value: object) -> int:
        minor = half_away(number_of(value).scaleb(digits))
        if abs(minor) > LARGEST_MINOR:
            largest = f"{LARGEST_MINOR:,} in minor units"
            raise Unfit(f"is more than an amount may be: {largest}", "out_of_range")
        return minor

    return read


def number(decimal_mark: str) -> Callable[[object], int | float]:
    """Reader of quantities: exact to a millionth, and negative where a line is given back."""
    number_of = _reader(decimal_mark, "a number")

    def read(value: object) -> int | float:
        try:
            millionths = half_away(number_of(value) * MILLIONTHS)
        except Unfit:
            millionths = integer(value) * MILLIONTHS  # `3.0` where the decimal mark is a comma
        if abs(millionths) > _MOST_PIECES * MILLIONTHS:
            raise Unfit(f"is more than a quantity may be: {_MOST_PIECES:,}", "out_of_range")
        whole, rest = divmod(millionths, MILLIONTHS)
        return millionths / MILLIONTHS if rest else whole

    return read


def _reader(decimal_mark: str, wanted: str) -> Callable[[object], Decimal]:
    """Reader of decimals: `1 234,50` or `1,234.50` by the decimal mark."""
    grouped, plain = _GROUPED[decimal_mark], _PLAIN[decimal_mark]
    other = "," if decimal_mark == "." else "."

    def read(value: object) -> Decimal:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str):
            told = _CURRENCY_SIGNS.sub("", value).translate(_SPACES)
            if grouped.fullmatch(told):
                if told.lstrip("+-").startswith("0"):
                    raise Unfit(f"is no group of thousands: is {other!r} its decimal mark?")
                told = told.replace(other, "")
            elif not plain.fullmatch(told):
                raise Unfit(f"is not {wanted} with the decimal mark {decimal_mark!r}")
            told = told.replace(",", ".")
        else:
            told = str(value) if isinstance(value, float | Decimal) else text_of(value)
        return decimal_of(told, f"is not {wanted}")

    return read


def boolean(true_words: Collection[str], false_words: Collection[str]) -> Callable[[object], bool]:
    """Reader of truth values by their words, in any case."""
    told = dict.fromkeys((word.casefold() for word in false_words), False)
    told |= dict.fromkeys((word.casefold() for word in true_words), True)

    def read(value: object) -> bool:
        answer = told.get(text_of(value).casefold())
        if answer is None:
            raise Unfit(f"is none of {', '.join(told)}")
        return answer

    return read


def path(separator: str) -> Callable[[object], str]:
    """Reader of category paths: `Home > Mugs` or a list, to `Home/Mugs`."""

    def read(value: object) -> str:
        steps = value if isinstance(value, list) else text_of(value).split(separator)
        return "/".join(step for one in steps if (step := text_of(one).strip()))

    return read


def members(separator: str) -> Callable[[object], list[str]]:
    """Reader of lists in one cell, without the outer spaces of their members."""
    return lambda value: [one.strip() for one in text_of(value).split(separator)]


def _named(value: object) -> str:
    return "a list" if isinstance(value, list) else "an object"


def decimal_of(told: str, complaint: str) -> Decimal:
    """A number from its digits.

    Raises:
        Unfit: with the complaint; it is none, not finite, or further from one than 30 digits.
    """
    try:
        number = Decimal(told)
    except ArithmeticError:
        raise Unfit(complaint) from None
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS:
        raise Unfit(complaint)
    return number
