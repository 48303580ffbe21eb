"""Messages put into time order with little memory: bodies on disk, 40 bytes each in memory.

A pile is written once and read in order, from any place in it. Its file has no name, so that
nothing is left behind when an import is killed. Ties of time are broken by rank, then by id: never
by the order of the file. Of messages that bear one id and differ, the earliest is kept, of one
instant the first by what it says.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import islice
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from streams.importers.mapped.conflicts import Conflict
from streams.importers.mapped.outcome import Message
from streams.importers.run import Message as Published

_BUFFER_BYTES = 1 << 20
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class _Named(msgspec.Struct):
    """As much of a message as is needed to show it, or to give it another id."""

    id: str
    type: str


class Pile:
    """Messages that are collected first and read in time order then."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._bodies = tempfile.TemporaryFile(  # noqa: SIM115  # open as long as the pile
            buffering=_BUFFER_BYTES, dir=folder
        )
        weakref.finalize(self, self._bodies.close)
        self._times = array("q")
        self._ranks = array("B")
        self._identities = array("Q")
        self._ends = array("Q", [0])
        self._key_lengths = array("H")
        self._repeatable = array("B")
        self._rows = array("I")
        self._order = array("Q")
        self._seen_often: set[int] = set()
        self._winners = array("Q")
        self.kinds: Counter[str] = Counter()
        self.bots: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._order)

    def add(self, message: Message) -> None:
        """Put a message on the pile."""
        self._ends.append(self._ends[-1] + self._bodies.write(message.key + message.payload))
        since = message.time - _BEGIN
        seconds = since.days * 86_400 + since.seconds
        self._times.append(seconds * 1_000_000 + since.microseconds)
        self._ranks.append(min(message.rank, 255))
        self._identities.append(_short(message.id))
        self._key_lengths.append(len(message.key))
        self._repeatable.append(message.is_repeatable)
        self._rows.append(message.row)
        self.kinds[message.kind] += 1
        if message.is_bots:
            self.bots[message.kind] += 1

    def close(self) -> int:
        """No message comes any more.

        Returns:
            How many messages are copies of another one.
        """
        self._bodies.flush()
        copies = self._settle(self._sorted("identity", "time", "rank"))
        order = self._sorted("time", "rank", "identity")
        if self._winners:
            order = array("Q", (one for one in order if not self._winners[one]))
        self._order = order
        return copies

    def conflicts(self) -> Iterator[Conflict]:
        """Messages that are left out, as another one that bears their id is kept."""
        for position, winner in enumerate(self._winners):
            if winner:
                rows = self._rows[position], self._rows[winner - 1]
                yield Conflict(self._named(position).id, *rows)

    def _sorted(self, *names: str) -> array[int]:
        """Positions of messages by columns in turn, else as they came."""
        columns = {
            "time": arrow_of(self._times, pa.int64()),
            "rank": arrow_of(self._ranks, pa.uint8()),
            "identity": arrow_of(self._identities, pa.uint64()),
        }
        table = pa.Table.from_arrays([columns[one] for one in names], names)
        return _numbers(pc.sort_indices(table, [(name, "ascending") for name in names]))

    def _settle(self, by_identity: array[int]) -> int:
        """Leave out all but one of the messages that share an id and differ; count the copies."""
        identities = arrow_of(self._identities, pa.uint64())
        copies = 0
        for positions in _runs(by_identity, identities):
            if self._repeatable[positions[0]]:
                self._seen_often.add(self._identities[positions[0]])
                continue
            winner = min(positions, key=self._precedence)
            body, named = self._body(winner), self._named(winner)
            for one in positions:
                if self._body(one) == body:
                    copies += one != winner
                elif self._named(one).id == named.id:  # else a chance of one in 2**64
                    self._leave_out(one, winner)
        self.kinds = +self.kinds
        return copies

    def _precedence(self, position: int) -> tuple[int, int, bytes]:
        return self._times[position], self._ranks[position], self._body(position)

    def _leave_out(self, position: int, winner: int) -> None:
        if not self._winners:
            self._winners = array("Q", bytes(8 * len(self._times)))
        self._winners[position] = winner + 1  # 0 is nobody
        self.kinds[self._named(position).type] -= 1

    def _body(self, position: int) -> bytes:
        """Key and payload; read, since a map of the file would count as memory."""
        begin, end = self._ends[position], self._ends[position + 1]
        return os.pread(self._bodies.fileno(), end - begin, begin)

    def _named(self, position: int) -> _Named:
        payload = self._body(position)[self._key_lengths[position] :]
        return msgspec.json.decode(payload, type=_Named)

    def before(self, end: datetime) -> int:
        """How many messages, in order, are earlier than an instant."""
        micros = (end - _BEGIN) // _MICROSECOND
        return bisect_left(self._order, micros, key=self._times.__getitem__)

    def kinds_of_first(self, count: int) -> Counter[str]:
        """The kinds of so many messages, in order."""
        if count == len(self):
            return self.kinds
        return Counter(self._named(position).type for position in self._order[:count])

    def examples(self, count: int, among: int) -> list[bytes]:
        """Payloads to show: the first of each kind, then the first others, in order.

        Args:
            count: how many.
            among: of the first so many messages.
        """
        first: dict[str, bytes] = {}
        others: list[bytes] = []
        for _, payload in islice(self.messages(), among):
            kind = msgspec.json.decode(payload, type=_Named).type
            if kind not in first:
                first[kind] = payload
            elif len(others) < count:
                others.append(payload)
            if len(first) == len(self.kinds) and len(first) + len(others) >= count:
                break
        return [*first.values(), *others][:count]

    def messages(self) -> Iterator[Published]:
        """Key and payload of each message, in order; rows that say the same are counted in ids."""
        times_seen: Counter[int] = Counter()
        for position in self._order:
            body = self._body(position)
            middle = self._key_lengths[position]
            key, payload = body[:middle], body[middle:]
            identity = self._identities[position]
            if identity in self._seen_often and self._repeatable[position]:
                times_seen[identity] += 1
                payload = _numbered(payload, times_seen[identity])
            yield key, payload


def _runs(order: array[int], identities: pa.Array) -> Iterator[array[int]]:
    """Of positions in the order of their identities, those that share one."""
    told = identities.take(arrow_of(order, pa.uint64()))
    later, earlier = told.slice(1), told.slice(0, max(len(told) - 1, 0))
    begin = end = -1
    for place in _numbers(pc.indices_nonzero(pc.equal(later, earlier))):
        if place != end:
            if end >= 0:
                yield order[begin : end + 1]
            begin = place
        end = place + 1
    if end >= 0:
        yield order[begin : end + 1]


def _numbers(found: pa.Array) -> array[int]:
    """Numbers that Arrow computed: to_numpy() imports pandas."""
    return array("Q", found.buffers()[1].to_pybytes()[: 8 * len(found)])


def _numbered(payload: bytes, time: int) -> bytes:
    """The payload of the so-many-th row that says the same; the first keeps its id."""
    if time == 1:
        return payload
    digest = msgspec.json.decode(payload, type=_Named).id.encode()
    return payload.replace(b'"id":"%b"' % digest, b'"id":"%b-%d"' % (digest, time), 1)


def _short(identity: str) -> int:
    return int.from_bytes(blake2b(identity.encode(), digest_size=8).digest())


def arrow_of(numbers: array[int], kind: pa.DataType) -> pa.Array:
    """Numbers of an array as Arrow sees them, without a copy."""
    return pa.Array.from_buffers(kind, len(numbers), [None, pa.py_buffer(numbers)])
