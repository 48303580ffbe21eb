"""Whether the broker still holds what the ledger says was stored.

A broker that lost its tail (a power cut before its disk had it, a leader that was behind) gives old
offsets to new messages: read on from the ledger's end, they would never be stored. Its log then
ends before the ledger does; or, when it has grown past it meanwhile, the part that was written
under the leader's epoch of our last record does (KIP-320).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from streams.producer import LogEnds
from warehouse.client import Warehouse

_ENDS = """
    select partition, max(to_offset) + 1 as next_offset, argMax(leader_epoch, to_offset) as epoch
    from event_store.ranges
    where
        topic = {topic:String} and (partition, generation, from_offset) in (
            select partition, generation, from_offset
            from event_store.stored_ranges
            where topic = {topic:String}
        )
    group by partition
    order by partition
"""
_TOPIC_IDS = """
    select distinct topic_id from event_store.ranges where topic = {topic:String}
"""

WAY_ON = (
    "What is stored stays. To go on, make another topic, set EVENTS_TOPIC to it for the shop and"
    " the worker, and publish there what the broker holds of this one from that offset on"
    " (`active-analytics publish` takes one event a line; an event that comes twice counts once)."
)


class LedgerEnd(NamedTuple):
    """Where a partition's ledger ends: the next offset, and the leader's epoch of the last record,
    -1 when it is not known.
    """

    partition: int
    next_offset: int
    leader_epoch: int


def truncations(
    warehouse: Warehouse, topic: str, ask_broker: Callable[[Mapping[int, int]], LogEnds]
) -> tuple[LogEnds, Sequence[str]]:
    """Compare the ledger of a topic with the broker's log of it.

    Args:
        warehouse: where the ledger is; it is read first, for the log only grows meanwhile.
        topic: its name.
        ask_broker: given the leader's epochs by partition, the log's ends.

    Returns:
        What the broker says, and a sentence per contradiction with the way on; none when they
        agree.
    """
    ledger = [LedgerEnd(*map(int, row)) for row in warehouse.rows(_ENDS, topic=topic)]
    ids = {str(topic_id) for (topic_id,) in warehouse.rows(_TOPIC_IDS, topic=topic)}
    log = ask_broker({one.partition: one.leader_epoch for one in ledger if one.leader_epoch >= 0})
    if others := ids - {log.topic_id}:
        return log, [
            f"topic {topic} was made anew: the broker's id is {log.topic_id}, the ledger knows "
            f"{', '.join(sorted(others))}. Its offsets mean other messages now. {WAY_ON}"
        ]
    return log, list(_contradictions(topic, ledger, log))


def _contradictions(topic: str, ledger: Sequence[LedgerEnd], log: LogEnds) -> Iterator[str]:
    for one in ledger:
        place = f"{topic}[{one.partition}]"
        stored = f"the ledger says that everything before offset {one.next_offset} is stored"
        end = log.ends.get(one.partition, 0)
        epoch_end = log.epoch_ends.get(one.partition, one.next_offset)
        if end < one.next_offset:
            yield (
                f"{place}: {stored}, and the broker's log ends at {end}: it lost its tail, and "
                f"gives those offsets to new messages. {WAY_ON}"
            )
        elif epoch_end < one.next_offset:
            yield (
                f"{place}: {stored}, and the broker's log of that time (leader's epoch "
                f"{one.leader_epoch}) ends at {epoch_end}: it lost its tail, and offsets from "
                f"{epoch_end} on are other messages now. {WAY_ON}"
            )
