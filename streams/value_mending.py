"""Values that are not of the contract's types, read as they were meant or left empty.

Each takes a value of generic JSON, the path of its field and where warnings go, and gives what the
field will hold, or `ABSENT`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any

import xxhash
from msgspec.inspect import IntType, LiteralType, StrType

from streams.event_warnings import Code, EventWarning
from streams.nobody import names_nobody
from streams.personal import email_digest, phone_digest

MOST_WARNINGS = 20  # of one event
ABSENT = object()

_IDS = {
    *("visitorid", "customerid", "visitid", "subject", "source", "order_id", "return_id", "sku"),
    *("letter_id", "firing_id", "partner_id"),
}
_SURROGATE = re.compile("[\ud800-\udfff]")
_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?\s*\Z")
_FLOAT_DUST = Decimal("0.000001")
_DIGEST = re.compile("[0-9A-Fa-f]{64}")
_NO_DIGEST = "no SHA-256 in 64 digits of hex"
_TRUE, _FALSE = frozenset(("true", "yes", "on", "1")), frozenset(("false", "no", "off", "0"))

Mend = Callable[[Any, str, "Notes"], Any]  # value, its path, where warnings go; or ABSENT


class Notes:
    """The warnings of one event: the first twenty, each code and field once."""

    def __init__(self) -> None:
        self._warnings: dict[tuple[Code, str], EventWarning] = {}

    def add(self, code: Code, field: str, hint: str = "") -> None:
        """Warn of a field."""
        if not self.is_full:
            self._warnings.setdefault((code, field), EventWarning(code, field, hint))

    @property
    def is_full(self) -> bool:
        """Whether no more are taken."""
        return len(self._warnings) >= MOST_WARNINGS

    @property
    def warnings(self) -> tuple[EventWarning, ...]:
        """In the order of the message."""
        return tuple(self._warnings.values())


def instant_of(value: Any, notes: Notes) -> datetime | None:
    """When an event happened, None when that cannot be known.

    Also read: seconds or milliseconds since 1970, a space for the `T`, a leap second. A time that
    names no zone is taken for UTC.
    """
    if isinstance(value, str):
        text = value.strip()
        if not _NUMBER.match(text):
            return _instant_in_words(text, notes)
        value = float(text)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    seconds = value / 1000 if abs(value) >= 10**11 else value
    if not 0 <= seconds < 4_200_000_000:
        return None
    notes.add("another_type", "time", "a number: read as seconds or milliseconds since 1970")
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def _instant_in_words(text: str, notes: Notes) -> datetime | None:
    try:
        at = datetime.fromisoformat(re.sub(r":60(?=[.,Z+\-]|\Z)", ":59", text))
    except ValueError:
        return None
    if at.tzinfo is None:
        notes.add("another_type", "time", "it names no time zone: read as UTC")
        return at.replace(tzinfo=UTC)
    return at


def text_of(
    value: Any, path: str, notes: Notes, longest: int = 8192, *, is_id: bool = False
) -> Any:
    """A text as it was meant, or absent; too long ones are cut, ids so that they stay distinct."""
    if isinstance(value, bool):
        value = str(value).lower()
        notes.add("another_type", path)
    elif isinstance(value, int | float):
        if isinstance(value, float) and not isfinite(value):
            notes.add("unreadable", path)
            return ABSENT
        value = str(int(value)) if value == int(value) else repr(value)
        notes.add("another_type", path)
    elif not isinstance(value, str):
        notes.add("unreadable", path)
        return ABSENT
    if _SURROGATE.search(value):
        value = clean(value)
        notes.add("text_mended", path)
    if len(value) <= longest:
        return value
    notes.add("text_cut", path)
    if is_id:
        return f"{value[: longest - 17]}~{xxhash.xxh3_64_hexdigest(value.encode())}"
    return value[:longest]


def clean(text: str) -> str:
    """A text with U+FFFD for whatever is none: half surrogates, bytes that are not UTF-8."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _SURROGATE.sub("\ufffd", whole)


def text(name: str, wanted: StrType) -> Mend:
    """How a text of at most so many characters is mended."""
    longest, is_id = wanted.max_length or 8192, name in _IDS

    def mend(value: Any, path: str, notes: Notes) -> Any:
        text = text_of(value, path, notes, longest, is_id=is_id)
        return ABSENT if text is not ABSENT and len(text) < (wanted.min_length or 0) else text

    return mend


def digest(value: Any, path: str, notes: Notes) -> Any:
    """A SHA-256 in hex. Of an address or a number in plain it is made here; what is neither is left
    empty, for nobody knows what it may tell.
    """
    if not isinstance(value, str):
        notes.add("unreadable", path)
        return ABSENT
    bare = value.strip(" \t\n\"'")
    if _DIGEST.fullmatch(bare):
        if bare != value:
            notes.add("another_type", path)
        return bare
    if names_nobody(bare):
        if bare:
            notes.add("names_nobody", path)
        return ABSENT
    made = email_digest(bare) or phone_digest(bare)
    notes.add("plain_identifier" if made else "unreadable", path, "" if made else _NO_DIGEST)
    return made or ABSENT


def currency(value: Any, path: str, notes: Notes) -> Any:
    """A currency in the three capitals of ISO 4217, however it was written."""
    if not isinstance(value, str):
        notes.add("unreadable", path)
        return ABSENT
    code = value.strip().upper()
    if code == value or not code:
        if not code or re.fullmatch("[A-Z]{3}", code):
            return code
    elif re.fullmatch("[A-Z]{3}", code):
        notes.add("another_type", path)
        return code
    notes.add("unreadable", path)
    return ABSENT


def whole(wanted: IntType) -> Mend:
    """How a whole number within bounds is mended.

    17.85 in a field of cents is no amount of cents, and most likely euros: it is left empty, for
    0.18 euros would be believed. What reckoning with floats left beside a whole number is not seen.
    """

    def mend(value: Any, path: str, notes: Notes) -> Any:
        if type(value) is int:
            return _bounded(value, wanted.ge, wanted.le, path, notes)
        noted = Notes()
        told = _number(value, path, noted)
        if told is not None and abs(told - told.to_integral_value()) > _FLOAT_DUST:
            notes.add("unreadable", path, "no whole number")
            return ABSENT
        for code, field, hint in noted.warnings:
            notes.add(code, field, hint)
        if told is None:
            return ABSENT
        number = int(told.to_integral_value())
        return _bounded(number, wanted.ge, wanted.le, path, notes)

    return mend


def quantity(value: Any, path: str, notes: Notes) -> Any:
    """A quantity: whole, a fraction, or negative."""
    number = value if type(value) in (int, float) else _number(value, path, notes)
    if number is None or (isinstance(number, float) and not isfinite(number)):
        notes.add("unreadable", path)
        return ABSENT
    if isinstance(number, Decimal):
        number = int(number) if number == number.to_integral_value() else float(number)
    return _bounded(number, -(10**9), 10**9, path, notes)


def _bounded(number: Any, least: Any, most: Any, path: str, notes: Notes) -> Any:
    if (least is None or least <= number) and (most is None or number <= most):
        return number
    notes.add("out_of_range", path)
    return ABSENT


def _number(value: Any, path: str, notes: Notes) -> Decimal | None:
    """A number of another type than the contract's; None, with a warning, when it is none."""
    text = repr(value) if isinstance(value, float) else value
    if isinstance(text, str) and _NUMBER.match(text):
        try:
            number = Decimal(text.strip())
        except InvalidOperation:
            number = None
        if number is not None and number.adjusted() < 40:
            notes.add("another_type", path)
            return number
        notes.add("out_of_range", path)
        return None
    notes.add("unreadable", path)
    return None


def truth(value: Any, path: str, notes: Notes) -> Any:
    """A truth value, also in words."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower() if isinstance(value, str | int | float) else ""
    if word in _TRUE or word in _FALSE:
        notes.add("another_type", path)
        return word in _TRUE
    notes.add("unreadable", path)
    return ABSENT


def choice(name: str, wanted: LiteralType) -> Mend:
    """How a word of a list is mended."""

    def mend(value: Any, path: str, notes: Notes) -> Any:
        if value in wanted.values if isinstance(value, str) else False:
            return value
        word = str(value).strip().lower() if isinstance(value, str | int | float) else ""
        if word in wanted.values:
            notes.add("another_type", path)
            return word
        notes.add("unreadable", path)
        # What cannot be told from history never causes a letter.
        return "import" if name == "origin" else ABSENT

    return mend
