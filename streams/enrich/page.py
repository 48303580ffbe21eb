"""What kind of page an address is and in which zone of the site it lies, by rules a shop may edit.

Most rules name the first step of a path, so a page is tried only on the rules of its own first step
and on the few that name none: the cost does not grow with the table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Final, NamedTuple, Protocol

from msgspec import Meta, Struct

from streams.enrich.rules_file import RulesError, read_rules

OTHER: Final = "other"
EXAMINED_CHARACTERS: Final = 1024  # of a target, by each rule: thirteen of ours seek to its end

_FIRST_STEP = re.compile(r"/?([^/?.]*)").match
_PLACE = re.compile(r"[a-z]{2}(?:[-_][a-z]{2})?").fullmatch
_PLACE_LENGTHS: Final = (2, 5)

# Whether a rule holds for a target from a position to another; None for a rule without a path.
_Trial = tuple[Callable[..., object] | None, str]


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
            target: path and query of its clean URL, as `PageUrl.target`; rules see its first 1,024
                characters.
        """
        return Page(self._kinds.name_of(target) or OTHER, self._zones.name_of(target))

    def names_below(self, beginning: str) -> tuple[Names, Names]:
        """What names the kinds, and what the zones, of the pages whose target begins so.

        Args:
            beginning: of a target, up to the / behind its first step; or up to its query or its end
                where there is none.
        """
        step = beginning[1:-1].lower()
        if beginning[-1:] != "/" or not step or "." in step or len(step) in _PLACE_LENGTHS:
            return self._kinds, self._zones
        return self._kinds.trials_of(step), self._zones.trials_of(step)


class Names(Protocol):
    """Names that targets give to pages."""

    @property
    def sole(self) -> str | None:
        """The name of all of them, empty for none; None when they differ."""

    def names_of(self, targets: Sequence[str]) -> list[str]:
        """The name of each, empty where no rule holds."""


class _Trials:
    """What is to be tried on pages of one first step, from the beginning of their targets."""

    def __init__(self, trials: Sequence[_Trial]) -> None:
        self._trials = trials
        self.sole: str | None = None
        if not trials or trials[0][0] is None:
            self.sole = trials[0][1] if trials else ""

    def name_of(self, target: str, start: int) -> str:
        """The name of the first trial that holds from a position on."""
        for holds, name in self._trials:
            if holds is None or holds(target, start, EXAMINED_CHARACTERS):
                return name
        return ""

    def names_of(self, targets: Sequence[str]) -> list[str]:
        """The name of each, empty where no rule holds: trial by trial, for most fit none."""
        names = [""] * len(targets)
        left = list(enumerate(targets))
        for holds, name in self._trials:
            found: list[object] = [True] * len(left)
            if holds is not None:
                found = [holds(target, 0, EXAMINED_CHARACTERS) for target in targets]
            if any(found):
                for (place, _), fits in zip(left, found, strict=True):
                    if fits:
                        names[place] = name
                left = [one for one, fits in zip(left, found, strict=True) if not fits]
                targets = [target for _, target in left]
        return names


class _Table:
    """Rules by the first step that they name, each list in the order of the table."""

    def __init__(self, rules: Sequence[Where], names: Sequence[str]) -> None:
        self._lines = list(zip(rules, names, strict=True))
        words = {word.lower() for rule in rules for word in rule.first or ()}
        self._by_step = {word: self._trials(word) for word in words}
        self._of_any = self._trials(None)

    sole: str | None = None  # a table is asked where the first step decides nothing

    def names_of(self, targets: Sequence[str]) -> list[str]:
        """The name of each, empty where no rule holds."""
        return [self.name_of(target) for target in targets]

    def name_of(self, target: str) -> str:
        """The name that the first rule gives which holds, empty when none does."""
        if not self._lines:
            return ""
        step, start, end = _step_of(target, 0)
        if step not in self._by_step and _PLACE(step):
            step, start, _ = _step_of(target, end)
        return self.trials_of(step).name_of(target, start)

    def trials_of(self, step: str) -> _Trials:
        """What is to be tried on a page whose first step is this."""
        return self._by_step.get(step, self._of_any)

    def _trials(self, word: str | None) -> _Trials:
        return _Trials(
            [
                (rule.path.match if rule.path else None, name)
                for rule, name in self._lines
                if rule.first is None or word in [one.lower() for one in rule.first]
            ]
        )


def _step_of(target: str, start: int) -> tuple[str, int, int]:
    """A step of a path, where it starts and where it ends."""
    found = _FIRST_STEP(target, start)
    assert found is not None  # the empty text fits as well
    return found[1].lower(), start, found.end()
