"""Category paths and search words, written one way whatever the shop's way."""

from __future__ import annotations

import re
import unicodedata

from streams.personal import LONGEST_MASKED, MASK, masked_text

LONGEST_WORDS = 256
LONGEST_CATEGORY = 1024
EXAMINED_CHARACTERS = 320  # NFKC makes eighteen of one: 512 of these cost 0.8 ms

_SEPARATORS = re.compile(r"[/>»|›→]|::")
_TEMPLATE = re.compile(r"\$\{|\{\{|<%|%%\w+%%")
_UNSET = frozenset({"", "(not set)", "undefined", "null"})
# They say how letters are drawn, not where words end.
_UNDRAWN = dict.fromkeys([0x200C, 0x200D, *range(0xFE00, 0xFE10)])


def category_path(text: str) -> str:
    """A category as a path such as `Home/Apparel/Men's`.

    `/`, `>`, `»`, `|` and `::` part its steps; steps are trimmed and empty ones dropped. A template
    that the shop forgot to fill in (`${product.category}`) is no category: empty. Words for
    nothing, such as Analytics' `(not set)`, count as empty steps. Only the first 1,024 characters
    are read.
    """
    text = text[:LONGEST_CATEGORY]
    if _TEMPLATE.search(text):
        return ""
    steps = (" ".join(step.split()) for step in _SEPARATORS.split(text))
    return "/".join(step for step in steps if step not in _UNSET)


def search_words(text: str) -> str:
    """Search words as people mean them: one case, one form of each letter, one space between.

    Returns:
        At most 256 characters, NFKC, of the first 320 there are; punctuation parts words like a
        space does. Vowel signs and other marks belong to their letters, as Hindi, Thai and vowelled
        Arabic write them. What is personal stands there as `*email*` and the like.
    """
    begin = text.strip()[:LONGEST_MASKED]
    shown = masked_text(begin)
    if shown == begin:
        return _words(begin)
    parts = [one if MASK.fullmatch(one) else _words(one) for one in MASK.split(shown)]
    return " ".join(filter(None, parts))[:LONGEST_WORDS].rstrip()


def _words(text: str) -> str:
    words = _only_words(_folded(text[:EXAMINED_CHARACTERS].translate(_UNDRAWN)))
    return " ".join(words.split())[:LONGEST_WORDS].rstrip()


def _only_words(text: str) -> str:
    """The text with a space for each character that is neither a letter, a digit nor their mark."""
    characters = []
    is_in_word = False
    for one in text:
        is_mark = is_in_word and unicodedata.category(one) in ("Mn", "Mc")
        is_in_word = is_mark or one.isalnum()
        characters.append(one if is_in_word else " ")
    return "".join(characters)


def _folded(text: str) -> str:
    """Case and compatibility forms taken off; twice, for folding may bring new ones."""
    once = unicodedata.normalize("NFKC", text)[:EXAMINED_CHARACTERS].casefold()
    return unicodedata.normalize("NFKC", once)[:EXAMINED_CHARACTERS]
