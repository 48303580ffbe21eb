"""Keeps the stream worker running: a crash is answered by a new process, a refusal by stopping.

A worker that crashed leaves at most a tail of rows, which its successor deletes; so starting again
is always safe. What a person must decide (exit code 3) and a clean end (0) are not repeated.
"""

from __future__ import annotations

import logging
import signal
import subprocess
import threading
from collections.abc import Sequence
from time import monotonic
from types import FrameType

from streams.ending import EXIT_REFUSED

log = logging.getLogger("active_analytics.supervisor")

FINAL_CODES = (0, EXIT_REFUSED)
PASSED_ON = (signal.SIGTERM, signal.SIGINT)
LONGEST_PAUSE_SECONDS = 60.0
CALM_SECONDS = 3600.0


class Pauses:
    """How long to wait before the next start: twice as long after every crash, up to a minute, and
    as at first again after a calm hour.

    Args:
        first_seconds: the wait after the first crash.
    """

    def __init__(self, first_seconds: float) -> None:
        self._first_seconds = first_seconds
        self._next_seconds = first_seconds

    def after(self, run_seconds: float) -> float:
        """The wait in seconds after a run that lasted so long and ended in a crash."""
        if run_seconds >= CALM_SECONDS:
            self._next_seconds = self._first_seconds
        pause = self._next_seconds
        self._next_seconds = min(pause * 2, LONGEST_PAUSE_SECONDS)
        return pause


def supervise(command: Sequence[str], first_pause_seconds: float = 1.0) -> int:
    """Run a command until it ends for good; SIGTERM and SIGINT are passed on and end it.

    Args:
        command: the worker's program and arguments.
        first_pause_seconds: wait after the first crash (`Pauses`).

    Returns:
        The exit code of the last run.
    """
    told_to_stop = threading.Event()
    running: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        told_to_stop.set()
        for process in running:
            process.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in PASSED_ON}
    try:
        return _run(command, Pauses(first_pause_seconds), told_to_stop, running)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run(
    command: Sequence[str],
    pauses: Pauses,
    told_to_stop: threading.Event,
    running: list[subprocess.Popen[bytes]],
) -> int:
    while True:
        started_at = monotonic()
        process = subprocess.Popen(command)
        running[:] = [process]
        code = process.wait()
        if code in FINAL_CODES or told_to_stop.is_set():
            return code
        pause = pauses.after(monotonic() - started_at)
        log.warning("the worker ended with code %d; starting again in %.0f s", code, pause)
        if told_to_stop.wait(pause):
            return code
