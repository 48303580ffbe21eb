"""What a cell says as an instant in UTC."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from streams.amounts import half_away
from streams.importers.mapped.conversions import Unfit, decimal_of, text_of

EPOCHS = {"epoch_seconds": 1, "epoch_milliseconds": 1_000, "epoch_microseconds": 1_000_000}
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
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


def instant(layout: str, zone: ZoneInfo | None) -> Callable[[object], datetime]:
    """Reader of instants, in UTC.

    Args:
        layout: `iso`, an epoch (see EPOCHS), or a pattern of `datetime.strptime`.
        zone: of local times; of two instants with one local time, the first is meant, and one that
            the clocks skip is read as if they went on (a day may begin with such an hour).
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
        except (ValueError, ArithmeticError) as error:  # an OverflowError is arithmetic
            if isinstance(error, Unfit):
                raise
            raise Unfit(f"is not an instant of the format {layout!r}") from None

    return read


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


def _after_epoch(told: str, per_second: int) -> datetime:
    number = decimal_of(told, "is not a number of an epoch")
    return _BEGIN + timedelta(microseconds=half_away(number * (1_000_000 // per_second)))
