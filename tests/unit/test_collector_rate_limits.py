"""How many events an address and a visitor may send; time is passed in."""

from __future__ import annotations

import pytest

from streams.collector.rate_limits import BURST_SECONDS, BeaconLimits, RateLimit
from streams.collector.settings import CollectorSettings


def test_a_minute_s_worth_may_come_at_once_and_then_so_many_a_minute() -> None:
    limit = RateLimit(60)
    limit.charge("a", 60, now=1000.0)
    assert limit.wait_seconds("a", now=1000.0) == 0
    limit.charge("a", 1, now=1000.0)
    assert limit.wait_seconds("a", now=1000.0) == pytest.approx(1.0)
    assert limit.wait_seconds("a", now=1001.0) == 0
    assert limit.wait_seconds("b", now=1000.0) == 0


def test_what_is_long_past_counts_no_more() -> None:
    limit = RateLimit(60)
    limit.charge("a", 60, now=0.0)
    limit.charge("a", 60, now=BURST_SECONDS)
    assert limit.wait_seconds("a", now=BURST_SECONDS) == 0


def test_over_any_time_no_more_than_the_rate_and_a_minute_passes() -> None:
    limit, passed = RateLimit(120), 0
    for tick in range(10_000):  # every tenth of a second five events, for a thousand seconds
        if not limit.wait_seconds("a", now=tick / 10):
            limit.charge("a", 5, now=tick / 10)
            passed += 5
    assert 1000 * 2 <= passed <= 1000 * 2 + 120 + 5


def test_a_rate_of_0_is_no_limit() -> None:
    limit = RateLimit(0)
    limit.charge("a", 10**9, now=0.0)
    assert limit.wait_seconds("a", now=0.0) == 0


def test_of_too_many_keys_the_one_that_was_silent_for_longest_is_forgotten() -> None:
    limit = RateLimit(1, at_most_keys=2)
    for key in ("a", "b", "a", "c"):
        limit.charge(key, 100, now=0.0)
    assert [bool(limit.wait_seconds(key, now=0.0)) for key in "abc"] == [True, False, True]


def test_an_address_and_a_visitor_are_held_to_limits_of_their_own() -> None:
    limits = BeaconLimits(
        CollectorSettings(
            collector_address_events_per_minute=600, collector_visitor_events_per_minute=60
        )
    )
    limits.admit("192.0.2.1", "anna", 90, now=0.0)
    assert limits.wait_seconds("192.0.2.1", "anna", now=0.0) == 30
    assert limits.wait_seconds("192.0.2.9", "anna", now=0.0) == 30
    assert limits.wait_seconds("192.0.2.1", "ben", now=0.0) == 0
    limits.admit("192.0.2.1", "ben", 600, now=0.0)
    assert limits.wait_seconds("192.0.2.1", "", now=0.0) == 9


def test_addresses_of_one_ipv6_network_are_one_sender() -> None:
    limits = BeaconLimits(CollectorSettings(collector_address_events_per_minute=60))
    limits.admit("2001:db8:1::1", "", 120, now=0.0)
    assert limits.wait_seconds("2001:db8:1:ffff::2", "", now=0.0) == 60
    assert limits.wait_seconds("2001:db8:2::1", "", now=0.0) == 0


def test_who_has_no_address_and_no_cookie_is_not_held_up() -> None:
    limits = BeaconLimits(CollectorSettings())
    limits.admit("", "", 10**9, now=0.0)
    assert limits.wait_seconds("", "", now=0.0) == 0
