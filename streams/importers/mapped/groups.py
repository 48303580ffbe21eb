"""Rows that share a key, brought together with little memory: cells on disk, 16 bytes a row kept.

Groups come in the order of their first rows, rows of a group in the file's order. A row without a
key is a group of its own.
"""

from __future__ import annotations

import mmap
import pickle
import tempfile
from array import array
from collections import defaultdict
from collections.abc import Iterator
from hashlib import blake2b
from itertools import groupby
from pathlib import Path

import pyarrow as pa

from streams.importers.rows.row_file import Row


class Groups:
    """Rows that are collected first and read by group then."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._rows = tempfile.TemporaryFile(dir=folder, buffering=1 << 20)  # noqa: SIM115
        self._hashes = array("Q")
        self._ends = array("Q", [0])

    def add(self, key: str, row: Row) -> None:
        """Keep a row; without a key it stays alone."""
        told = pickle.dumps((key, row.number, row.cells))
        self._rows.write(told)
        self._ends.append(self._ends[-1] + len(told))
        name = f"k{key}" if key else f"r{row.number}"
        self._hashes.append(int.from_bytes(blake2b(name.encode(), digest_size=8).digest()))

    def groups(self) -> Iterator[list[Row]]:
        """All groups; no row comes any more."""
        if not self._hashes:
            return
        self._rows.flush()
        with mmap.mmap(self._rows.fileno(), 0, access=mmap.ACCESS_READ) as content:
            for _, positions in groupby(self._in_order(), key=self._hashes.__getitem__):
                together: dict[str, list[Row]] = defaultdict(list)
                for position in positions:
                    told = content[self._ends[position] : self._ends[position + 1]]
                    key, number, cells = pickle.loads(told)
                    together[key].append(Row(number, cells))
                yield from together.values()

    def _in_order(self) -> list[int]:
        hashes = pa.Array.from_buffers(
            pa.uint64(), len(self._hashes), [None, pa.py_buffer(self._hashes)]
        )
        table = pa.table({"hash": hashes, "position": pa.array(range(len(hashes)), pa.int64())})
        begins = table.group_by("hash").aggregate([("position", "min")])
        joined = table.join(begins, "hash")
        keys = [("position_min", "ascending"), ("hash", "ascending"), ("position", "ascending")]
        positions: list[int] = joined.sort_by(keys)["position"].to_pylist()
        return positions
