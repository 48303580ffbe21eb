"""Real small processes under the supervisor."""

import sys
from pathlib import Path

import pytest

from streams.supervisor import Pauses, supervise

COUNT = """
import pathlib, sys
runs = pathlib.Path(sys.argv[1])
runs.write_text((runs.read_text() if runs.exists() else "") + "x")
"""


@pytest.mark.parametrize("code", [0, 3])
def test_a_clean_end_and_a_refusal_are_final(tmp_path: Path, code: int) -> None:
    runs = tmp_path / "runs"
    command = [sys.executable, "-S", "-c", COUNT + f"sys.exit({code})", str(runs)]
    assert supervise(command, first_pause_seconds=0) == code
    assert runs.read_text() == "x"


def test_a_crash_is_answered_by_a_new_process(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    body = COUNT + "sys.exit(0 if len(runs.read_text()) == 3 else 1)"
    assert supervise([sys.executable, "-S", "-c", body, str(runs)], first_pause_seconds=0) == 0
    assert runs.read_text() == "xxx"


def test_the_pause_grows_with_every_crash_and_shrinks_again_after_a_calm_hour() -> None:
    pauses = Pauses(1.0)
    assert [pauses.after(5.0) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert [pauses.after(seconds) for seconds in (3_599.0, 3_600.0, 5.0)] == [60, 1, 2]
