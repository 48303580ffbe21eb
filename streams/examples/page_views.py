"""What every web framework's middleware needs: when a page was shown, and the event of it."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from streams.collector.visitors import (
    anonymous_address,
    asks_for_privacy,
    language_of,
    new_visitor,
    visitor_of,
)
from streams.events import Client, Data, Event, Page, PageViewed
from streams.publisher import EventRefusedError, Publisher
from streams.settings import StreamSettings
from streams.spool import SpoolError, SpoolTakenError

log = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 0.2


def own_publisher(stream: StreamSettings, spools: Path) -> Publisher:
    """A publisher for this process: the first spool of a folder that no other process has.

    A shop's server runs several processes. The next ones take over what earlier ones left; where
    there are fewer of them now, what lies in the spools of the others is sent in the background.
    """
    publisher = _first_free(stream, spools)
    threading.Thread(
        target=_send_left_behind, args=(stream, spools), name="left behind", daemon=True
    ).start()
    return publisher


def _first_free(stream: StreamSettings, spools: Path) -> Publisher:
    number = 0
    while True:
        try:
            return Publisher(stream, spools / str(number))
        except SpoolTakenError:
            number += 1


def _send_left_behind(stream: StreamSettings, spools: Path) -> None:
    """Adopt each spool that no process has, until all it holds is sent."""
    for spool in sorted(spools.glob("[0-9]*")):
        with contextlib.suppress(SpoolTakenError):
            publisher = Publisher(stream, spool)
            while publisher.counts().unsent:
                time.sleep(LOOK_AGAIN_SECONDS)
            publisher.close()


def shows_page(method: str, status: int, content_type: str) -> bool:
    """Whether an answer is a page that a visitor saw."""
    return method == "GET" and status == 200 and content_type.startswith("text/html")


def visitor_in(headers: Mapping[str, str]) -> str:
    """The visitor's id, empty for one who asks not to be followed: he gets no cookie either.

    Args:
        headers: of the request, whatever case their names are asked in.
    """
    if asks_for_privacy(headers):
        return ""
    return visitor_of(headers.get("Cookie", "")) or new_visitor()


def page_view(visitor: str, url: str, address: str, headers: Mapping[str, str]) -> PageViewed:
    """The event of a page that was shown just now.

    Args:
        visitor: the visitor id, of our cookie; empty for one who asks not to be followed.
        url: the whole of it, with the query.
        address: the visitor's; behind a proxy see `client_address`.
        headers: of the request, whatever case their names are asked in.
    """
    return PageViewed(
        specversion="1.0",
        id=str(uuid.uuid4()),
        source="/shop/web",
        time=datetime.now(UTC),
        visitorid=visitor,
        data=Data(
            page=Page(url=url, referrer=headers.get("Referer", "")),
            client=Client(
                user_agent=headers.get("User-Agent", ""),
                address=address if visitor else anonymous_address(address),
                language=language_of(headers.get("Accept-Language", "")),
            ),
        ),
    )


def publish_or_log(publisher: Publisher, event: Event) -> None:
    """Publish; a page is shown to its visitor all the same when that cannot be done."""
    try:
        publisher.publish(event)
    except (EventRefusedError, SpoolError) as error:
        log.error("an event was not kept: %s", error)
