"""A shop's file and a mapping in small, and the events that they make."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streams.decode import Rejected, decode
from streams.events import Event
from streams.importers.mapped.history import MappedHistory, read_history
from streams.importers.mapped.reading import Made, read_mapping

EVENTS = """
makes: events
source: /shop/log
kind: page.viewed
fields:
  time: {column: at, zone: UTC}
  visitorid: who
  page.url: url
"""


@dataclass(frozen=True)
class Imported:
    """What an import would publish, and what it says about the file."""

    history: MappedHistory
    events: list[Event]

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(payload) for _, payload in self.history.pile.messages()]

    @property
    def kinds(self) -> list[str]:
        return [one["type"] for one in self.told]

    @property
    def mistakes(self) -> list[tuple[int, str, str]]:
        """Row, column and words of each mistake of the report."""
        lines = [one for one in self._report() if not one["warning"]]
        return [(int(one["row"]), one["column"], one["mistake"]) for one in lines]

    @property
    def warnings(self) -> list[tuple[int, str, str]]:
        """Row, code and field of each warning of the report."""
        lines = [one for one in self._report() if one["warning"]]
        return [(int(one["row"]), one["warning"], one["field"]) for one in lines]

    @property
    def lost(self) -> list[tuple[int, str, str]]:
        """Row, column and words of each warning of the report."""
        lines = [one for one in self._report() if one["warning"]]
        return [(int(one["row"]), one["column"], one["mistake"]) for one in lines]

    def _report(self) -> list[dict[str, str]]:
        if not self.history.report.exists():
            return []
        with self.history.report.open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))


def made(
    folder: Path, file: Path, mapping: str, makes: Made = "events", *, shop_currency: str = ""
) -> Imported:
    """Read a file by a mapping: YAML text, or the name of a shipped one."""
    if "\n" in mapping:
        named = folder / "mapping.yml"
        named.write_text(mapping, encoding="utf-8")
        mapping = str(named)
    history = read_history(
        file,
        read_mapping(mapping, makes),
        folder=folder / "work",
        report=folder / "mistakes.csv",
        progress=lambda _: None,
        shop_currency=shop_currency,
    )
    events = [decode(payload) for _, payload in history.pile.messages()]
    assert not any(isinstance(one, Rejected) for one in events)
    return Imported(history, [one.event for one in events if not isinstance(one, Rejected)])


def as_csv(folder: Path, rows: Sequence[Mapping[str, object]], name: str = "file.csv") -> Path:
    """A CSV file whose header is the first row's keys."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return as_text(folder, text.getvalue(), name)


def as_text(folder: Path, text: str, name: str = "file.csv", encoding: str = "utf-8") -> Path:
    file = folder / name
    file.write_bytes(text.encode(encoding))
    return file


def as_json_lines(folder: Path, rows: Sequence[object], name: str = "file.jsonl") -> Path:
    return as_text(folder, "".join(json.dumps(row) + "\n" for row in rows), name)


def visit(**changes: str) -> dict[str, str]:
    """A row of a page view."""
    return {"at": "2026-03-01T10:00:00", "who": "c-1", "url": "https://shop.example/"} | changes
