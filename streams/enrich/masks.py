"""What of URLs and search words the analytic base does not hold, and what stands there instead.

Values of parameters that a list names, and whatever looks like an e-mail address, a phone or card
number or a token (`streams.personal`), are masked; the rest keeps every byte. The event store keeps
messages as they came. Campaign tags and click ids are asked for by attribution and keep their
values, but for e-mail addresses in them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from streams.enrich.rules_file import RulesError, RulesFile, read_rules
from streams.personal import (
    HIDDEN,
    LONGEST_MASKED,
    masked_emails,
    masked_text,
    may_be_personal,
)

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")
_NO_LETTER = re.compile(r"[\W_]+")
_PLUS_NUMBER = re.compile(r"[+][1-9][0-9]{7,14}").fullmatch
_NESTED = re.compile(r"(^|[?&;#])([^=?&;#]{1,64})=([^&;#]+)")
_TIMES_ENCODED: Final = 2  # a URL in a parameter of a URL
_SAFE: Final = "*/:,;@!$'()~="
_KEYS: Final = ("words", "names", "shown", "instead")


class MaskedParametersError(RulesError):
    """A list of parameters cannot be used; the message names every mistake."""


class Masks:
    """A list of parameters, ready to use. `digest` changes when the list says something else.

    Args:
        words: hide parameters of whose name one of them is a word; lower case.
        names: hide parameters of these names.
        shown: parameters that are never hidden for their names.
        digest: of what the list says.
    """

    def __init__(
        self, words: Iterable[str], names: Iterable[str], shown: Iterable[str], digest: str
    ) -> None:
        self.digest = digest
        self._words = frozenset(words)
        self._names = frozenset(map(_letters, names))
        self._shown = frozenset(map(_letters, shown))
        self.hides = lru_cache(4096)(self._hides)

    @classmethod
    def read(cls, path: Path | None = None) -> Masks:
        """Read the list that we ship, with a shop's own one beside it or instead of it.

        Raises:
            MaskedParametersError: every mistake of the shop's file.
        """
        if path is None:
            return shipped()
        file = read_rules(path, "", MaskedParametersError)
        is_alone = file.document.get("instead", False)
        if not isinstance(is_alone, bool):
            file.mistakes.append(f"instead: takes true or false, found {is_alone!r}")
        return _of_files([file] if is_alone is True else [_shipped_file(), file])

    def parameter(self, piece: str, *, is_long: bool = False) -> str:
        """A parameter `name=value` of a query as it may stand in the base.

        Args:
            piece: as it stands in a URL.
            is_long: of a long query; what may be personal is hidden without a closer look.
        """
        name, sign, value = piece.partition("=")
        if value and self.hides(name):
            return f"{name}={HIDDEN}"
        if not may_be_personal(piece):
            return piece
        if is_long:
            return f"{name}={HIDDEN}" if sign and not may_be_personal(name) else HIDDEN
        return f"{self._part(name)}{sign}{self._part(value)}"

    def path(self, path: str) -> str:
        """A path with its steps masked one by one."""
        if len(path) > LONGEST_MASKED:
            return HIDDEN
        if not may_be_personal(path):
            return path
        return "/".join(self._part(step, plus="+") for step in path.split("/"))

    def tag(self, piece: str, *, is_long: bool = False) -> str:
        """A parameter that attribution asks for as it may stand in the base."""
        name, sign, value = piece.partition("=")
        if "@" not in value and "%" not in value:
            return piece
        if is_long and len(value) > LONGEST_MASKED:
            return f"{name}{sign}{HIDDEN}"
        plain = unquote(value.replace("+", " "))
        shown = masked_emails(plain)
        return piece if shown == plain else f"{name}{sign}{quote(shown, safe=_SAFE)}"

    def _part(self, part: str, plus: str = " ") -> str:
        """A name, a value or a step of a path; decoded where that is what tells."""
        if _PLUS_NUMBER(part):
            return "*phone*"
        plain = part.replace("+", plus)
        for _ in range(_TIMES_ENCODED + 1):
            shown = masked_text(self._nested(plain))
            if shown != plain:
                return quote(shown, safe=_SAFE)
            if "%" not in plain:
                break
            plain = unquote(plain)
        return part

    def _nested(self, text: str) -> str:
        """A text with the parameters hidden of a URL that stands in it."""
        if "=" not in text:
            return text
        return _NESTED.sub(
            lambda found: f"{found[1]}{found[2]}={HIDDEN if self.hides(found[2]) else found[3]}",
            text,
        )

    def _hides(self, name: str) -> bool:
        name = unquote(name)
        letters = _letters(name)
        if letters in self._shown:
            return False
        words = {word.lower() for word in _WORDS.findall(name)}
        return letters in self._names or not words.isdisjoint(self._words)


@cache
def shipped() -> Masks:
    """The list that we ship."""
    return _of_files([_shipped_file()])


def _shipped_file() -> RulesFile:
    return read_rules(None, "masked_parameters.yml", MaskedParametersError)


def _of_files(files: Iterable[RulesFile]) -> Masks:
    listed: dict[str, list[str]] = {"words": [], "names": [], "shown": []}
    digests = []
    for file in files:
        file.expect_only(*_KEYS)
        for name in listed:
            listed[name] += _texts(file, name)
        file.complain(MaskedParametersError)
        digests.append(file.digest)
    digest = hashlib.sha256(json.dumps(digests).encode()).hexdigest()
    return Masks(
        [word.lower() for word in listed["words"]], listed["names"], listed["shown"], digest
    )


def _texts(file: RulesFile, name: str) -> list[str]:
    found = file.document.get(name, [])
    if not isinstance(found, list):
        file.mistakes.append(f"{name}: takes a list of names of parameters, found {found!r}")
        return []
    for one in found:
        if not isinstance(one, str) or not _letters(one):
            file.mistakes.append(f"{name}: takes names of parameters in letters, found {one!r}")
        elif name == "words" and not _WORDS.fullmatch(one.lower()):
            file.mistakes.append(f"words: {one!r} is more than a word; it may stand in names")
    return [one for one in found if isinstance(one, str) and _letters(one)]


def _letters(name: str) -> str:
    """A name without what does not matter in it."""
    return _NO_LETTER.sub("", name).lower()
