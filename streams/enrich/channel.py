"""Through which channel a visitor came, by an ordered table of rules that a shop may replace.

The table that we ship follows the default channel group of Google Analytics 4, because that is what
shops already report by. Each value of a fact is
held against all rules once, and from then on costs a look-up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from streams.enrich.facts import Category, Facts, Seen, seen_in
from streams.enrich.parameters import Implied
from streams.enrich.referrer import ReferrerMedium
from streams.enrich.rules_file import RulesError, RulesFile, read_rules

Words = Annotated[list[str], Meta(min_length=1)]

_Condition = Callable[[Any], object]


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


class _Column(dict[object, int]):
    """Which rules a value of one fact leaves possible, one bit for each rule, the first lowest.

    Worked out once per value; names of campaigns are without end, so only so many are kept.
    """

    kept = 16_384

    def __init__(self, conditions: list[list[_Condition]]) -> None:
        super().__init__()
        self._conditions = conditions

    def __missing__(self, value: object) -> int:
        seen = value.lower() if isinstance(value, str) else value
        bits = sum(
            1 << number
            for number, conditions in enumerate(self._conditions)
            if all(holds(seen) for holds in conditions)
        )
        if len(self) < self.kept:
            self[value] = bits
        return bits


class ChannelRules:
    """A table of rules, ready to use. `digest` changes when the table says something else."""

    def __init__(
        self, rules: list[Rule], otherwise: str, digest: str, direct: Iterable[str] = ()
    ) -> None:
        self.digest = digest
        self._direct = frozenset(name.lower() for name in (*direct, otherwise))
        self._otherwise = otherwise
        self._channels = [rule.channel for rule in rules]
        self._every_rule = (1 << len(rules)) - 1
        self._columns = [
            _Column([_conditions(rule, fact) for rule in rules]) for fact in Seen._fields
        ]

    @classmethod
    def read(cls, path: Path | None = None) -> ChannelRules:
        """Read the shop's own table, or with None the one that we ship.

        Raises:
            ChannelRulesError: every mistake of the file, with the rule's number and the field.
        """
        file = read_rules(path, "channel_rules.yml", ChannelRulesError)
        file.expect_only("rules", "otherwise", "direct")
        conditions = [name for name in Rule.__struct_fields__ if name != "channel"]
        rules = file.list_of(Rule, "rules", "rule", conditions)
        otherwise = _otherwise(file)
        direct = _direct(file)
        file.complain(ChannelRulesError)
        return cls(rules, otherwise, file.digest, direct)

    def is_direct(self, channel: str) -> bool:
        """Whether a channel, derived or declared, says nothing of where a visitor came from."""
        return not channel or channel.lower() in self._direct

    def channel_of(self, facts: Facts) -> str:
        """The channel of the first rule that holds."""
        possible = self._every_rule
        for column, value in zip(self._columns, seen_in(facts), strict=True):
            possible &= column[value]
        if not possible:
            return self._otherwise
        return self._channels[(possible & -possible).bit_length() - 1]  # the lowest bit set


def _conditions(rule: Rule, fact: str) -> list[_Condition]:
    """What a rule asks of one fact."""
    given = (getattr(rule, name, None) for name in (fact, f"{fact}_matches"))
    return [_condition(asked) for asked in given if asked is not None]


def _condition(asked: list[str] | re.Pattern[str] | bool) -> _Condition:
    if isinstance(asked, re.Pattern):
        return asked.search
    if isinstance(asked, bool):
        return frozenset([asked]).__contains__
    return frozenset(word.lower() for word in asked).__contains__


def _direct(file: RulesFile) -> list[str]:
    value = file.document.get("direct", ["Direct"])
    if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
        file.mistakes.append(f"direct: takes a list of names of channels, found {value!r}")
        return []
    return value


def _otherwise(file: RulesFile) -> str:
    value = file.document.get("otherwise", "Unassigned")
    if not isinstance(value, str) or not value:
        file.mistakes.append(f"otherwise: takes the name of a channel, found {value!r}")
        return ""
    return value
