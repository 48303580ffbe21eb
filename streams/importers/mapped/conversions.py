"""What a cell says, as a value of the contract: the closed vocabulary of mappings.

Cells are text, or what JSON and Parquet know beyond text. A cell that cannot be read is `Unfit`,
whose message says what was wanted; rounding is half up, as the other importers round.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

EPOCHS = {"epoch_seconds": 1, "epoch_milliseconds": 1_000, "epoch_microseconds": 1_000_000}

_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_CURRENCY_SIGNS = re.compile(r"^[$€£¥₽₴₸₹₺₩\s]+|[$€£¥₽₴₸₹₺₩\s]+$")
_SPACES = str.maketrans("", "", " \u00a0\u202f\u2009'’")
_GROUPED = {
    ".": re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?"),
    ",": re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?"),
}
_PLAIN = {".": re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)"), ",": re.compile(r"[+-]?(\d+(,\d*)?|,\d+)")}
_PHONE = re.compile(r"\+?[\d\s().\-/]+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")

_DIGITS = {
    "Y": "{4}",
    "m": "{1,2}",
    "d": "{1,2}",
    "H": "{1,2}",
    "M": "{1,2}",
    "S": "{1,2}",
    "f": "{1,6}",
}
_READ_AS_NUMBERS = frozenset(map(frozenset, ("Ymd", "YmdHM", "YmdHMS", "YmdHMSf")))


class Unfit(ValueError):  # noqa: N818  # an outcome of reading, not an error of the program
    """A cell that cannot be what its rule says; the message is for the report of mistakes."""

    column = ""
    value = ""


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
    """A whole number; `3.0` is one, `3.5` is not."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    told = text_of(value).translate(_SPACES)
    try:
        return int(told)
    except ValueError:
        number = _decimal(told, "is not a whole number")
    if number != number.to_integral_value():
        raise Unfit("is not a whole number")
    return int(number)


def money(decimal_mark: str, digits: int) -> Callable[[object], int]:
    """Reader of amounts: `1 234,50` or `1,234.50 €` by the decimal mark, to minor units.

    Args:
        decimal_mark: `.` or `,`; the other one may stand between thousands.
        digits: decimals of the currency's minor unit: 2 for cents, 0 for yen.
    """
    grouped, plain = _GROUPED[decimal_mark], _PLAIN[decimal_mark]
    other = "," if decimal_mark == "." else "."

    def read(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool):
            return int(value * 10**digits)
        if isinstance(value, str):
            told = _CURRENCY_SIGNS.sub("", value).translate(_SPACES)
            if grouped.fullmatch(told):
                told = told.replace(other, "")
            elif not plain.fullmatch(told):
                raise Unfit(f"is not an amount with the decimal mark {decimal_mark!r}")
            told = told.replace(",", ".")
        else:
            told = str(value) if isinstance(value, float | Decimal) else text_of(value)
        return _half_up(_decimal(told, "is not an amount").scaleb(digits))

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


def instant(layout: str, zone: ZoneInfo | None) -> Callable[[object], datetime]:
    """Reader of instants, in UTC.

    Args:
        layout: `iso`, an epoch (see EPOCHS), or a pattern of `datetime.strptime`.
        zone: of local times; of two instants with one local time, the first is meant.
    """
    numbers = _numbers_reader(layout)

    def in_utc(told: datetime) -> datetime:
        if told.tzinfo is None:
            if zone is None:
                raise Unfit("names no time zone, and neither does the rule: add `zone`")
            told = told.replace(tzinfo=zone)
        return told.astimezone(UTC)

    def read(value: object) -> datetime:
        if not isinstance(value, str):
            if isinstance(value, datetime):
                return in_utc(value)
            if isinstance(value, date):
                return in_utc(datetime(value.year, value.month, value.day))
        told = text_of(value)
        try:
            if layout == "iso":
                return in_utc(datetime.fromisoformat(told))
            if layout in EPOCHS:
                return _after_epoch(told, EPOCHS[layout])
            return in_utc(numbers(told) if numbers else datetime.strptime(told, layout))
        except (ValueError, OverflowError) as error:
            if isinstance(error, Unfit):
                raise
            raise Unfit(f"is not an instant of the format {layout!r}") from None

    return read


def email_sha256(value: object) -> str:
    """SHA-256 of an e-mail address without outer spaces, in lower case."""
    address = text_of(value).strip().lower()
    if not _EMAIL.fullmatch(address):
        raise Unfit("is not an e-mail address")
    return hashlib.sha256(address.encode()).hexdigest()


def phone_sha256(country_code: str, trunk_prefix: str) -> Callable[[object], str]:
    """Reader of phone numbers: SHA-256 of the number in E.164, its plus sign included.

    Args:
        country_code: of numbers without one, such as `44`; empty refuses them.
        trunk_prefix: what stands before national numbers and falls away, such as `0`.
    """

    def read(value: object) -> str:
        told = text_of(value).strip()
        if not _PHONE.fullmatch(told):
            raise Unfit("is not a phone number")
        digits = re.sub(r"\D", "", told)
        if not told.startswith("+"):
            digits = _international(digits, country_code, trunk_prefix)
        if not 8 <= len(digits) <= 15:
            raise Unfit("is not a phone number: E.164 has 8 to 15 digits")
        return hashlib.sha256(f"+{digits}".encode()).hexdigest()

    return read


def sha256(value: object) -> str:
    """A ready SHA-256 in hex; a plain address or number is refused."""
    told = text_of(value).strip().lower()
    if not _SHA256.fullmatch(told):
        raise Unfit("is no SHA-256 in hex; `as: email_sha256` or `phone_sha256` makes one")
    return told


def path(separator: str) -> Callable[[object], str]:
    """Reader of category paths: `Home > Mugs` or a list, to `Home/Mugs`."""

    def read(value: object) -> str:
        steps = value if isinstance(value, list) else text_of(value).split(separator)
        return "/".join(step for one in steps if (step := text_of(one).strip()))

    return read


def members(separator: str) -> Callable[[object], list[str]]:
    """Reader of lists in one cell, without the outer spaces of their members."""
    return lambda value: [one.strip() for one in text_of(value).split(separator)]


def _numbers_reader(layout: str) -> Callable[[str], datetime] | None:
    """Reader of patterns that hold numbers only, a day and perhaps a time of it; else None."""
    directives = re.findall(r"%(.)", layout)
    if len(set(directives)) < len(directives) or frozenset(directives) not in _READ_AS_NUMBERS:
        return None
    pattern = re.escape(layout).replace(r"\ ", r"\s+")
    for letter, digits in _DIGITS.items():
        pattern = pattern.replace(f"%{letter}", f"(?P<{letter}>[0-9]{digits})", 1)
    read, letters = re.compile(pattern).fullmatch, [one for one in _DIGITS if one in directives]

    def instant(told: str) -> datetime:
        found = read(told)
        if found is None:
            raise ValueError(told)
        numbers = list(found.group(*letters))
        if len(numbers) == len(_DIGITS):
            numbers[-1] = numbers[-1].ljust(6, "0")
        return datetime(*map(int, numbers))  # type: ignore[arg-type]  # as many as it takes

    return instant


def _international(digits: str, country_code: str, trunk_prefix: str) -> str:
    if digits.startswith("00"):
        return digits[2:]
    if not country_code:
        raise Unfit("has no country code; add `country_code` to the rule")
    if trunk_prefix and digits.startswith(trunk_prefix):
        return country_code + digits.removeprefix(trunk_prefix)
    is_whole = digits.startswith(country_code) and len(digits) > 10
    return digits if is_whole else country_code + digits


def _after_epoch(told: str, per_second: int) -> datetime:
    number = _decimal(told, "is not a number of an epoch")
    return _BEGIN + timedelta(microseconds=_half_up(number * (1_000_000 // per_second)))


def _decimal(told: str, complaint: str) -> Decimal:
    try:
        number = Decimal(told)
    except InvalidOperation:
        raise Unfit(complaint) from None
    if not number.is_finite():
        raise Unfit(complaint)
    return number


def _half_up(number: Decimal) -> int:
    """Half a unit away from zero, so that a return is as large as what it returns."""
    whole = int(abs(number) + Decimal("0.5"))
    return -whole if number < 0 else whole


def _named(value: object) -> str:
    return "a list" if isinstance(value, list) else "an object"
