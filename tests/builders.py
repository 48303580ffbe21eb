"""Valid events and records; a test names only what it is about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from streams.decode import Decoded
from streams.enrich.enrichment import Enrichment, Tables
from streams.events import Data, Envelope, Event, Page, PageViewed, encode, key_of
from streams.records import Record

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
SHOP_PAGE = Page(url="https://shop.example/")


def event(kind: type[Envelope] = PageViewed, **attributes: Any) -> Any:
    """An event of a kind; a page view of visitor `v1` at noon unless told otherwise."""
    given = {
        "specversion": "1.0",
        "id": "e1",
        "source": "/shop.example",
        "time": NOON,
        "visitorid": "v1",
        "data": Data(),
    }
    return kind(**{**given, **attributes})


def activity(kind: type[Envelope] = PageViewed, **attributes: Any) -> Any:
    """The same as something that a visitor did: on a page, unless it tells a page or a client."""
    told = event(kind, **attributes)
    if told.data.page is None and told.data.client is None:
        return replace(told, data=replace(told.data, page=SHOP_PAGE))
    return told


def accepted(events: Iterable[Event]) -> list[tuple[Record, Decoded]]:
    """Events as the stream reads them, one record each, without warnings."""
    return [(record(offset, one), Decoded(one)) for offset, one in enumerate(events)]


def record(offset: int, content: Event | bytes | None) -> Record:
    """A record of a partition, a second of broker time after the one before."""
    at = int((NOON + timedelta(seconds=offset)).timestamp() * 1000)
    if content is None or isinstance(content, bytes):
        return Record(offset, b"", content, (), at)
    return Record(offset, key_of(content), encode(content), (), at)


@cache
def enrichment(zone: str = "UTC", *own_hosts: str) -> Enrichment:
    """Enrichment by the shipped tables, for a shop in a zone."""
    return Enrichment(Tables(ZoneInfo(zone), frozenset(own_hosts)))
