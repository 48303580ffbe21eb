"""Topics for tests of the publisher that need no broker."""

from __future__ import annotations


class Topic:
    """A broker that takes everything at once: what was sent, in order."""

    def __init__(self) -> None:
        self.values: list[bytes] = []

    def producer(self, *_: object) -> Topic:
        """The way in."""
        return self

    def send(self, _: bytes, value: bytes) -> None:
        self.values.append(value)

    def flush(self) -> None:
        """All of it is there."""

    def close(self) -> None:
        """There is nothing to close."""
