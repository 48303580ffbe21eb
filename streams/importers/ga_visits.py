"""Visits of a Google Analytics export: what its sessions file knows beyond the single hits.

A visit that crosses the shop's midnight has two rows; a hit takes the part that had begun by then.
Sums over a visit (hits, transactions, time on site) stay behind: they follow from the events.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from streams.events import Campaign
from streams.importers.source import read_parquet

# Google's words for «nothing is known», left out of events.
SILENT = frozenset({"(not set)", "(none)", "(direct)", "not available in demo dataset"})

_TAGS = ("src", "medium", "campaign", "keyword", "ad_content", "gclid")
_CIRCUMSTANCES = (
    "browser",
    "os",
    "device_category",
    "is_mobile",
    "continent",
    "country",
    "region",
    "city",
    "network_domain",
    "referral_path",
    "is_true_direct",
)
_KEYS = ("visitor_id", "visit_id", "visit_start", "visit_number", "channel_grouping")


class Visit(NamedTuple):
    """A visit, or its part of one shop day; `context` is one JSON object."""

    begins_at: datetime
    number: int
    channel: str
    campaign: Campaign | None
    context: bytes


UNKNOWN = Visit(datetime.min.replace(tzinfo=UTC), 0, "", None, b"{}")
Visits = dict[tuple[str, int], list[Visit]]


def read(file: Path) -> Visits:
    """The parts of every visit by visitor and visit id, each list in time order."""
    table = read_parquet(file, (*_KEYS, *_TAGS, *_CIRCUMSTANCES))
    table = table.sort_by(
        [(name, "ascending") for name in ("visitor_id", "visit_id", "visit_start")]
    )
    keys, tags, circumstances = (
        zip(*(table[name].to_pylist() for name in names), strict=True)
        for names in (_KEYS, _TAGS, _CIRCUMSTANCES)
    )
    visits: Visits = defaultdict(list)
    for key, tag, circumstance in zip(keys, tags, circumstances, strict=True):
        visitor_id, visit_id, start_seconds, number, channel = key
        begins_at = datetime.fromtimestamp(start_seconds, UTC)
        visit = Visit(begins_at, number, channel, _campaign(*tag), _context(circumstance))
        visits[visitor_id, visit_id].append(visit)
    return dict(visits)


def part_at(parts: Sequence[Visit], instant: datetime) -> Visit:
    """The part of a visit that an instant lies in: the last one begun by then, else the first."""
    return next((one for one in reversed(parts) if one.begins_at <= instant), parts[0])


@lru_cache(maxsize=65_536)
def _campaign(*tags: str | None) -> Campaign:
    """The tags as the source read them; an empty one says that it found none."""
    told = ["" if tag is None or tag in SILENT else tag for tag in tags]
    return Campaign(**dict(zip(Campaign.__struct_fields__, told, strict=True)))


@lru_cache(maxsize=65_536)
def _context(circumstances: tuple[str | bool | None, ...]) -> bytes:
    named = zip(_CIRCUMSTANCES, circumstances, strict=True)
    return msgspec.json.encode(
        {name: word for name, word in named if word is not None and word not in SILENT}
    )
