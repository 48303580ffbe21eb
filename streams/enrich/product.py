"""Category paths and search words, written one way whatever the shop's way."""

from __future__ import annotations

import re
import unicodedata

LONGEST_WORDS = 256

_SEPARATORS = re.compile(r"[/>»|›→]|::")
_TEMPLATE = re.compile(r"\$\{|\{\{|<%|%%")
_UNSET = frozenset({"", "(not set)", "undefined", "null"})
_NO_WORD = re.compile(r"[\W_]+")


def category_path(text: str) -> str:
    """A category as a path such as `Home/Apparel/Men's`.

    `/`, `>`, `»`, `|` and `::` part its steps; steps are trimmed and empty ones dropped. A template
    that the shop forgot to fill in (`${product.category}`) is no category: empty. Words for
    nothing, such as Analytics' `(not set)`, count as empty steps.
    """
    if _TEMPLATE.search(text):
        return ""
    steps = (" ".join(step.split()) for step in _SEPARATORS.split(text))
    return "/".join(step for step in steps if step not in _UNSET)


def search_words(text: str) -> str:
    """Search words as people mean them: one case, one form of each letter, one space between.

    Returns:
        At most 256 characters, NFKC; punctuation parts words like a space does.
    """
    return _NO_WORD.sub(" ", _folded(text)).strip()[:LONGEST_WORDS].rstrip()


def _folded(text: str) -> str:
    """Case and compatibility forms taken off; twice, for folding may bring new ones."""
    once = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", once)
