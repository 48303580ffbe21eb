"""What a shop embeds: hand over an event in well under a millisecond and forget it.

An event goes first to a spool on local disk, so neither a kill of the shop's process nor an outage
of the broker loses it; a thread in the background sends the spool to the broker, in order, and
remembers how far the broker acknowledged. After a kill the last few may be sent twice: the system
knows them by their ids. Needs nothing of the rest of the system but the contract and the broker's
address.

    publisher = Publisher(StreamSettings.from_env(), Path("/var/spool/shop-events"))
    publisher.publish(OrderPlaced(...))

A process that forks makes its publisher after the fork, and every process has a folder of its own.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from streams.decode import Rejected, decode
from streams.event_warnings import EventWarning
from streams.events import Event, encode, key_of
from streams.framing import Message
from streams.mending import identity_warnings
from streams.producer import BrokerBusyError, BrokerError, EventProducer
from streams.producer.apart import ApartProducer
from streams.settings import StreamSettings
from streams.spool import Spool, SpoolFullError

log = logging.getLogger(__name__)

MAX_SPOOL_BYTES = 256 * 1024 * 1024
BATCH_MESSAGES = 200
# A nap lets the shop's threads have the interpreter while a backlog is sent (bench/publisher):
# none: p99 of a call 0.4 ms, p99.9 4 ms, 30 k events/s; after every tenth: 0.25, 0.9, 16 k.
BURST_MESSAGES = 10
NAP_SECONDS = 0.0002
# Few at a time cost a request and a note of the position each. bench/collector at 500 events/s on
# crowded cores: no pause: p99 of a request 92 and 255 ms; this one: 51 and 18 ms.
LINGER_SECONDS = 0.05
OUTAGE_BUDGET_SECONDS = 10.0
RETRY_SECONDS = 1.0


class EventRefusedError(Exception):
    """The event contradicts the contract and was not kept; the message names every reason."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the events since the publisher was made.

    `warned` are those kept of which a detail will be left out or mended. `unsent` are those that
    wait on the disk, an earlier process's included. `is_sending` is false when they will go on
    waiting: the publisher was closed, or its thread died of a bug.
    """

    kept: int
    warned: int
    sent: int
    unsent: int
    refused_by_contract: int
    refused_for_space: int
    is_sending: bool


class Publisher:
    """Publishes the events of one process of a shop; any of its threads may call."""

    def __init__(
        self,
        settings: StreamSettings,
        spool_dir: Path,
        max_bytes: int = MAX_SPOOL_BYTES,
        *,
        is_synced: bool = False,
        sends_apart: bool = False,
    ) -> None:
        """Take over the spool and begin to send what an earlier process left in it.

        Args:
            settings: the broker and the topic; the broker need not be there.
            spool_dir: a folder of this publisher's own on a local disk.
            max_bytes: the most that events may take there; more are refused.
            is_synced: survive a power failure too, at the price of a disk write per event.
            sends_apart: send from a process of its own, so that sending holds up no thread here.

        Raises:
            SpoolTakenError: another publisher uses the folder.
        """
        self._settings = settings
        self._spool = Spool(spool_dir, max_bytes, is_synced=is_synced)
        self._process = os.getpid()
        self._sends_apart = sends_apart
        self._producer: EventProducer | ApartProducer | None = None
        self._is_out = False
        self._tally: Counter[str] = Counter()
        self._tallying = threading.Lock()
        self._arrived = threading.Event()
        self._closing = threading.Event()
        self._stopping = threading.Event()
        self._sender = threading.Thread(target=self._send_all, name="publisher", daemon=True)
        self._sender.start()

    def publish(self, event: Event) -> tuple[EventWarning, ...]:
        """Keep an event; from here on it will reach the broker.

        Returns:
            What of it will be left out or mended when it is read.

        Raises:
            EventRefusedError: it contradicts the contract.
            SpoolFullError: the broker was away for too long and the spool is full.
            SpoolError: the publisher was closed.
        """
        return self.publish_message(encode(event))

    def publish_message(
        self, value: bytes, max_spool_bytes: int | None = None, *, is_anonymous: bool = False
    ) -> tuple[EventWarning, ...]:
        """Keep an event that is a message already, as it stands: with what no contract knows yet.

        Args:
            value: one CloudEvents object, UTF-8 JSON.
            max_spool_bytes: refuse it in a spool that holds more, to leave room for others.
            is_anonymous: it names nobody by intent, so there is nothing to warn of.

        Returns:
            What of it will be left out or mended when it is read, names of nobody included.

        Raises:
            EventRefusedError: it contradicts the contract.
            SpoolFullError: the broker was away for too long and the spool is full.
            SpoolError: the publisher was closed.
        """
        if self._process != os.getpid():
            raise RuntimeError("a publisher does not survive a fork: make it after the fork")
        decoded = decode(value)
        if isinstance(decoded, Rejected):
            self._count("refused_by_contract")
            raise EventRefusedError(decoded.errors)
        try:
            self._spool.append(Message(key_of(decoded.event), value), max_spool_bytes)
        except SpoolFullError:
            self._count("refused_for_space")
            raise
        self._count("kept")
        self._arrived.set()
        warnings = decoded.warnings
        if not is_anonymous:
            warnings = (*warnings, *identity_warnings(decoded.event))
        if warnings:
            self._count("warned")
        return warnings

    def counts(self) -> Counts:
        """What became of the events, for the shop's monitoring."""
        with self._tallying:
            return Counts(
                kept=self._tally["kept"],
                warned=self._tally["warned"],
                sent=self._tally["sent"],
                unsent=self._spool.unsent_count,
                refused_by_contract=self._tally["refused_by_contract"],
                refused_for_space=self._tally["refused_for_space"],
                is_sending=self._sender.is_alive() and not self._closing.is_set(),
            )

    def close(self, budget_seconds: float = 10.0) -> int:
        """Send what is left, for at most so long; in an outage only try once.

        Returns:
            How many events stay on the disk; the next publisher of the folder sends them.
        """
        self._closing.set()
        self._arrived.set()
        self._sender.join(budget_seconds)
        self._stopping.set()
        return self._spool.unsent_count

    def _send_all(self) -> None:
        """Send until closed; the thread's whole life."""
        while not self._stopping.is_set():
            is_last_try = self._closing.is_set()
            sent = self._send_some()
            if is_last_try and not sent:
                break
            if sent == 0:
                self._arrived.wait()
                self._arrived.clear()
            if sent is None:
                self._closing.wait(RETRY_SECONDS)
            elif sent < BATCH_MESSAGES:
                self._closing.wait(LINGER_SECONDS)
        self._disconnect()
        self._spool.close()

    def _send_some(self) -> int | None:
        """Deliver the oldest messages and remember it; how many, None when a part of it failed."""
        try:
            unsent = self._spool.unsent(BATCH_MESSAGES)
            if unsent.messages:
                self._deliver(unsent.messages)
                self._spool.mark_sent(unsent)
                self._count("sent", len(unsent.messages))
            self._spool.note_sent()
        except (BrokerError, OSError) as error:  # a broker away, a full disk, no file to be had
            self._disconnect()
            self._tell_outage(error)
            return None
        if self._is_out:
            self._is_out = False
            log.warning("events are sent again; %d wait", self._spool.unsent_count)
        return len(unsent.messages)

    def _deliver(self, messages: list[Message]) -> None:
        """Have messages acknowledged, in small bursts so that the shop's threads get their turn."""
        if self._producer is None:
            connect = ApartProducer if self._sends_apart else EventProducer
            self._producer = connect(self._settings, OUTAGE_BUDGET_SECONDS)
        for number, message in enumerate(messages):
            self._producer.send(message.key, message.value)
            if number % BURST_MESSAGES == 0 and not self._sends_apart:
                time.sleep(NAP_SECONDS)
        self._producer.flush()

    def _disconnect(self) -> None:
        producer, self._producer = self._producer, None
        if producer:
            with contextlib.suppress(BrokerError):
                producer.close()

    def _tell_outage(self, error: BrokerError | OSError) -> None:
        if not self._is_out:
            level = logging.WARNING if isinstance(error, BrokerBusyError) else logging.ERROR
            log.log(level, "events wait on the disk until they can be sent: %s", error)
        self._is_out = True

    def _count(self, outcome: str, events: int = 1) -> None:
        with self._tallying:
            self._tally[outcome] += events
