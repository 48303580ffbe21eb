"""What an import of a file did, or would do, in words and figures."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

from streams.importers.mapped.history import MappedHistory
from streams.importers.mapped.outcome import Mistake
from streams.importers.run import ImportReport
from streams.settings import StreamSettings

_EXAMPLES = 10


def found_in(history: MappedHistory) -> dict[str, Any]:
    """What a file gives, for scripts."""
    return {
        "name": history.name,
        "events": len(history.pile),
        "kinds": dict(history.pile.kinds),
        "rows": history.rows,
        "bad_rows": history.bad_rows,
        "mistakes": history.mistakes,
        "warned_rows": history.warned_rows,
        "warnings": history.warnings,
        "warning_counts": history.warning_counts,
        "report": str(history.report) if history.mistakes or history.warnings else None,
        "bots": dict(history.pile.bots),
        "columns_not_found": list(history.notes),
    }


def figures_of(done: ImportReport) -> dict[str, Any]:
    """What a run did, for scripts."""
    return {
        "already": done.already,
        "published": done.published,
        "seconds": round(done.seconds, 3),
        "events_per_second": round(done.events_per_second),
    }


def account_of(history: MappedHistory, done: ImportReport, settings: StreamSettings) -> str:
    """What a run did and what became of the rows, for people."""
    there = done.already + done.published
    place = f"{there:,} of {len(history.pile):,} events are in {settings.events_topic}"
    speed = f"{done.published:,} events published in {done.seconds:,.1f} s"
    first = (
        f"{history.name}: {speed} ({done.events_per_second:,.0f}/s); {place}"
        if done.published
        else f"{history.name}: nothing to do, {place}; --again publishes them once more"
    )
    return "\n".join((first, *_counts(history.rows), *_bots(history), *_mistakes(history)))


def preview_of(history: MappedHistory, wished: int, *, as_json: bool) -> str:
    """What would be published, with ten examples of it, for people or as one JSON object."""
    examples = [one.decode() for one in history.pile.examples(_EXAMPLES, wished)]
    if as_json:
        found = {**found_in(history), "examples": [json.loads(one) for one in examples]}
        return json.dumps(found | {"would_publish": wished})
    lines = (
        f"{history.name}: {wished:,} events would be published",
        *_counts(dict(history.pile.kinds_of_first(wished).most_common())),
        "rows of the file:",
        *_counts(history.rows),
        *_bots(history),
        *_mistakes(history),
        *notes_of(history),
        *examples,
    )
    return "\n".join(lines)


def _counts(counted_things: dict[str, int]) -> list[str]:
    return [f"  {count:>9,}  {what}" for what, count in counted_things.items()]


def _mistakes(history: MappedHistory) -> list[str]:
    """What left rows out, then what cost only details of events that are imported."""
    lines: list[str] = []
    if history.mistakes:
        count = f"{history.mistakes:,} mistakes, whose {history.bad_rows:,} rows are left out"
        lines += [f"{count}, in {history.report}; the first:"]
        lines += map(_line, history.first_mistakes)
    if history.warnings:
        count = f"{history.warnings:,} warnings of {history.warned_rows:,} rows that are imported"
        lines += [f"{count}, in {history.report}; of these kinds:"]
        lines += _counts(dict(islice(history.warning_counts.items(), _EXAMPLES)))
        lines += ["the first warnings:", *map(_line, history.first_warnings)]
    return lines


def _bots(history: MappedHistory) -> list[str]:
    """How many events are of programs, which no mart counts, and how many orders are among them."""
    bots = history.pile.bots
    if not bots:
        return []
    orders = bots["order.placed"]
    return [
        f"{bots.total():,} events, {orders:,} orders among them, are of bots: no mart counts them"
    ]


def _line(one: Mistake) -> str:
    return f"  row {one.row}, {one.column or 'the row'}: {_quoted(one.value)}{one.mistake}"


def _quoted(value: str) -> str:
    return f"{value!r} " if value else ""


def notes_of(history: MappedHistory) -> list[str]:
    """Columns of the mapping that the file does not have, as far as it was seen."""
    if not history.notes:
        return []
    return [f"columns of the mapping that were not found: {', '.join(history.notes)}"]
