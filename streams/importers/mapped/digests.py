"""Addresses and phone numbers as SHA-256 in hex: plain ones never get further than here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from streams.importers.mapped.conversions import Unfit, text_of

_PHONE = re.compile(r"\+?[\d\s().\-/]+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_ANY_EMAIL = re.compile(r"[^@\s]@[^@\s.]+\.[^@\s]")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def email_sha256(value: object) -> str:
    """SHA-256 of an e-mail address without outer spaces, in lower case."""
    address = text_of(value).strip().lower()
    if not _EMAIL.fullmatch(address):
        raise Unfit("is not an e-mail address")
    return hashlib.sha256(address.encode()).hexdigest()


def holds_address(told: str) -> bool:
    """Whether an e-mail address stands somewhere in a text."""
    return "@" in told and _ANY_EMAIL.search(told) is not None


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
        digits = _international(told, country_code, trunk_prefix)
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


def _international(told: str, country_code: str, trunk_prefix: str) -> str:
    """The digits of a number, its country's first.

    A `(0)` behind other digits is dialled within the country only, and says that what stands before
    it is the country.
    """
    before, _, national = told.partition("(0)")
    digits = re.sub(r"\D", "", before)
    if digits and national:
        return digits.removeprefix("00") + re.sub(r"\D", "", national)
    digits = re.sub(r"\D", "", told)
    if told.startswith("+"):
        return digits
    if digits.startswith("00"):
        return digits[2:]
    if not country_code:
        raise Unfit("has no country code; add `country_code` to the rule")
    if trunk_prefix and digits.startswith(trunk_prefix):
        return country_code + digits.removeprefix(trunk_prefix)
    if digits.startswith(country_code):
        raise Unfit(f"may hold the country code {country_code} or not: write +{country_code}")
    return country_code + digits
