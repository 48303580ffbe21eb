"""One process builds at a time; others wait, and a killed one makes room."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

from orchestration.build_turn import is_somebody_building, turn

HOLDER = """
import sys, time
from pathlib import Path
from orchestration.build_turn import turn
with turn(Path(sys.argv[1]), wait=print):
    print("mine", flush=True)
    time.sleep(60)
"""


def other_builder(home: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLDER, str(home)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "mine\n"
    return process


def test_a_turn_that_nobody_has_comes_at_once_and_may_be_taken_again(tmp_path: Path) -> None:
    with turn(tmp_path, wait=print) as first, turn(tmp_path, wait=print) as second:
        assert (first.was_awaited, second.was_awaited) == (False, False)
        assert not is_somebody_building(tmp_path)


def test_a_build_waits_for_another_process_until_that_is_killed(tmp_path: Path) -> None:
    other = other_builder(tmp_path)
    waiting, messages, awaited = Event(), [], []

    def wait(message: str) -> None:
        messages.append(message)
        waiting.set()

    def build() -> None:
        with turn(tmp_path, wait) as mine:
            awaited.append(mine.was_awaited)

    builder = Thread(target=build)
    builder.start()
    try:
        assert waiting.wait(10)
        assert is_somebody_building(tmp_path)
        assert awaited == []
    finally:
        other.send_signal(signal.SIGKILL)
        other.communicate()
    builder.join(10)
    assert awaited == [True]
    assert messages == [f"another build is under way (process {other.pid}): waiting for it"]
    assert not is_somebody_building(tmp_path)
