"""Real processes of the system under test, started with settings and ended by their own id."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from streams.settings import StreamSettings
from warehouse.settings import WarehouseSettings

COMMAND = Path(sys.executable).with_name("active-analytics")


def answer(told: dict[str, str], *arguments: str) -> Any:
    """What a command of ours answers in JSON, in an environment."""
    done = subprocess.run(
        [COMMAND, *arguments, "--json"], env=told, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def open_to_others(folder: Path) -> list[Path]:
    """What other users of the machine reach in a folder; a closed one closes what it holds."""
    reached: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.stat().st_mode & 0o077:
            reached += [path, *(open_to_others(path) if path.is_dir() else [])]
    return reached


def environment(stream: StreamSettings, warehouse: WarehouseSettings) -> dict[str, str]:
    """The environment that makes a process of ours use these settings."""
    given = {
        one.name.upper(): str(getattr(stream, one.name))
        for one in dataclasses.fields(stream)
        if getattr(stream, one.name) not in ("", None)
    }
    return {
        **os.environ,
        **given,
        "WAREHOUSE_URL": warehouse.url,
        "WAREHOUSE_USER": warehouse.user,
        "WAREHOUSE_PASSWORD": warehouse.password,
    }


class Worker:
    """A stream worker of its own process; use it as a context.

    Args:
        stream: its broker, topic and group.
        warehouse: where it stores.
        program: the module that is run, and its arguments.
        name: of its log.
    """

    def __init__(
        self,
        stream: StreamSettings,
        warehouse: WarehouseSettings,
        program: Sequence[str] = ("streams.agents",),
        name: str = "worker",
    ) -> None:
        self.log = Path(stream.local_home) / f"{name}.log"
        self._program = program
        self._environment = environment(stream, warehouse)

    def __enter__(self) -> Worker:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process; it joins the group in its own time."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self._program],
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def told(self) -> str:
        """What the log says, for a failing test."""
        return f"worker's exit code {self.process.poll()}: {self.log.read_text()[-4000:]}"

    def is_frozen(self) -> bool:
        """Whether the process was stopped and not continued."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "T"

    def wake(self) -> None:
        """Let a frozen process go on."""
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait(30)

    def stop(self) -> int:
        """End it with SIGTERM; its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(60)


def eventually(
    holds: Callable[[], object], *, within_seconds: float = 60.0, tell: Callable[[], str] = str
) -> None:
    """Wait until something holds; fails with what `tell` says when the time is over."""
    deadline = time.monotonic() + within_seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {within_seconds:.0f} s: {tell()}"
        time.sleep(0.05)
