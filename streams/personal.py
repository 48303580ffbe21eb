"""What tells who somebody is, or lets in whoever holds it, known by its shape wherever it stands.

E-mail addresses, phone numbers that name their country (or are written as North America does),
numbers of payment cards (issuer, length and Luhn's digit, ISO/IEC 7812) and tokens: JSON Web Tokens
(RFC 7519) and random texts of 32 characters and more. What shops write that only resembles them
stays: barcodes, article numbers with leading zeros, UUIDs, 32 digits of hex (ids of Shopware and
OXID), names of products run together.

Every expression is linear in the text: what repeats is possessive or bounded, and starts only where
such a run can start.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Final, NamedTuple
from urllib.parse import unquote

# Nothing is masked where none of these finds something in a text as it stands, which may be part of
# a URL. In words that RE2 has too, which reads whole columns by them (`streams.enrich.masks`): each
# with a text without which it finds nothing, if there is one.
SIGNS: Final = (
    ("@", "@"),
    ("\uff20", "\uff20"),
    ("%", r"%(?:25)*(?:40|2[Bb]|3[Dd])|%EF%BC%A0|%28[2-9][0-9][0-9]"),
    ("eyJ", "eyJ"),
    ("+", r"[+] ?[1-9]"),
    ("(", r"[(][2-9][0-9][0-9]"),
    ("00", r"(?:^|[^0-9])00[1-9]"),
    ("", r"[0-9]{14}"),
    ("", r"[0-9]{4}(?:[ +-]|%20)[0-9]{4,6}(?:[ +-]|%20)[0-9]"),
    ("-", r"[2-9][0-9][0-9]-[2-9][0-9][0-9]-[0-9]{4}"),
    ("", r"[0-9A-Za-z]{20}"),
)
LONGEST_MASKED: Final = 1024  # characters: of a longer text nothing is kept, it may hold anything
HIDDEN: Final = "*hidden*"
MASK = re.compile(r"(\*(?:email|phone|card|token|hidden)\*)")

_LOCAL = r"[\w.+%'-]"
_EMAIL = re.compile(rf"(?<!{_LOCAL}){_LOCAL}++[@\uff20](?![0-9]x\.)[\w-]++(?:\.[\w-]++)++")
_TOP_LEVEL = re.compile(r"xn--[a-z0-9-]+|[^\W\d_]{2,}", re.IGNORECASE).fullmatch
_CARD = re.compile(
    r"(?<![0-9A-Za-z.])(?:[0-9]{14,19}|[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{2,4}(?:\1[0-9]{3})?"
    r"|[0-9]{4}([ -])[0-9]{6}\2[0-9]{4,5})(?![0-9A-Za-z])"
)
_ISSUED = re.compile(
    r"(?:4|5[0-8]|2[2-7]|35|6[0-8])[0-9]{14}|(?:4|5[0-8]|2[2-7]|35|6[0-8])[0-9]{17}"
    r"|4[0-9]{15}|4[0-9]{18}|3[47][0-9]{13}|3(?:0[0-5]|[689][0-9])[0-9]{11}"
).fullmatch
_JWT = re.compile(r"(?<![\w-])eyJ[\w-]{8,}+\.[\w-]{8,}+(?:\.[\w-]*+)?")
_RUN = re.compile(r"(?<![\w-])[\w-]{32,}+={0,2}", re.ASCII)
_STRETCH = re.compile(r"[0-9A-Za-z]+")
_BETWEEN = r"[ ().\-/]{0,2}"
_PHONE = re.compile(
    rf"(?<![\w+])(?:\+ ?[1-9](?:{_BETWEEN}[0-9]){{7,14}}|00[1-9](?:{_BETWEEN}[0-9]){{8,13}}"
    r"|\([2-9][0-9]{2}\) ?[2-9][0-9]{2}[ .-]?[0-9]{4}|[2-9][0-9]{2}-[2-9][0-9]{2}-[0-9]{4})"
    r"(?![0-9])"
)
_JUDGED = 256  # characters of a run
_NOT_DIGITS = re.compile(r"[^0-9]+")

_SIGNS = [(needed, re.compile(sign).search) for needed, sign in SIGNS]


def masked_text(text: str) -> str:
    """A text with `*email*`, `*phone*`, `*card*` and `*token*` for what looks like these."""
    if not may_be_personal(text):
        return text
    if len(text) > LONGEST_MASKED:
        return HIDDEN
    for shape in _SHAPES:
        text = shape.masked(text)
    return text


def masked_emails(text: str) -> str:
    """A text with `*email*` for e-mail addresses only: a campaign's tags hold long numbers."""
    return _SHAPES[0].masked(text[:LONGEST_MASKED]) if "@" in text else text


def may_be_personal(text: str) -> bool:
    """Whether a text, also as it stands in a URL, has to be looked at closely."""
    if len(text) > LONGEST_MASKED:
        return True
    for needed, finds in _SIGNS:  # noqa: SIM110  # a generator would cost as much again
        if needed in text and finds(text):
            return True
    return False


def has_personal(text: str) -> bool:
    """Whether a text holds what `masked_text` masks."""
    return masked_text(text) != text


def email_digest(text: str) -> str:
    """SHA-256 in hex of an e-mail address without outer spaces, in lower case; empty for none."""
    address = text.strip().lower()
    found = _EMAIL.fullmatch(address)
    return _sha256(address) if found and _is_email(address) else ""


def phone_digest(text: str) -> str:
    """SHA-256 in hex of a phone number in E.164, its plus sign included; empty for none.

    Only numbers that name their country are any: digits alone may be everything.
    """
    number = text.strip()
    found = _PHONE.fullmatch(number)
    if not found or number[0] not in "+0" or not _is_phone(number):
        return ""
    digits = _NOT_DIGITS.sub("", number.replace("(0)", "", 1))
    return _sha256("+" + (digits if number[0] == "+" else digits[2:]))


def plain_digest(identifier: str) -> str:
    """What stands for an identifier that is, or holds, an e-mail address or a phone number.

    Returns:
        The digest by which a guest's hash is equal to it, where the identifier is nothing else; of
        one that holds more, of the whole in lower case. Empty when it holds neither.
    """
    if "@" not in identifier and identifier[:1] not in "+0 \t" and "%40" not in identifier:
        return ""  # as nearly all are
    text = unquote(identifier) if "%40" in identifier else identifier
    digest = email_digest(text) or phone_digest(text)
    if digest:
        return digest
    lowered = text.strip().lower()
    return _sha256(lowered) if masked_emails(lowered) != lowered else ""


class _Shape(NamedTuple):
    name: str
    needed: str
    finder: re.Pattern[str]
    is_it: Callable[[str], bool]

    def masked(self, text: str) -> str:
        def mask(found: re.Match[str]) -> str:
            return f"*{self.name}*" if self.is_it(found[0]) else found[0]

        return self.finder.sub(mask, text) if self.needed in text else text


def _is_email(text: str) -> bool:
    return _TOP_LEVEL(text.rpartition(".")[2]) is not None


def _is_card(text: str) -> bool:
    digits = _NOT_DIGITS.sub("", text)
    return _ISSUED(digits) is not None and _luhn(digits)


def _luhn(digits: str) -> bool:
    """Whether the last digit is the one that Luhn's rule asks for."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def _is_random(text: str) -> bool:
    """Whether letters and digits follow each other as chance has it, and not as people write.

    Of the longest stretch without - and _ every second place or so begins another kind of letter;
    in words run together every fourth does.
    """
    stretch = max(_STRETCH.findall(text[:_JUDGED]), key=len, default="")
    kinds = [(one.isdigit(), one.isupper()) for one in stretch]
    if len(stretch) < 20 or len(set(kinds)) < 2 or not any(is_digit for is_digit, _ in kinds):
        return False
    changes = sum(one != other for one, other in pairwise(kinds)) / (len(stretch) - 1)
    if len(set(kinds)) == 3:
        return changes >= 0.4
    return len(stretch) >= 40 and changes >= 0.25


def _is_phone(text: str) -> bool:
    digits = _NOT_DIGITS.sub("", text)
    return len(digits) <= 17 and not (text.isdigit() and _is_barcode(digits))


def _is_barcode(digits: str) -> bool:
    """Whether digits are a GTIN of 12 to 14, by its check digit (GS1)."""
    if not 12 <= len(digits) <= 14:
        return False
    weighted = sum(
        int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits))
    )
    return weighted % 10 == 0


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


_SHAPES: Final = (
    _Shape("email", "", _EMAIL, _is_email),
    _Shape("token", "eyJ", _JWT, lambda _: True),
    _Shape("token", "", _RUN, _is_random),
    _Shape("card", "", _CARD, _is_card),
    _Shape("phone", "", _PHONE, _is_phone),
)
