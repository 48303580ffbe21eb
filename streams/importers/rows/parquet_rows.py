"""Parquet: rows of a batch at a time, nested structures as objects and lists."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from streams.importers.rows.content import content_of
from streams.importers.rows.ga4_shape import pivoted
from streams.importers.rows.options import File
from streams.importers.rows.row_file import Cells, Getter, Row, columns_of, nested
from streams.importers.source import SourceError

_BATCH_ROWS = 8_192


class ParquetRows:
    """A Parquet file; instants of nanoseconds are read as microseconds."""

    def __init__(self, file: Path, options: File) -> None:
        self._file = file
        self._is_ga4 = options.shape == "ga4"
        with self._readable():
            self._schema: pa.Schema = pq.read_schema(file)
        self.is_complete = not self._is_ga4  # its parameters differ by row
        self.columns: Collection[str] = list(_paths(self._schema))
        if self._is_ga4:
            self.columns = list(dict.fromkeys((*self.columns, *columns_of(self.rows()))))

    def getter(self, column: str) -> Getter:
        """The column of this name, else the member at the end of a dotted path."""
        if column in self._schema.names:
            return lambda cells: cells.get(column)
        return nested(column)

    def content(self, cells: Cells) -> bytes:
        """The row as JSON, columns in the order of their names."""
        return content_of(cells)

    def rows(self) -> Iterator[Row]:
        """All rows, in the file's order."""
        number = 0
        with self._readable(), pq.ParquetFile(self._file) as content:
            for batch in content.iter_batches(_BATCH_ROWS):
                for cells in _in_microseconds(batch).to_pylist():
                    number += 1
                    yield Row(number, pivoted(cells) if self._is_ga4 else cells)

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
            raise SourceError(f"{self._file} cannot be read as parquet: {error}") from None


def _paths(fields: Any, before: str = "") -> Iterator[str]:
    for field in fields:
        yield before + field.name
        if pa.types.is_struct(field.type):
            yield from _paths(field.type, f"{before}{field.name}.")


def _in_microseconds(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Python has no nanoseconds."""
    columns = [
        column.cast(pa.timestamp("us", column.type.tz), safe=False)
        if pa.types.is_timestamp(column.type) and column.type.unit == "ns"
        else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)
