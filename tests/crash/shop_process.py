"""A busy shop that publishes numbered events and tells each one that it handed over.

`python -m tests.crash.shop_process SPOOL TOLD FIRST`: the settings come from the environment; every
call of `publish` that returned leaves a line in TOLD, in the operating system's hands like the
spool itself. It goes on until it is killed.
"""

from __future__ import annotations

import itertools
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from streams.events import Data, PageViewed
from streams.publisher import Publisher
from streams.settings import StreamSettings

VISITORS = 7
SECONDS_BETWEEN = 0.0005


def event(number: int) -> PageViewed:
    """The event of a number; every seventh is of the same visitor."""
    return PageViewed(
        specversion="1.0",
        id=f"e{number}",
        source="/shop.example",
        time=datetime.now(UTC),
        visitorid=f"visitor-{number % VISITORS}",
        visitsequence=number,
        data=Data(),
    )


def main(spool: Path, told: Path, first: int) -> None:
    """Publish from a number on, for ever."""
    publisher = Publisher(StreamSettings.from_env(), spool)
    file = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in itertools.count(first):
        publisher.publish(event(number))
        os.write(file, b"%d\n" % number)
        time.sleep(SECONDS_BETWEEN)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
