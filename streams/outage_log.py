"""One line a minute while the broker is away, instead of ten blocks a second.

The clients say of each attempt that it failed, most of them with a traceback. Only such messages,
known by their words, are held back; everything else is passed on as it is.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from time import monotonic

CLIENTS = ("aiokafka", "faust", "mode", "kafka")
SILENCE_SECONDS = 60.0
CALM_SECONDS = 10.0  # without such a message: the next one is of a new outage, and written at once

_OUTAGE = re.compile(
    r"unable connect to|connect call failed|connection (was )?(closed|lost|reset|refused)"
    r"|kafkaconnectionerror|nodenotready|unable to (request|update) metadata"
    r"|no broker metadata|failed fetch messages|heartbeat (session expired|failed|request)"
    r"|group coordinator|coordinatornotavailable|coordinator dead|marking the coordinator"
    r"|offsetcommit failed|offset commit failed|failed to get offsets|leadernotavailable"
    r"|requesttimedout|connectionreset|bootstrap",
    re.IGNORECASE,
)
_REFUSAL = re.compile(r"authenti|authori[sz]|sasl|ssl|certificate", re.IGNORECASE)


class OutageFilter(logging.Filter):
    """Lets one line a minute of an outage pass, with the number of those held back.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._passed_at = self._heard_at = float("-inf")
        self._held_back = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is to be written; shortens the one that is of an outage."""
        message = _outage(record)
        if message is None:
            return True
        now = self._clock()
        calm_seconds, self._heard_at = now - self._heard_at, now
        if calm_seconds < CALM_SECONDS and now - self._passed_at < SILENCE_SECONDS:
            self._held_back += 1
            return False
        record.msg = "the broker is away: %s (written once a minute; %d lines held back)"
        record.args = (message.splitlines()[0][:300], self._held_back)
        record.exc_info = record.exc_text = record.stack_info = None
        self._passed_at, self._held_back = now, 0
        return True


def _outage(record: logging.LogRecord) -> str | None:
    """What a client says of an outage; None of any other record."""
    if record.name.partition(".")[0] not in CLIENTS:
        return None
    message = record.getMessage()
    raised = record.exc_info[1] if record.exc_info else None
    text = f"{message} {type(raised).__name__}: {raised}" if raised else message
    return text if _OUTAGE.search(text) and not _REFUSAL.search(text) else None
