"""Messages put into time order with little memory: bodies on disk, 36 bytes each in memory.

A pile is written once and read in order, from any place in it. Its file has no name, so that
nothing is left behind when an import is killed. Ties of time are broken by rank, then by id: never
by the order of the file.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from array import array
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

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
        self._order = array("Q")
        self._seen_often: frozenset[int] = frozenset()
        self.kinds: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._times)

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
        self.kinds[message.kind] += 1

    def close(self) -> int:
        """No message comes any more.

        Returns:
            How many messages bear an id that an earlier one bears, and are copies of it.
        """
        self._bodies.flush()
        names = ("time", "rank", "identity")
        columns = [
            arrow_of(self._times, pa.int64()),
            arrow_of(self._ranks, pa.uint8()),
            arrow_of(self._identities, pa.uint64()),
        ]
        table = pa.Table.from_arrays(columns, names)  # pa.table() imports pandas
        keys = [(name, "ascending") for name in names]
        order = pc.sort_indices(table, keys)
        self._order = array("Q", order.buffers()[1].to_pybytes())  # to_numpy() imports pandas
        repeats = _repeats(columns[2])
        self._seen_often = frozenset(repeats)
        copies = Counter(repeats)
        for position, identity in enumerate(self._identities if copies else ()):
            if self._repeatable[position]:
                copies.pop(identity, None)
        return copies.total()

    def before(self, end: datetime) -> int:
        """How many messages, in order, are earlier than an instant."""
        micros = (end - _BEGIN) // _MICROSECOND
        return sum(1 for one in self._times if one < micros)

    def examples(self, count: int) -> list[bytes]:
        """Payloads to show: the first of each kind, then the first others, in order."""
        first: dict[str, bytes] = {}
        others: list[bytes] = []
        for _, payload in self.messages():
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
        bodies = self._bodies.fileno()
        for position in self._order:
            begin, end = self._ends[position], self._ends[position + 1]
            body = os.pread(bodies, end - begin, begin)  # a map of the file would count as memory
            middle = self._key_lengths[position]
            key, payload = body[:middle], body[middle:]
            identity = self._identities[position]
            if identity in self._seen_often and self._repeatable[position]:
                times_seen[identity] += 1
                payload = _numbered(payload, times_seen[identity])
            yield key, payload


def _repeats(identities: pa.Array) -> list[int]:
    """Every identity that an earlier message has, as often as it comes again."""
    in_order = identities.take(pc.sort_indices(identities))
    later, earlier = in_order.slice(1), in_order.slice(0, max(len(in_order) - 1, 0))
    repeats: list[int] = later.filter(pc.equal(later, earlier)).to_pylist()
    return repeats


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
