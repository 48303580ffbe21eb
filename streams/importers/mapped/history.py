"""The history of any shop: a file and a mapping to messages in time order, and an account of all
rows.

The whole file is read before the first message leaves: only then is it known how many there are, in
which order they come, and which rows are left out for their mistakes. A mistake makes an event
unusable; whatever else is wrong costs the detail, and is a warning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from streams.importers.mapped.conflicts import mistake_of_conflict
from streams.importers.mapped.conversions import Unfit
from streams.importers.mapped.customer_rows import customers_maker
from streams.importers.mapped.declared import group_columns
from streams.importers.mapped.fitting import fit
from streams.importers.mapped.groups import Groups
from streams.importers.mapped.life_cycle import orders_maker
from streams.importers.mapped.makers import Make, events_maker
from streams.importers.mapped.model import (
    CustomersMapping,
    EventsMapping,
    Mapping,
    OrdersMapping,
    Rule,
)
from streams.importers.mapped.outcome import Kept, Mistake, Mistaken, Outcome, Skipped
from streams.importers.mapped.pile import Pile
from streams.importers.mapped.reading import ReadMapping
from streams.importers.mapped.report import Report
from streams.importers.mapped.row_currency import priced
from streams.importers.mapped.rules import Extract, extractor
from streams.importers.rows.row_file import Row, RowFile, Unreadable, row_file
from streams.importers.source import SourceError, digest_of

VERSION = 4

_MOST_REASONS = 100
_OTHERS = "skipped: other words that are left out"
_STRETCH = 1_000

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class MappedHistory:
    """What a file gives by a mapping.

    Attributes:
        name: of the import, for people and its checkpoint.
        identity: of the messages: another file, mapping or version makes others.
        pile: the messages, in time order.
        rows: what became of the rows, in words.
        bad_rows: how many rows are left out for mistakes, as a whole or some of their events.
        mistakes: of these rows.
        first_mistakes: the first ten of them.
        warned_rows: how many rows are in events with warnings.
        warnings: how many these have.
        first_warnings: the first ten of them.
        warning_counts: how many they are by their code and field, the most frequent first.
        report: where all mistakes and warnings stand.
        notes: columns of the mapping that the file does not have, as far as it was seen.
    """

    name: str
    identity: str
    pile: Pile
    rows: dict[str, int]
    bad_rows: int
    mistakes: int
    first_mistakes: Sequence[Mistake]
    warned_rows: int
    warnings: int
    first_warnings: Sequence[Mistake]
    warning_counts: dict[str, int]
    report: Path
    notes: Sequence[str]


def identity_of(file: Path, read: ReadMapping, shop_currency: str) -> str:
    """Which messages a file and a mapping make; the shop's currency says digits of amounts."""
    told = sha256(read.text.encode()).hexdigest()
    return f"{VERSION}:{digest_of(file)}:{told}:{shop_currency}"


def read_history(
    file: Path,
    read: ReadMapping,
    *,
    folder: Path,
    report: Path,
    progress: Progress,
    shop_currency: str = "",
) -> MappedHistory:
    """Read a whole file by a mapping.

    Args:
        file: of the shop.
        read: the mapping.
        folder: where bodies of messages may lie meanwhile, about as large as the file.
        report: where mistakes are written; removed when there are none.
        progress: called now and then with the number of rows read.
        shop_currency: ISO 4217, of amounts whose currency the row does not tell; empty: unknown,
            with cents.

    Raises:
        MappingError: the mapping does not fit the contract or the file.
        SourceError: the file cannot be read.
    """
    rows = row_file(file, read.mapping.file)
    notes = fit(read, rows)
    make, price = _maker(read.mapping, rows), priced(read.mapping, rows, shop_currency)
    pile, accounts = Pile(folder), _Accounts()
    with Report(report) as mistakes:
        readable = _readable(rows, mistakes, accounts, progress)
        for group in _groups(read.mapping, rows, folder, readable):
            for outcome in make(price(group)):
                accounts.add(outcome)
                match outcome:
                    case Kept(messages=messages, warnings=warnings):
                        mistakes.add(warnings)
                        for one in messages:
                            pile.add(one)
                    case Mistaken(mistakes=found):
                        mistakes.add(dict.fromkeys(found))
        copies = pile.close()
        _add_conflicts(pile, read.mapping, mistakes, accounts)
    if not accounts.rows:
        raise SourceError(f"{file} is empty: it has no rows")
    return MappedHistory(
        name=f"{read.name}-{file.name.split('.')[0]}",
        identity=identity_of(file, read, shop_currency),
        pile=pile,
        rows=accounts.told(copies),
        bad_rows=accounts.bad + accounts.contradicting,
        mistakes=mistakes.count,
        first_mistakes=mistakes.first,
        warned_rows=accounts.warned,
        warnings=mistakes.lost.total(),
        first_warnings=mistakes.first_warnings,
        warning_counts=dict(mistakes.lost.most_common()),
        report=report,
        notes=notes,
    )


class _Accounts:
    """What became of rows; each is counted once."""

    def __init__(self) -> None:
        self.rows = self.good = self.bad = self.contradicting = self.warned = 0
        self._skipped: Counter[str] = Counter()
        self._noted: Counter[str] = Counter()

    def add(self, outcome: Outcome) -> None:
        """Count the rows of an outcome."""
        match outcome:
            case Kept(rows=rows, differing=differing, warnings=warnings):
                self.good += rows
                self.warned += rows if warnings else 0
                for one in differing:
                    self._noted[f"groups that tell several of {one}"] += 1
            case Skipped(reason=reason, rows=rows):
                self._skip(reason, rows)
            case Mistaken(rows=rows):
                self.bad += rows

    def _skip(self, reason: str, rows: int) -> None:
        told = f"skipped: {reason}"
        is_new = told not in self._skipped
        self._skipped[_OTHERS if is_new and len(self._skipped) >= _MOST_REASONS else told] += rows

    def told(self, copies: int) -> dict[str, int]:
        counts = {"rows": self.rows, "in events": self.good}
        if self.warned:
            counts["in events with warnings"] = self.warned
        if self.bad:
            counts["left out for mistakes"] = self.bad
        if copies:
            counts["events that repeat an id"] = copies
        if self.contradicting:
            counts["with events that another row tells otherwise"] = self.contradicting
        noted = dict(sorted(self._noted.items()))
        return {**counts, **noted, **dict(self._skipped.most_common())}


def _maker(mapping: Mapping, rows: RowFile) -> Make:
    match mapping:
        case EventsMapping():
            return events_maker(mapping, rows)
        case OrdersMapping():
            return orders_maker(mapping, rows)
        case CustomersMapping():
            return customers_maker(mapping, rows)


def _add_conflicts(pile: Pile, mapping: Mapping, mistakes: Report, accounts: _Accounts) -> None:
    """Tell of events that several rows tell differently; those of a row come one after another."""
    last = 0
    for one in pile.conflicts():
        mistakes.add([mistake_of_conflict(one, mapping)])
        accounts.contradicting += one.row != last
        last = one.row


def _groups(
    mapping: Mapping,
    rows: RowFile,
    folder: Path,
    readable: Iterator[Row],
) -> Iterator[list[Row]]:
    """The readable rows, alone or by the mapping's key."""
    columns = [] if isinstance(mapping, CustomersMapping) else group_columns(mapping)
    if not columns:
        for row in readable:
            yield [row]
        return
    rule = Rule(column=columns)
    key_of = extractor(rule, "text", rows.getter, mapping.file, is_identifier=True)
    groups = Groups(folder)
    for row in readable:
        groups.add(_key(key_of, row), row)
    yield from groups.groups()


def _key(key_of: Extract, row: Row) -> str:
    """The key of a row's group; one that cannot be read, or names nothing, is as good as none."""
    try:
        return key_of(row.cells) or ""
    except Unfit:
        return ""


def _readable(
    rows: RowFile, mistakes: Report, accounts: _Accounts, progress: Progress
) -> Iterator[Row]:
    for row in rows.rows():
        accounts.rows += 1
        if accounts.rows % _STRETCH == 0:
            progress(accounts.rows)
        if isinstance(row, Unreadable):
            accounts.bad += 1
            mistakes.add([Mistake(row.number, "", "", row.mistake)])
        else:
            yield row
