"""Through which channel a visitor came, by an ordered table of rules that a shop may replace.

The table that we ship follows the default channel group of Google Analytics 4, because that is what
shops already report by. Rules are taken apart once; a caller keeps answers per `Facts`.
"""

from __future__ import annotations

import re
from collections.abc import Container
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from streams.enrich.facts import Category, Facts, Seen, seen_in
from streams.enrich.parameters import Implied
from streams.enrich.referrer import ReferrerMedium
from streams.enrich.rules_file import RulesError, RulesFile, read_rules

Words = Annotated[list[str], Meta(min_length=1)]


class ChannelRulesError(RulesError):
    """The channel rules cannot be used; the message names every mistake."""


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A channel and its conditions, as the head of `channel_rules.yml` explains them."""

    channel: Annotated[str, Meta(min_length=1, max_length=256)]
    medium: Words | None = None
    medium_matches: re.Pattern | None = None  # type: ignore[type-arg]  # msgspec takes it bare
    source: Words | None = None
    source_matches: re.Pattern | None = None  # type: ignore[type-arg]  # as above
    campaign: Words | None = None
    campaign_matches: re.Pattern | None = None  # type: ignore[type-arg]  # as above
    source_category: Annotated[list[Category], Meta(min_length=1)] | None = None
    click_network: Words | None = None
    click_implies: Annotated[list[Implied], Meta(min_length=1)] | None = None
    referrer_medium: Annotated[list[ReferrerMedium], Meta(min_length=1)] | None = None
    referrer_source: Words | None = None
    has_partner_track_id: bool | None = None
    is_direct: bool | None = None


class _Matching:
    """All texts in which a pattern is found; answers are kept, since mediums and names repeat."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._found = lru_cache(maxsize=4096)(lambda text: pattern.search(text) is not None)

    def __contains__(self, text: object) -> bool:
        return self._found(text)


# Where to look among what is seen, and what may stand there.
_Condition = tuple[int, Container[object]]


class ChannelRules:
    """A table of rules, ready to use. `digest` changes when the table says something else."""

    def __init__(self, rules: list[Rule], otherwise: str, digest: str) -> None:
        self.digest = digest
        self._otherwise = otherwise
        read = [(_conditions(rule), rule.channel) for rule in rules]
        self._rules = [(first, rest, channel) for (first, *rest), channel in read]

    @classmethod
    def read(cls, path: Path | None = None) -> ChannelRules:
        """Read the shop's own table, or with None the one that we ship.

        Raises:
            ChannelRulesError: every mistake of the file, with the rule's number and the field.
        """
        file = read_rules(path, "channel_rules.yml", ChannelRulesError)
        file.expect_only("rules", "otherwise")
        conditions = [name for name in Rule.__struct_fields__ if name != "channel"]
        rules = file.list_of(Rule, "rules", "rule", conditions)
        otherwise = _otherwise(file)
        file.complain(ChannelRulesError)
        return cls(rules, otherwise, file.digest)

    def channel_of(self, facts: Facts) -> str:
        """The channel of the first rule that holds."""
        seen = seen_in(facts)
        for (place, wanted), rest, channel in self._rules:
            if seen[place] in wanted and all(seen[at] in these for at, these in rest):
                return channel
        return self._otherwise


def _conditions(rule: Rule) -> list[_Condition]:
    """The rule's conditions, those first that cost least to look at."""
    given = {name: getattr(rule, name) for name in rule.__struct_fields__ if name != "channel"}
    found = [
        (Seen._fields.index(name.removesuffix("_matches")), _wanted(value))
        for name, value in given.items()
        if value is not None
    ]
    return sorted(found, key=lambda condition: isinstance(condition[1], _Matching))


def _wanted(value: list[str] | re.Pattern[str] | bool) -> Container[object]:
    if isinstance(value, list):
        return frozenset(word.lower() for word in value)
    return frozenset([value]) if isinstance(value, bool) else _Matching(value)


def _otherwise(file: RulesFile) -> str:
    value = file.document.get("otherwise", "Unassigned")
    if not isinstance(value, str) or not value:
        file.mistakes.append(f"otherwise: takes the name of a channel, found {value!r}")
        return ""
    return value
