"""Identifiers that name nobody: what programs write where an identifier is missing.

Left in, `null` would be one customer with the orders of everybody who has none. Which they are
stands in `nobody.yml`; a shop adds its own. Every identifier is held against the list, whatever it
names; only a hash is never taken for the text that it was made of.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from urllib.parse import unquote

from streams.enrich.rules_file import RulesError, RulesFile, read_rules

SHIPPED = Path(__file__).with_name("nobody.yml")
MOST_REMEMBERED = 50_000

_HASHES = (hashlib.md5, hashlib.sha1, hashlib.sha256, hashlib.sha512)
_AROUND = " \t\r\n\f\v\0\ufeff\u200b\u00a0\"'`´“”„«»‘’"
_BRACKETS = "()[]{}<>"
_OF_FORMS = re.compile(r"[{\[(<%*@$_]")
_OF_NO_MATTER = re.compile(r"[-\s_.,:+/|*#?!=~^]+")

Finder = Callable[[str], object]  # what is found in a text, or nothing


class NobodyIdsError(RulesError):
    """A list of identifiers that name nobody cannot be used; the message names every mistake."""


@dataclass(frozen=True, slots=True)
class NobodyIds:
    """A list of identifiers that name nobody.

    Args:
        words: as `_key` writes them, hashes in hex among them.
        patterns: a text in lower case that one of them finds names nobody.
        templates: likewise, of texts with a character that forms have.
        encoded: hashes in base64, where case counts.
        digest: of what the list says.
    """

    words: frozenset[str]
    patterns: Finder
    templates: Finder
    encoded: frozenset[str]
    digest: str

    @classmethod
    def read(cls, path: Path | None = None) -> NobodyIds:
        """Read the shipped list, and a shop's own one beside it.

        Raises:
            NobodyIdsError: the shop's file is not what it should be.
        """
        if path is None:
            return shipped()
        files = [read_rules(one, "", NobodyIdsError) for one in (SHIPPED, path)]
        return _of_files(files)

    def names_nobody(self, identifier: str) -> bool:
        """Whether an identifier, of whatever kind, is no identifier."""
        if identifier.isascii() and identifier.isalnum():  # as nearly all are
            lowered = identifier.lower()
            return lowered in self.words or not lowered.strip("0") or bool(self.patterns(lowered))
        text = identifier.strip(_AROUND + "\\") if identifier[:2] not in ("\\n", "\\N") else "\\n"
        if self._is_nothing(text):
            return True
        if "%" not in text:
            return False
        decoded = unquote(unquote(text))
        return decoded != text and self._is_nothing(decoded.strip(_AROUND))

    def _is_nothing(self, text: str) -> bool:
        lowered = text.lower()
        key = _key(lowered)
        return (
            (not key.strip("0") and "%" not in key)
            or key in self.words
            or bool(self.patterns(lowered))
            or (_OF_FORMS.search(lowered) is not None and bool(self.templates(lowered)))
            or text in self.encoded
        )


@lru_cache(MOST_REMEMBERED)
def names_nobody(identifier: str) -> bool:
    """Whether an identifier, of whatever kind, is no identifier by the shipped list."""
    return shipped().names_nobody(identifier)


@cache
def shipped() -> NobodyIds:
    """The list that we ship."""
    return _of_files([read_rules(SHIPPED, "", NobodyIdsError)])


def _of_files(files: Iterable[RulesFile]) -> NobodyIds:
    words: set[str] = set()
    encoded: set[str] = set()
    patterns: dict[str, list[str]] = {"patterns": [], "templates": []}
    digests = []
    for file in files:
        file.expect_only("words", "plaintexts", *patterns)
        named, plain = list(_texts(file, "words")), list(_texts(file, "plaintexts"))
        for name, kept in patterns.items():
            kept.extend(_patterns(file, name))
        file.mistakes += [f"words: {one!r} is empty" for one in named if not _key(one.lower())]
        file.complain(NobodyIdsError)
        words |= {_key(one.lower()) for one in named}
        for text in {*plain, *(way for one in named for way in _ways_to_write(one))}:
            for algorithm in _HASHES:
                made = algorithm(text.encode(), usedforsecurity=False)
                words.add(made.hexdigest())
                encoded |= {
                    b64encode(made.digest()).decode(),
                    b64encode(made.digest()).decode().rstrip("="),
                }
        digests.append(file.digest)
    return NobodyIds(
        frozenset(words),
        _finder(patterns["patterns"]),
        _finder(patterns["templates"]),
        frozenset(encoded),
        hashlib.sha256(json.dumps(digests).encode()).hexdigest(),
    )


def _key(lowered: str) -> str:
    """A lower-case text without what does not matter in it."""
    key = lowered.replace("-", "")
    if key.isalnum():  # as of UUIDs
        return key
    return _OF_NO_MATTER.sub("", lowered.strip(_BRACKETS + _AROUND)).strip(_BRACKETS)


def _finder(patterns: Sequence[str]) -> Finder:
    whole = re.compile("|".join(f"(?:{one})" for one in patterns) or "(?!)")
    is_anchored = all(one.startswith("^") and "|^" not in one for one in patterns)
    return whole.match if is_anchored else whole.search  # `search` would try every place


def _ways_to_write(word: str) -> Iterator[str]:
    """How a program may have written a word before it was hashed."""
    for text in (word, word.replace(" ", ""), word.replace(" ", "_"), word.replace(" ", "-")):
        for way in (text, text.lower(), text.upper(), text.capitalize(), text.title()):
            yield way
            yield f"{way}\n"
            yield f" {way} "
    if word in ("nan", "none"):
        yield {"nan": "NaN", "none": "(none)"}[word]


def _texts(file: RulesFile, name: str) -> Iterator[str]:
    listed = file.document.get(name, [])
    if not isinstance(listed, list):
        file.mistakes.append(f"{name}: takes a list of texts, found {listed!r}")
        return
    for number, one in enumerate(listed, 1):
        if isinstance(one, str):
            yield one
        else:
            file.mistakes.append(f"{name} {number}: takes a text (in quotes), found {one!r}")


def _patterns(file: RulesFile, name: str) -> Iterator[str]:
    for number, one in enumerate(_texts(file, name), 1):
        try:
            matches_nothing = re.compile(one).search("") is not None
        except re.error as error:
            file.mistakes.append(f"{name} {number}: is no regular expression: {error}")
            continue
        if matches_nothing:
            file.mistakes.append(f"{name} {number}: finds something in every text")
        else:
            yield one
