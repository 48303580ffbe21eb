"""Addresses and phone numbers as SHA-256 in hex: plain ones never get further than here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from streams.importers.mapped.conversions import Unfit, text_of
from streams.personal import email_digest, has_personal, phone_digest

IN_PLAIN = (
    "is an e-mail address or a phone number, and its SHA-256 stands for it: add `as: email_sha256`"
    " or `phone_sha256`"
)

_PHONE = re.compile(r"\+?[\d\s().\-/]+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_NUMBERS = re.compile(r"(?<![\w.,:-])[+(]?\d(?:[ ().\-/]{0,2}\d){7,16}(?![\w:])")
_DATE = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}(?!\d)")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def email_sha256(value: object) -> str:
    """SHA-256 of an e-mail address without outer spaces, in lower case."""
    address = text_of(value).strip().lower()
    if not _EMAIL.fullmatch(address):
        raise Unfit("is not an e-mail address")
    return hashlib.sha256(address.encode()).hexdigest()


def looks_personal(told: str) -> bool:
    """Whether an e-mail address, a phone or card number or a token seems to stand in a text.

    A report had better hide too much: numbers without a country count too, where they are written
    as people write them. Dates and times do not.
    """
    if has_personal(told):
        return True
    return any(_seems_phone(found[0]) for found in _NUMBERS.finditer(told))


def _seems_phone(number: str) -> bool:
    digits = re.sub(r"\D", "", number)
    if re.fullmatch(r"[2-9]\d\d[-. /]\d{3}[-. ]?\d{4}", number):
        return True  # as North America writes them
    if number.startswith("0.") or _DATE.match(number):
        return False
    least = 10 if number.isdigit() else 8
    return number[0] in "+(0" and least <= len(digits) <= 15


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
    """A ready SHA-256 in hex; one is made of a plain address or number, and said so."""
    told = text_of(value).strip().lower()
    if _SHA256.fullmatch(told):
        return told
    if made := email_digest(told) or phone_digest(told):
        raise Unfit(IN_PLAIN, "plain_identifier", instead=made)
    raise Unfit("is no SHA-256 in hex; `as: email_sha256` or `phone_sha256` makes one")


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
