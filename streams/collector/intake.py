"""Messages into the publisher, and what became of each, in words for the sender.

An answer to several events says what became of each; the same event may always be sent again, for
the system knows it by its id. What browsers repeat is caught here already: their scripts cannot
tell whether a page's last words arrived, so they say them again on the next page.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from streams.collector.beacons import Beacon, Denial, Losses, Visit, beacon_of, completed
from streams.event_warnings import EventWarning, sentence
from streams.publisher import EventRefusedError, Publisher
from streams.spool import SpoolError

log = logging.getLogger("active_analytics.collector")

EVENTS_PER_TURN = 20  # then others get the event loop: 20 events take half a millisecond
REMEMBERED_IDS = 100_000
SHOWN_REASONS = 10
SHOWN_CHARACTERS = 300
SHOWN_WARNED = 20  # events of a request
LOSSES = ("old", "full", "large", "refused")  # why a page may have lost events
MOST_LOST = 10_000  # that one request is believed to have lost


class Refused(msgspec.Struct, frozen=True):
    """An event that was refused: which of the request, counted from 0, and why."""

    index: int
    reasons: tuple[str, ...]


class Warned(msgspec.Struct, frozen=True):
    """An event that was kept without a detail: which of the request, and what of it."""

    index: int
    warnings: tuple[str, ...]


@dataclass(slots=True)
class Outcome:
    """What became of the events of a request; `failure` says why the rest was not looked at."""

    accepted: int = 0
    refused: list[Refused] = field(default_factory=list)
    warned: list[Warned] = field(default_factory=list)
    failure: str = ""
    is_denied: bool = False  # the visitor wants to be forgotten

    @property
    def status(self) -> int:
        """202 all taken, 207 some, 400 none; 503 there is no room: send the request again later."""
        if self.failure:
            return 503
        if not self.refused:
            return 202
        return 207 if self.accepted else 400

    def body(self) -> bytes:
        """JSON for the sender."""
        told: dict[str, object] = {"accepted": self.accepted}
        if self.refused:
            told["refused"] = self.refused
        if self.warned:
            told["warnings"] = self.warned
        if self.failure:
            told["error"] = self.failure
        return msgspec.json.encode(told)

    def refuse(self, index: int, reasons: tuple[str, ...]) -> None:
        """Note an event that is not taken."""
        shown = tuple(one[:SHOWN_CHARACTERS] for one in reasons[:SHOWN_REASONS])
        self.refused.append(Refused(index, shown))

    def warn(self, index: int, warnings: Iterable[EventWarning]) -> None:
        """Note what of an event is left out or mended; of the first few events of a request."""
        if len(self.warned) < SHOWN_WARNED:
            words = tuple(sentence(one)[:SHOWN_CHARACTERS] for one in warnings)
            self.warned.append(Warned(index, words[:SHOWN_REASONS]))


class RecentIds:
    """The ids of the last so many events."""

    def __init__(self, at_most: int = REMEMBERED_IDS) -> None:
        self._at_most = at_most
        self._ids: OrderedDict[str, None] = OrderedDict()  # of a dict, the oldest is long to find

    def __contains__(self, event_id: str) -> bool:
        return event_id in self._ids

    def add(self, event_id: str) -> None:
        """Remember an id, and forget the oldest when they are too many."""
        self._ids[event_id] = None
        if len(self._ids) > self._at_most:
            self._ids.popitem(last=False)


class Intake:
    """Keeps events through a publisher."""

    def __init__(self, publisher: Publisher, beacon_spool_bytes: int) -> None:
        """Know of no events yet.

        Args:
            publisher: what keeps them.
            beacon_spool_bytes: how full beacons may make its spool; the rest is for servers.
        """
        self._publisher = publisher
        self._beacon_spool_bytes = beacon_spool_bytes
        self._recent = RecentIds()
        self.lost: Counter[str] = Counter()  # events that pages have lost, by reason
        self.anonymous = 0  # kept without a visitor, for the browser asks for privacy
        self.denials = 0  # visitors who withdrew their consent

    async def take_events(self, messages: Iterable[bytes]) -> Outcome:
        """Keep events of the shop's servers, each as it stands."""
        outcome = Outcome()
        for index, message in enumerate(messages):
            self._keep(outcome, index, message)
            if outcome.failure:
                break
            await _turn(index)
        return outcome

    async def take_beacons(self, messages: Iterable[bytes], visit: Visit) -> Outcome:
        """Complete and keep what a browser sent; what it said lately already is taken as said."""
        outcome = Outcome()
        for index, message in enumerate(messages):
            beacon = beacon_of(message)
            if isinstance(beacon, Losses):
                self._count_lost(beacon)
            elif isinstance(beacon, Denial):
                self.denials += 1
                outcome.is_denied = True
                outcome.accepted += 1
            elif isinstance(beacon, tuple):
                outcome.refuse(index, beacon)
            elif beacon.event_id in self._recent:
                outcome.accepted += 1
            else:
                self._keep_beacon(outcome, index, beacon, visit)
            if outcome.failure:
                break
            await _turn(index)
        return outcome

    def _keep_beacon(self, outcome: Outcome, index: int, beacon: Beacon, visit: Visit) -> None:
        message, is_anonymous = completed(beacon, visit), not visit.visitor
        if self._keep(outcome, index, message, self._beacon_spool_bytes, is_anonymous=is_anonymous):
            self._recent.add(beacon.event_id)
            self.anonymous += is_anonymous

    def _keep(
        self,
        outcome: Outcome,
        index: int,
        message: bytes,
        max_spool_bytes: int | None = None,
        *,
        is_anonymous: bool = False,
    ) -> bool:
        """Whether a message is in the spool now; if not, the outcome tells why."""
        try:
            warnings = self._publisher.publish_message(
                message, max_spool_bytes, is_anonymous=is_anonymous
            )
        except EventRefusedError as error:
            outcome.refuse(index, error.reasons)
            return False
        except SpoolError:
            outcome.failure = "there is no room for more events now: send all of them again later"
            return False
        outcome.accepted += 1
        if warnings:
            outcome.warn(index, warnings)
        return True

    def _count_lost(self, losses: Losses) -> None:
        counts = {
            reason: min(losses.lost.get(reason, 0), MOST_LOST)
            for reason in LOSSES
            if losses.lost.get(reason, 0) > 0
        }
        self.lost.update(counts)
        if counts:
            log.warning("a page lost events: %s", counts)


async def _turn(index: int) -> None:
    if index % EVENTS_PER_TURN == EVENTS_PER_TURN - 1:
        await asyncio.sleep(0)
