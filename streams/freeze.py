"""A worker that was frozen must not go on as if nothing had happened.

While a process stands still (SIGSTOP, a laptop asleep, a machine without a breath), the group gives
its partitions to others. What it holds in its hands when it wakes is void, and Faust and aiokafka
fail over it in many ways; so it ends at once, with a sentence, and a new process joins the group.
"""

from __future__ import annotations

import threading
import time

from streams.ending import EXIT_SUPERSEDED, end_at_once

LOOK_SECONDS = 0.5


class Pulse:
    """Notices that nobody looked for too long.

    Args:
        limit_seconds: how long it may take from one look to the next.
    """

    def __init__(self, limit_seconds: float) -> None:
        self._limit_seconds = limit_seconds
        self._looked_at: float | None = None

    def stood_still(self, now: float) -> float:
        """For how many seconds, when it was too long, else 0."""
        before, self._looked_at = self._looked_at, now
        passed = 0.0 if before is None else now - before
        return passed if passed > self._limit_seconds else 0.0


def end_when_frozen(limit_seconds: float) -> None:
    """Watch from a thread, and end the process when it wakes from standing still.

    Args:
        limit_seconds: as long as the group waits for a silent member.
    """
    threading.Thread(target=_watch, args=(limit_seconds,), daemon=True).start()


def _watch(limit_seconds: float) -> None:
    pulse = Pulse(limit_seconds)
    while True:
        seconds = pulse.stood_still(time.clock_gettime(time.CLOCK_BOOTTIME))
        if seconds:
            end_at_once(
                f"this worker stood still for {seconds:.0f} s, and the group waits for"
                f" {limit_seconds:.0f}: others may read its partitions by now. Nothing is lost;"
                " a new process joins the group.",
                EXIT_SUPERSEDED,
            )
        time.sleep(LOOK_SECONDS)
