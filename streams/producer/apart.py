"""An event producer in a process of its own, so that it holds up no thread of this one.

The library is written in Python: 90 µs of the processor per event, in which no other thread of its
process has the interpreter (bench/collector at 2,000 requests/s, p99 of an answer: 23 to 43 ms, and
4 to 30 with this). So batches go through a pipe to
`python -m streams.producer.apart`, which answers when they are acknowledged and ends when the pipe
does: at once when this process is killed.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from multiprocessing.connection import Connection, Pipe
from typing import Any

from streams.producer.connection import BrokerBusyError, BrokerError
from streams.producer.events import EventProducer
from streams.settings import StreamSettings

NICENESS = 5  # whoever waits for an answer goes first
ENDING_SECONDS = 5.0


class ApartProducer:
    """What `EventProducer` is, but a message is on its way only with the next `flush`."""

    def __init__(self, settings: StreamSettings, outage_budget_seconds: float) -> None:
        """Start the process, and connect there.

        Args:
            settings: the broker, and the topic of events.
            outage_budget_seconds: an outage that lasts no longer is waited out.

        Raises:
            BrokerError: it could not connect.
            OSError: it could not be started.
        """
        self._pipe, theirs = Pipe()
        with theirs:
            number = theirs.fileno()
            command = [sys.executable, "-P", "-m", "streams.producer.apart", str(number)]
            self._process = subprocess.Popen(command, pass_fds=[number])
        self._batch: list[tuple[bytes, bytes]] = []
        try:
            self._ask((settings, outage_budget_seconds))
        except BrokerError:
            self.close()
            raise

    def send(self, key: bytes, value: bytes) -> None:
        """Have a message go with the next batch."""
        self._batch.append((key, value))

    def flush(self) -> None:
        """Wait until the batch is acknowledged.

        Raises:
            BrokerError: a part of it could not be published.
        """
        batch, self._batch = self._batch, []
        self._ask(batch)

    def close(self) -> None:
        """End the process; a batch that was not flushed is dropped."""
        self._pipe.close()
        try:
            self._process.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _ask(self, what: object) -> None:
        try:
            self._pipe.send(what)
            error = self._pipe.recv()
        except (EOFError, OSError):
            raise BrokerBusyError("could not publish: the process that does it died") from None
        if error:
            raise error


def main(number: int) -> None:
    """Publish the batches that come through a pipe; the whole life of the process."""
    for one in (signal.SIGINT, signal.SIGTERM):  # meant for our parent, who has words to say yet
        signal.signal(one, signal.SIG_IGN)
    os.nice(NICENESS)
    pipe: Connection[Any, Any] = Connection(number)
    heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_hear, args=(pipe, heard), daemon=True).start()
    try:
        producer = EventProducer(*heard.get())
        pipe.send(None)
        while True:
            for key, value in heard.get():
                producer.send(key, value)
            producer.flush()
            pipe.send(None)
    except BrokerError as error:
        with contextlib.suppress(OSError):
            pipe.send(error)


def _hear(pipe: Connection[Any, Any], heard: queue.SimpleQueue[Any]) -> None:
    """Take in what the parent says, and end with it, whatever is under way."""
    with contextlib.suppress(EOFError, OSError):
        while True:
            heard.put(pipe.recv())
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
