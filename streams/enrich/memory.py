"""Answers remembered per value, so that a user agent seen a million times is read once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar, cast

from msgspec import Struct
from msgspec.structs import astuple

LONGEST_REMEMBERED = 400  # characters, all texts of a question together

Question = TypeVar("Question", bound=Hashable)
Answer = TypeVar("Answer")


class Remembered(dict[Question, Answer]):
    """A pure function as a mapping: `remembered[value]` computes once and looks up ever after.

    A look-up of a known value costs what a dictionary's does (30 ns; `lru_cache` takes 70). It
    grows until `forget_beyond` is called, between batches. Long texts are not kept: who sends
    addresses of 8 KB must not fill our memory.
    """

    def __init__(self, compute: Callable[[Question], Answer]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, question: Question) -> Answer:
        answer = self._compute(question)
        if _characters(question) <= LONGEST_REMEMBERED:
            self[question] = answer
        return answer

    def forget_beyond(self, count: int) -> None:
        """Forget everything when more than so many answers are kept."""
        if len(self) > count:
            self.clear()


def _characters(question: object) -> int:
    if isinstance(question, str):
        return len(question)
    texts = (
        astuple(question) if isinstance(question, Struct) else cast(tuple[object, ...], question)
    )
    return sum(len(one) for one in texts if isinstance(one, str))
