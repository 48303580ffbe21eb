from __future__ import annotations

import logging

import pytest

from streams.freeze import Pulse
from streams.outage_log import OutageFilter


def line(name: str, message: str, raised: Exception | None = None) -> logging.LogRecord:
    exc_info = (type(raised), raised, None) if raised else None
    return logging.LogRecord(name, logging.ERROR, "f", 1, message, (), exc_info)


def test_of_an_outage_one_line_a_minute_is_written_and_counts_the_others() -> None:
    now = 0.0
    outage = OutageFilter(lambda: now)
    written = []
    for tenth in range(1_300):
        now = tenth / 10
        record = line("aiokafka", "Unable connect to node with id 1: refused", OSError("refused"))
        if outage.filter(record):
            written.append(record.getMessage())
            assert record.exc_info is None
    assert len(written) == 3
    assert "599 lines held back" in written[1]


def test_a_new_outage_is_written_at_once() -> None:
    outage = OutageFilter(iter((0.0, 1.0, 20.0, 21.0)).__next__)
    passed = [outage.filter(line("aiokafka", "Unable connect to node")) for _ in range(4)]
    assert passed == [True, False, True, False]


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(line("aiokafka", "Unknown topic"), id="of a client, about something else"),
        pytest.param(line("active_analytics.stream", "heartbeat failed"), id="of ours"),
        pytest.param(line("aiokafka", "Unable connect to h: SASL failed"), id="a refusal"),
        pytest.param(line("faust", "crashed", ValueError("a bug")), id="a fault"),
    ],
)
def test_nothing_else_is_held_back(record: logging.LogRecord) -> None:
    outage = OutageFilter(lambda: 0.0)
    outage.filter(line("aiokafka", "Unable connect to node"))
    assert outage.filter(record)
    assert "away" not in record.getMessage()


def test_a_process_that_stood_still_notices_it_and_a_slow_one_does_not() -> None:
    pulse = Pulse(6.0)
    assert [pulse.stood_still(now) for now in (0.0, 0.5, 6.0, 13.0, 13.5)] == [0, 0, 0, 7, 0]
