"""Snowplow's enriched events in small."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from streams.importers.rows.snowplow_rows import COLUMNS

_ACTION = "iglu:com.snowplowanalytics.snowplow.ecommerce/snowplow_ecommerce_action/jsonschema/1-0-2"
_ENTITY = "iglu:com.snowplowanalytics.snowplow.ecommerce/{}/jsonschema/1-0-0"


def line(event_name: str = "page_view", **columns: str) -> str:
    """A line of 131 columns: somebody looks at a page."""
    told = {
        "app_id": "shop",
        "platform": "web",
        "collector_tstamp": "2026-03-01 10:00:00.125",
        "derived_tstamp": "2026-03-01 10:00:00.100",
        "event_id": f"e-{event_name}",
        "event_name": event_name,
        "domain_userid": "v-1",
        "domain_sessionidx": "3",
        "page_url": "https://shop.example/mug",
        "useragent": "Mozilla/5.0",
    } | columns
    return "\t".join(told.get(name, "") for name in COLUMNS)


def action(kind: str, **columns: str) -> str:
    """A line of an e-commerce action."""
    data = {"schema": _ACTION, "data": {"type": kind}}
    told = {"event_id": f"e-{kind}", "unstruct_event": json.dumps({"schema": "iglu", "data": data})}
    return line("snowplow_ecommerce_action", **(told | columns))


def entities(*told: tuple[str, dict[str, object]]) -> str:
    """The column `contexts` of a line."""
    data = [{"schema": _ENTITY.format(name), "data": said} for name, said in told]
    return json.dumps({"schema": "iglu", "data": data})


def as_enriched(folder: Path, lines: Sequence[str]) -> Path:
    file = folder / "enriched.tsv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file
