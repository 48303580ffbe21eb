"""Whose turn it is to build: one process of this machine at a time, others wait.

The turn is a lock on a file of the local home, which the system frees when its process ends, in
whatever way. A process that has it may take it again: a command builds several runs in one turn.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_held: set[Path] = set()


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn that came, and whether it had to be waited for."""

    was_awaited: bool


@contextmanager
def turn(home: Path, wait: Callable[[str], None]) -> Iterator[Turn]:
    """Have the turn to build.

    Args:
        home: this machine's local home.
        wait: told whom the turn is waited for, before it is.
    """
    file = _file(home)
    if file in _held:
        yield Turn(was_awaited=False)
        return
    home.mkdir(parents=True, exist_ok=True)
    with file.open("a+") as lock:
        was_awaited = not _is_taken_now(lock.fileno())
        if was_awaited:
            lock.seek(0)
            wait(f"another build is under way (process {lock.read().strip()}): waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        _held.add(file)
        try:
            yield Turn(was_awaited)
        finally:
            _held.discard(file)


def is_somebody_building(home: Path) -> bool:
    """Whether another process has the turn now."""
    file = _file(home)
    if file in _held or not file.exists():
        return False
    with file.open("a+") as lock:
        return not _is_taken_now(lock.fileno())


def _is_taken_now(lock: int) -> bool:
    """Whether the lock could be had at once; it is held then."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _file(home: Path) -> Path:
    return home.resolve() / "build.lock"
