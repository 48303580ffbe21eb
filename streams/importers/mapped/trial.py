"""A mapping on trial: what it makes, what the file has, and what was found wrong so far."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.importers.mapped.complaint import Flaw, unknown
from streams.importers.mapped.item_members import Members, members_of_items
from streams.importers.mapped.model import Told
from streams.importers.mapped.rule_fitting import flaws_of_rule
from streams.importers.mapped.rules import columns_of, rule_of
from streams.importers.mapped.targets import (
    Target,
)
from streams.importers.mapped.yaml_text import Place
from streams.importers.rows.options import File
from streams.importers.rows.row_file import RowFile


class _Found(NamedTuple):
    """Names that a file has, and what is said of one that it lacks."""

    complaint: str
    names: Collection[str]
    is_complete: bool
    before: str = ""


@dataclass(slots=True)
class Trial:
    """A mapping on trial: what it makes, what the file has, and what was found wrong."""

    file: File
    rows: RowFile
    kinds: Sequence[str]
    said_elsewhere: frozenset[str]
    flaws: list[Flaw] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)
    _members: dict[str, Members] = field(default_factory=dict)

    def rule(self, told: Told, target: Target, place: Place, *, is_required: bool) -> None:
        """Hold a rule against its field and the file."""
        self.flaws += flaws_of_rule(told, target, self.file, place)
        self.columns(columns_of(rule_of(told)), place, is_required=is_required)

    def columns(self, names: Iterable[str], place: Place, *, is_required: bool) -> None:
        """Columns of which a field needs one, when it is required, else none."""
        found = _Found("the file has no such column", self.rows.columns, self.rows.is_complete)
        self._hold(list(names), found, place, is_required=is_required)

    def members(self, of: str, names: Iterable[str], place: Place, *, is_required: bool) -> None:
        """Members of the items of a nested list; nothing is said of a list that is always empty."""
        if of not in self._members:
            self._members[of] = members_of_items(self.rows, of)
        present, is_complete = self._members[of]
        if present:
            found = _Found(f"items of {of} have no such member", present, is_complete, f"{of}.")
            is_required = is_required and not self.file.may_lack_columns  # items may lack theirs
            self._hold(list(names), found, place, is_required=is_required)

    def _hold(self, names: list[str], found: _Found, place: Place, *, is_required: bool) -> None:
        lacking = [name for name in names if name not in found.names]
        is_strict = found.is_complete and not self.file.may_lack_columns
        is_helpless = is_required and lacking and lacking == names
        for name in lacking:
            if is_strict or is_helpless:
                known = unknown(name, found.names)
                self.flaws.append(Flaw(place, f"{found.complaint}: {known}"))
            else:
                self.notes[found.before + name] = None
