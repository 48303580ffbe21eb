"""A process started earlier, found again by its id and the moment it started.

A process id alone is not enough to end a process: after a while the same number may be somebody
else's.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Running:
    """A process: its id, and its start as the operating system tells it."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Running | None:
        """The process with that id now, None when it has ended."""
        started = _start_of(pid)
        return cls(pid, started) if started else None

    @classmethod
    def noted_in(cls, path: Path) -> Running | None:
        """The process noted in a file, None when it has ended or another one bears its id."""
        try:
            pid, _, started = path.read_text().strip().partition(" ")
        except FileNotFoundError:
            return None
        noted = cls(int(pid), started) if pid.isdigit() else None
        return noted if noted and noted.is_alive() else None

    def note_in(self, path: Path) -> None:
        """Write the process down, whole or not at all."""
        draft = path.with_name(path.name + ".new")
        draft.write_text(f"{self.pid} {self.started}\n")
        draft.replace(path)

    def is_alive(self) -> bool:
        """Whether this very process still runs."""
        return self.started != "" and _start_of(self.pid) == self.started

    def end(self, budget_seconds: float) -> None:
        """Ask the process to end; kill it when it has not ended within the budget."""
        self._send(signal.SIGTERM)
        if not self.has_ended_within(budget_seconds):
            self._send(signal.SIGKILL)
            self.has_ended_within(10)

    def has_ended_within(self, budget_seconds: float) -> bool:
        """Wait for the end of the process, at most so long; whether it came."""
        deadline = time.monotonic() + budget_seconds
        while self.is_alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def _send(self, number: signal.Signals) -> None:
        if self.is_alive():
            with contextlib.suppress(ProcessLookupError):  # it ended between the question and this
                os.kill(self.pid, number)


def _start_of(pid: int) -> str:
    """When the process started; empty when it is gone or only waits to be reaped."""
    if not Path("/proc/self/stat").exists():
        return _start_by_ps(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    columns = stat.rpartition(")")[2].split()  # the name before it may hold spaces
    state, started = columns[0], columns[19]
    return "" if state in "ZX" else started


def _start_by_ps(pid: int) -> str:
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    state, _, started = told.partition(" ")
    return "" if state.startswith("Z") else started.strip()
