"""How many events a page's visitor and an address may send: each so many a minute, for ever.

The generic cell rate algorithm: of each key is kept the instant at which all it has sent would have
been sent at its rate. It may be ahead of that by a minute. The keys are bounded; the one that was
silent for longest gives way, so an attacker who has more addresses than that is not held up here,
but by the share of the spool that beacons have.
"""

from __future__ import annotations

import logging
import math
from collections import OrderedDict

from streams.collector.settings import CollectorSettings
from streams.enrich.network import network_of

BURST_SECONDS = 60.0
MOST_KEYS = 50_000  # of each kind: about 10 MB

log = logging.getLogger("active_analytics.collector")


class RateLimit:
    """So many events a minute for each key."""

    def __init__(self, per_minute: int, at_most_keys: int = MOST_KEYS) -> None:
        """Know no keys yet; a rate of 0 is no limit."""
        self._seconds_each = 60 / per_minute if per_minute else 0.0
        self._at_most_keys = at_most_keys
        self._due: OrderedDict[str, float] = OrderedDict()

    def wait_seconds(self, key: str, now: float) -> float:
        """How long a key has to wait before it may send again; 0 when it need not."""
        return max(self._due.get(key, now) - now - BURST_SECONDS, 0.0)

    def charge(self, key: str, events: int, now: float) -> None:
        """Note that a key has sent events; an empty key is nobody's."""
        if not key or not self._seconds_each:
            return
        self._due[key] = max(self._due.get(key, now), now) + events * self._seconds_each
        self._due.move_to_end(key)
        if len(self._due) > self._at_most_keys:
            self._due.popitem(last=False)


class BeaconLimits:
    """The limits of addresses and of visitors; IPv6 addresses of one /48 are one."""

    def __init__(self, settings: CollectorSettings) -> None:
        self._of_addresses = RateLimit(settings.collector_address_events_per_minute)
        self._of_visitors = RateLimit(settings.collector_visitor_events_per_minute)
        self._is_logged = False

    def wait_seconds(self, address: str, visitor: str, now: float) -> int:
        """Whole seconds until a request may come again, 0 when it may now.

        Args:
            address: of the client; empty where only a proxy's is known.
            visitor: of its cookie; empty when there is none.
            now: seconds of a clock that never goes back.
        """
        of_address = self._of_addresses.wait_seconds(_network(address), now)
        if of_address and not self._is_logged:
            self._is_logged = True
            told = "%s sends more than COLLECTOR_ADDRESS_EVENTS_PER_MINUTE and is answered with 429"
            hint = "; if that is a proxy of the shop, name it in COLLECTOR_TRUSTED_PROXIES"
            log.warning(told + hint, network_of(address))
        return math.ceil(max(of_address, self._of_visitors.wait_seconds(visitor, now)))

    def admit(self, address: str, visitor: str, events: int, now: float) -> int:
        """Note what a request brought, unless it has to wait: as `wait_seconds`."""
        wait_seconds = self.wait_seconds(address, visitor, now)
        if not wait_seconds:
            self._of_addresses.charge(_network(address), events, now)
            self._of_visitors.charge(visitor, events, now)
        return wait_seconds


def _network(address: str) -> str:
    """What one sender has: an address, or of IPv6 a site's network."""
    return network_of(address) if ":" in address else address
