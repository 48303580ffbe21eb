"""The batch lane: a Faust transport that hands an agent one fetched batch of a partition as one
message.

A stock agent costs four asyncio tasks per message (8 k messages/s measured); on this lane 343 k/s
reach the agent, and Faust's assignment, commit and rebalance go on as they are. The class also
answers where to begin: not at the group's committed offset but where the warehouse's ledger ends.

Partitions have fair turns: of each no more than one batch waits for the agent. Faust's own flow
control would pause a partition until the queue is empty, which it never is while others flow: one
of four starved for minutes (1 of 400 batches).

Every batch carries the generation under which it was fetched. A fetch and a seek exclude each
other, so a batch whose generation is current was read from the position that it claims. Faust's own
note of how far it read is set back with every fetch: it would drop what is read again in silence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any, NamedTuple, Protocol

from aiokafka.errors import IllegalStateError
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.transport.drivers.aiokafka import Consumer as KafkaConsumer
from faust.transport.drivers.aiokafka import Transport as KafkaTransport
from faust.types import TP, ConsumerMessage

from streams.record_batches import install_reader
from streams.records import Record

__all__ = ["NAME", "TP", "Batch", "BatchedConsumer", "Positions", "Transport"]

NAME = "batched"
_FEW_RECORDS = 1_000
_NAP_SECONDS = 0.02  # until the agent takes a batch; it needs 50 ms and more for a full one
_LOST_SECONDS = 30.0  # a batch that waits so long may be one that Faust dropped at a rebalance


class Batch(NamedTuple):
    """Consecutive records of one partition, and the generation of the claim they were fetched
    under.
    """

    tp: TP
    records: Sequence[Record]
    generation: int


class Positions(Protocol):
    """Who knows where partitions begin: asked at assignment, told when we stand there."""

    linger_seconds: float

    def generations(self) -> Mapping[TP, int]:
        """The current generation of every partition that is being read, a copy."""

    async def claim(self, first_offsets: Mapping[TP, int]) -> Mapping[TP, int]:
        """Claim partitions, given the first offset the broker still holds of each; the next offset
        of each.
        """

    def reached(self) -> Mapping[TP, int]:
        """The next offset that the agent waits for, of every partition that is being read."""

    def opened(self, tps: set[TP]) -> None:
        """The consumer stands at the claimed offsets: batches fetched from now on count."""


class CommittedReader(AIOKafkaConsumerThread):
    """Faust's reader, but of committed records only, and of every record that there is.

    A shop may publish in transactions; what it took back never happened. Faust reads so only when
    it writes in transactions itself, and has no setting for it.
    """

    def _create_worker_consumer(self, transport: Any) -> Any:
        install_reader()
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"  # its own argument, read at start
        return consumer

    def highwater(self, tp: TP) -> int:
        """The offset up to which can be read now: a transaction under way ends it."""
        consumer = self._ensure_consumer()
        stable: int | None = consumer.last_stable_offset(tp)
        return stable if stable is not None and stable >= 0 else consumer.highwater(tp) or 0


class BatchedConsumer(KafkaConsumer):
    """Faust's consumer with whole batches as messages and the ledger as its memory."""

    _was_small = False

    def _new_consumer_thread(self) -> CommittedReader:
        return CommittedReader(self, loop=self.loop, beacon=self.beacon)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reading = asyncio.Lock()
        self._fetched: dict[TP, tuple[int, float]] = {}  # the next offset to fetch, and since when

    @property
    def positions(self) -> Positions:
        """The app's keeper of positions."""
        keeper: Positions = self.app.positions
        return keeper

    def waiting(self) -> set[TP]:
        """The partitions of which a batch waits for the agent, as far as we know."""
        now = monotonic()
        return {tp for tp in self.queued() if now - self._fetched[tp][1] < _LOST_SECONDS}

    def queued(self) -> set[TP]:
        """The partitions of which a batch was fetched that the agent has not taken."""
        reached = self.positions.reached()
        return {
            tp for tp, (fetched, _) in self._fetched.items() if fetched > reached.get(tp, fetched)
        }

    async def end_to_reach(self, tp: TP) -> int:
        """Where reading a partition must get to; 0 when all is fetched, though markers may follow,
        and when it is not ours any more.
        """
        try:
            end = self.highwater(tp) or 0
            position = await self.position(tp) or 0
        except IllegalStateError:
            return 0
        return end if position < end else 0

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:
        if active_partitions is None:
            active_partitions = set(self.assignment())
        active_partitions = active_partitions - self.waiting()
        if not active_partitions:
            await asyncio.sleep(_NAP_SECONDS)
            return {}
        if self._was_small:  # many tiny inserts cost the engine more than a second costs the reader
            await asyncio.sleep(self.positions.linger_seconds)
        async with self._reading:
            generations = self.positions.generations()
            fetched = await super()._getmany(active_partitions, timeout)
            for tp, records in fetched.items():
                if records:
                    self._read_offset[tp] = records[0].offset - 1
                    self._fetched[tp] = (records[-1].offset + 1, monotonic())
        self._was_small = 0 < sum(map(len, fetched.values())) < _FEW_RECORDS
        return {
            tp: [Batch(tp, records, generations.get(tp, -1))]
            for tp, records in fetched.items()
            if records
        }

    def _to_message(self, tp: TP, record: Batch) -> ConsumerMessage:
        last = record.records[-1]
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            last.offset,
            last.broker_time_ms / 1000.0,
            0,
            [],
            None,
            record,
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek every assigned partition to the end of its ledger; the offsets sought."""
        return await self.rewind(self.assignment())

    async def rewind(self, tps: set[TP]) -> Mapping[TP, int]:
        """Claim partitions anew and read them again from where the ledger ends."""
        tps = tps & self.assignment()  # to claim what another worker reads would void its writing
        if not tps:
            return {}
        try:
            offsets = await self.positions.claim(await self.earliest_offsets(*tps))
            async with self._reading:
                await self.seek_wait(offsets)
                for tp in tps:
                    self._fetched.pop(tp, None)
                self.positions.opened(tps)
        except IllegalStateError:  # the group took some of them from us meanwhile
            await asyncio.sleep(_NAP_SECONDS)
            return await self.rewind(tps)
        return offsets


class Transport(KafkaTransport):
    """Faust's Kafka transport with the batched consumer, chosen by `batched://host:port`."""

    Consumer = BatchedConsumer
