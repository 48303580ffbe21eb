"""When a worker has stopped without saying so: a known way in which Faust's consumers die.

A partition of which nothing is fetched although messages wait has stalled. One whose batch waits
for its turn while others move, or while a batch is being decoded or stored, is only slow: that is
no death. How long one batch may take is bounded elsewhere: decoding is linear in its bytes, and the
warehouse's answer has a time limit.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping


class Watchdog:
    """Notices a partition that has messages waiting and does not move.

    Args:
        patience_seconds: how long it may stand still while messages wait.
    """

    def __init__(self, patience_seconds: float) -> None:
        self._patience_seconds = patience_seconds
        self._moved: dict[Hashable, tuple[int, float]] = {}
        self._any_moved_at = float("-inf")

    def forget(self) -> None:
        """Begin anew: the worker waits for somebody else, and does so rightly."""
        self._moved.clear()

    def stalled(
        self,
        now: float,
        reached: Mapping[Hashable, int],
        ends: Mapping[Hashable, int],
        waiting: Collection[Hashable] = (),
        *,
        is_working: bool = False,
    ) -> list[Hashable]:
        """The partitions that have stood still for too long.

        Args:
            now: monotonic seconds.
            reached: per partition the next offset to read.
            ends: per partition the offset that the broker will give to its next message.
            waiting: partitions whose messages are fetched and wait for their turn.
            is_working: whether a batch is being decoded or stored.
        """
        standing = []
        if is_working:
            self._any_moved_at = now
        for partition, position in reached.items():
            last_position, since = self._moved.get(partition, (-1, now))
            if position != last_position or ends.get(partition, 0) <= position:
                self._moved[partition] = (position, now)
                if position != last_position:
                    self._any_moved_at = now
            elif now - since >= self._patience_seconds:
                standing.append(partition)
        if now - self._any_moved_at < self._patience_seconds:
            return [partition for partition in standing if partition not in waiting]
        return standing
