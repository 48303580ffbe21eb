"""One service as one process: started once, awaited, ended with its children.

A service is known by a note in a file: its process id and the moment that process started. A note
whose process has ended, or whose id belongs to somebody else by now, is no service, and nobody is
signalled because of it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from streams.local_kafka.running import Running

LAST_LINES = 15
STOP_BUDGET_SECONDS = 30.0
CHILDREN_BUDGET_SECONDS = 5.0


class ServiceError(Exception):
    """A service cannot be started or does not answer; the message says what to do next."""


@dataclass(frozen=True, slots=True)
class ServiceProcess:
    """What it takes to run a service, and to find it again."""

    name: str
    group: str
    command: tuple[str, ...]
    home: Path
    answers_since: Callable[[float], bool] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)
    address: str = ""
    port: int | None = None
    port_setting: str = ""
    budget_seconds: float = 120.0  # the slowest took 24 s, on two cores with a load of 9

    @property
    def note(self) -> Path:
        """The file that says which process it is."""
        return self.home / "run" / f"{self.name}.pid"

    @property
    def log(self) -> Path:
        """What the process printed, over all its starts."""
        return self.home / "run" / f"{self.name}.log"

    def running(self) -> Running | None:
        """The process of the service, None when it has ended."""
        return Running.noted_in(self.note)

    def refuse_taken_port(self) -> None:
        """Complain when somebody else listens on the port of a service that is not running.

        Raises:
            ServiceError: naming the service, the port and what to do.
        """
        if self.port is not None and not self.running() and is_taken(self.port):
            raise ServiceError(
                f"port {self.port}, which {self.name} needs, is taken by another program:"
                f" end it, or set {self.port_setting} to another port"
            )

    def is_answering(self) -> bool:
        """Whether the service is of use; a sign of life from before its start does not count."""
        return self.note.exists() and self.answers_since(self.note.stat().st_mtime)

    def start(self) -> None:
        """Start the process unless it runs; `await_answer` tells when it is of use."""
        if self.running():
            return
        self.note.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(self.environment),
                start_new_session=True,  # a group of its own: Ctrl-C here is not for it
            )
        started = Running.of(process.pid)
        if started:
            started.note_in(self.note)
        process.returncode = 0  # it outlives this command, which must not complain of that

    def await_answer(self) -> None:
        """Wait until the service answers.

        Raises:
            ServiceError: it ended instead, or its time was up; with the end of its log.
        """
        deadline = time.monotonic() + self.budget_seconds
        while True:
            if not self.running():
                raise ServiceError(f"{self.name} ended while starting; {self._last_words()}")
            if self.is_answering():
                return
            if time.monotonic() > deadline:
                raise ServiceError(
                    f"{self.name} did not answer within {self.budget_seconds:.0f} s;"
                    f" {self._last_words()}"
                )
            time.sleep(0.25)  # before it is asked again

    def stop(self) -> None:
        """End the process, then what is left of its group; nothing happens when it has ended."""
        running = self.running()
        if running:
            running.end(STOP_BUDGET_SECONDS)
            end_group(running.pid)
        self.note.unlink(missing_ok=True)

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        return "\n  ".join([f"its log is {self.log} and ends with:", *lines])


def is_taken(port: int) -> bool:
    """Whether something listens on a port of this machine's loopback."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def end_group(leader: int) -> None:
    """End the processes that a leader left behind when it ended a moment ago."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not _has_members(leader):
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):  # they ended just now
            os.killpg(leader, number)
        _await_empty(leader)


def _await_empty(leader: int) -> None:
    deadline = time.monotonic() + CHILDREN_BUDGET_SECONDS
    while _has_members(leader) and time.monotonic() < deadline:
        time.sleep(0.05)  # a group tells nobody that it is empty


def _has_members(leader: int) -> bool:
    processes = Path("/proc").glob("[0-9]*/stat")
    if not Path("/proc/self/stat").exists():
        return _has_members_by_signal(leader)
    return any(_is_member(stat, leader) for stat in processes)


def _is_member(stat: Path, leader: int) -> bool:
    try:
        columns = stat.read_text().rpartition(")")[2].split()  # the name before may hold spaces
    except (FileNotFoundError, ProcessLookupError):
        return False
    state, group = columns[0], int(columns[2])
    return group == leader and state not in "ZX"  # one that waits to be reaped has ended


def _has_members_by_signal(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
