"""Identifiers that name nobody: what programs write where an identifier is missing.

Left in, `null` would be one customer with the orders of everybody who has none.
"""

from __future__ import annotations

WORDS = frozenset(
    """
    null undefined none nan nil void unknown anonymous guest empty missing n/a na not-set
    (none) (null) (not set) (direct) (empty) (unknown) [object object] {} [] true false - -- .
    """.replace("[object object]", "")
    .replace("(not set)", "")
    .split()
) | {"[object object]", "(not set)", "not set", ""}


def names_nobody(identifier: str) -> bool:
    """Whether an identifier, of whatever kind, is no identifier."""
    text = identifier.strip().lower()
    return text in WORDS or not text.strip("0-")
