"""Values of a batch as numbers, so that what follows from a value is found once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, TypeVar

Value = TypeVar("Value")


class Numbers(dict[Value, int]):
    """Numbers values in the order they come: `numbers[value]`, from 0."""

    def __missing__(self, value: Value) -> int:
        self[value] = number = len(self)
        return number


class Numbered(NamedTuple, Generic[Value]):
    """The values of n rows: row i holds `distinct[codes[i]]`; codes are NumPy's, (n,) of int32."""

    codes: Any
    numbers: Numbers[Value]

    @property
    def distinct(self) -> list[Value]:
        """The values, by number."""
        return list(self.numbers)

    def put(self, rows: Any, values: Sequence[Value]) -> None:
        """Let these rows hold other values, in place."""
        self.codes[rows] = [self.numbers[value] for value in values]
