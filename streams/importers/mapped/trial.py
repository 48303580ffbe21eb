"""A mapping on trial: what it makes, what the file has, and what was found wrong so far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from streams.importers.mapped.complaint import Flaw, unknown
from streams.importers.mapped.model import Told
from streams.importers.mapped.rule_fitting import flaws_of_rule
from streams.importers.mapped.rules import columns_of, rule_of
from streams.importers.mapped.targets import (
    Target,
)
from streams.importers.mapped.yaml_text import Place
from streams.importers.rows.options import File
from streams.importers.rows.row_file import RowFile


@dataclass(slots=True)
class Trial:
    """A mapping on trial: what it makes, what the file has, and what was found wrong."""

    file: File
    rows: RowFile
    kinds: Sequence[str]
    said_elsewhere: frozenset[str]
    flaws: list[Flaw] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)

    def rule(self, told: Told, target: Target, place: Place, *, is_required: bool) -> None:
        """Hold a rule against its field and the file."""
        self.flaws += flaws_of_rule(told, target, self.file, place)
        self.columns(columns_of(rule_of(told)), place, is_required=is_required)

    def columns(self, names: Iterable[str], place: Place, *, is_required: bool) -> None:
        """Columns of which a field needs one, when it is required, else none."""
        lacking = [name for name in names if name not in self.rows.columns]
        is_strict = self.rows.is_complete and not self.file.may_lack_columns
        is_helpless = is_required and lacking and lacking == list(names)
        for name in lacking:
            if is_strict or is_helpless:
                self.flaws.append(
                    Flaw(place, "the file has no such column: " + unknown(name, self.rows.columns))
                )
            else:
                self.notes[name] = None
