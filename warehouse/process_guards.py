"""What every process of ours does first: its logs become visible text, its files private.

Events, marts, letters and the logs about them are about people: other users of the machine have no
business in them, whatever umask the process was started with.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from warehouse.terminal_text import guard_logs

PRIVATE_UMASK = 0o077
OPEN_BITS = 0o077


def guard_process() -> None:
    """From here on this process, and those it starts, write for their own user only."""
    os.umask(PRIVATE_UMASK)
    guard_logs()


def close_to_others(paths: Iterable[Path]) -> list[Path]:
    """Take what an earlier version wrote from other users; what is not there is passed over.

    A folder that is closed closes all within it.

    Returns:
        The paths that were open until now.
    """
    opened = [path for path in paths if path.exists() and path.stat().st_mode & OPEN_BITS]
    for path in opened:
        path.chmod(path.stat().st_mode & 0o7700)
    return opened
