"""Rows that share a key, brought together with little memory: cells on disk, 32 bytes a row kept.

Groups come in the order of their first rows, rows of a group in the file's order. A row without a
key is a group of its own.
"""

from __future__ import annotations

import os
import pickle
import tempfile
import weakref
from array import array
from collections import defaultdict
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from streams.importers.mapped.pile import arrow_of
from streams.importers.rows.row_file import Row


class Groups:
    """Rows that are collected first and read by group then."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._rows = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # open as long as this lives
        weakref.finalize(self, self._rows.close)
        self._hashes = array("Q")
        self._ends = array("Q", [0])

    def add(self, key: str, row: Row) -> None:
        """Keep a row; without a key it stays alone."""
        told = pickle.dumps((key, row.number, row.cells, row.mended))
        self._rows.write(told)
        self._ends.append(self._ends[-1] + len(told))
        name = f"k{key}" if key else f"r{row.number}"
        self._hashes.append(int.from_bytes(blake2b(name.encode(), digest_size=8).digest()))

    def groups(self) -> Iterator[list[Row]]:
        """All groups; no row comes any more."""
        if not self._hashes:
            return
        self._rows.flush()
        order = _sorted([self._hashes, array("Q", range(len(self._hashes)))])
        begins = array("Q", [0])
        for at in range(1, len(order)):
            if self._hashes[order[at]] != self._hashes[order[at - 1]]:
                begins.append(at)
        first = _sorted([array("Q", map(order.__getitem__, begins))])
        begins.append(len(order))
        for one in first:
            yield from self._apart(order[begins[one] : begins[one + 1]])

    def _apart(self, positions: array[int]) -> Iterator[list[Row]]:
        """Rows of one hash by their keys, which nearly always is one."""
        together: dict[str, list[Row]] = defaultdict(list)
        for position in positions:
            begin, end = self._ends[position], self._ends[position + 1]
            told = os.pread(self._rows.fileno(), end - begin, begin)
            key, number, cells, mended = pickle.loads(told)
            together[key].append(Row(number, cells, mended=mended))
        yield from together.values()


def _sorted(columns: list[array[int]]) -> array[int]:
    """Positions of rows, by the columns in turn."""
    names = [str(at) for at in range(len(columns))]
    table = pa.Table.from_arrays([arrow_of(one, pa.uint64()) for one in columns], names)
    order = pc.sort_indices(table, [(name, "ascending") for name in names])
    return array("Q", order.buffers()[1].to_pybytes())
