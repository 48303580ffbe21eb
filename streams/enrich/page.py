"""What kind of page an address is and in which zone of the site it lies, by rules a shop may edit.

Most rules name the first step of a path, so a page is tried only on the rules of its own first step
and on the few that name none: the cost does not grow with the table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Final, NamedTuple

from msgspec import Meta, Struct

from streams.enrich.rules_file import RulesError, read_rules

OTHER: Final = "other"

_FIRST_STEP = re.compile(r"/?([^/?.]*)").match
_PLACE = re.compile(r"[a-z]{2}(?:[-_][a-z]{2})?").fullmatch
_PLACE_LENGTHS: Final = (2, 5)

# Whether a rule holds for a target from a position on; None for a rule without a path.
_Trial = tuple[Callable[[str, int], object] | None, str]


class PageRulesError(RulesError):
    """The page rules cannot be used; the message names every mistake."""


class Page(NamedTuple):
    """Kind of a page, and the zone of the site, empty when no rule names one."""

    kind: str
    zone: str


class Where(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which pages a rule is about, as the head of `page_rules.yml` explains it."""

    first: Annotated[list[str], Meta(min_length=1)] | None = None
    path: re.Pattern | None = None  # type: ignore[type-arg]  # msgspec takes it bare


class KindRule(Where, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pages of one kind."""

    kind: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,63}$")]


class ZoneRule(Where, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pages of one zone of the site."""

    zone: Annotated[str, Meta(min_length=1, max_length=256)]


class PageRules:
    """A table of rules, ready to use. `digest` changes when the table says something else."""

    def __init__(self, kinds: list[KindRule], zones: list[ZoneRule], digest: str) -> None:
        self.digest = digest
        self._kinds = _Table(kinds, [rule.kind for rule in kinds])
        self._zones = _Table(zones, [rule.zone for rule in zones])

    @classmethod
    def read(cls, path: Path | None = None) -> PageRules:
        """Read the shop's own table, or with None the one that we ship.

        Raises:
            PageRulesError: every mistake of the file, with the rule's number and the field.
        """
        file = read_rules(path, "page_rules.yml", PageRulesError)
        file.expect_only("kinds", "zones")
        kinds = file.list_of(KindRule, "kinds", "kind rule", ("first", "path"))
        zones = file.list_of(ZoneRule, "zones", "zone rule", ("first", "path"))
        file.complain(PageRulesError)
        return cls(kinds, zones, file.digest)

    def page_of(self, target: str) -> Page:
        """Kind and zone of a page.

        Args:
            target: path and query of its clean URL, as `PageUrl.target`.
        """
        end = target.find("/", 1)
        step = target[1:end].lower() if end > 0 and target[0] == "/" else "?"
        if "?" in step or "." in step or len(step) in _PLACE_LENGTHS:
            return Page(self._kinds.name_of(target) or OTHER, self._zones.name_of(target))
        kind, zone = self._kinds.name_at(step, target, 0), self._zones.name_at(step, target, 0)
        return tuple.__new__(Page, (kind or OTHER, zone))  # half of Page()'s cost


class _Table:
    """Rules by the first step that they name, each list in the order of the table."""

    def __init__(self, rules: Sequence[Where], names: Sequence[str]) -> None:
        self._lines = list(zip(rules, names, strict=True))
        words = {word.lower() for rule in rules for word in rule.first or ()}
        self._by_step = {word: self._trials(word) for word in words}
        self._of_any = self._trials(None)

    def name_of(self, target: str) -> str:
        """The name that the first rule gives which holds, empty when none does."""
        if not self._lines:
            return ""
        step, start, end = _step_of(target, 0)
        if step not in self._by_step and _PLACE(step):
            step, start, _ = _step_of(target, end)
        return self.name_at(step, target, start)

    def name_at(self, step: str, target: str, start: int) -> str:
        """The same, where the step that counts is known, and where it starts."""
        for holds, name in self._by_step.get(step, self._of_any):
            if holds is None or holds(target, start):
                return name
        return ""

    def _trials(self, word: str | None) -> list[_Trial]:
        return [
            (rule.path.match if rule.path else None, name)
            for rule, name in self._lines
            if rule.first is None or word in [one.lower() for one in rule.first]
        ]


def _step_of(target: str, start: int) -> tuple[str, int, int]:
    """A step of a path, where it starts and where it ends."""
    found = _FIRST_STEP(target, start)
    assert found is not None  # the empty text fits as well
    return found[1].lower(), start, found.end()
