"""The law of letters, checked: the ledger of firings and the feed hold the same, each letter once.

The whole feed is read, as readers of committed records see it, and firing ids are compared: rows of
the ledger that stand twice are no letters, and a letter that stands twice in the feed is one too
many even if the ledger knows it once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from uuid import UUID

import msgspec

from orchestration.firing_ledger import repeated_rows
from orchestration.triggers.message import read_message
from streams.producer import first_offsets, read_topic, topic_id
from streams.settings import StreamSettings
from warehouse.client import Warehouse

PROGRESS_MESSAGES = 10_000

STANDING = "select distinct firing_id from triggers.standing_firings"
MARKED = "select distinct firing_id from triggers.publications"
PUBLISHED = """
select
    firing_id,
    partition,
    offset,
    topic_id = {topic_id:String}
    or (
        topic_id = ''
        and firing_id not in (select firing_id from triggers.firings where clock = 'shop')
    ) as is_of_this_feed
from triggers.publications
where topic = {topic:String}
"""


@dataclass(frozen=True, slots=True)
class FeedAudit:
    """Letters, counted by firing id.

    `doubled` stand in the feed more than once; `unrecorded` stand there and not in the ledger, or
    were withdrawn; `missing` were published by the ledger's word, at an offset that the topic
    should still hold, and are not there; a sound feed has 0 of each. `expired` were published and
    lie before the topic's first offset; `elsewhere` were published in a topic of this name that is
    not this one: it was made anew, or lies on another broker. `unpublished` wait for the next run
    of detection, which marks or judges them; `repeated_rows` of the ledger are no letters.
    """

    letters: int
    doubled: int
    unrecorded: int
    missing: int
    expired: int
    elsewhere: int
    unpublished: int
    repeated_rows: int

    @property
    def is_ok(self) -> bool:
        """Whether the law holds."""
        return not (self.doubled or self.unrecorded or self.missing)

    @property
    def remarks(self) -> list[str]:
        """What a person should know beside the verdict, a sentence each."""
        sentences = {
            "rows of the ledger repeat a letter: --repair deletes them": self.repeated_rows,
            "letters wait for the next run of detection": self.unpublished,
            "letters are older than the topic's first offset and not compared": self.expired,
            "letters are in another topic of this name and not compared": self.elsewhere,
        }
        return [f"{count:,} {sentence}." for sentence, count in sentences.items() if count]

    def as_json(self) -> dict[str, object]:
        """The counts, and whether the law holds."""
        return {"ok": self.is_ok, **asdict(self)}


def audit_feed(
    warehouse: Warehouse,
    settings: StreamSettings,
    on_progress: Callable[[int], None] = lambda _: None,
) -> FeedAudit:
    """Compare the feed with the ledger.

    A detector may run meanwhile: what is said to be published is asked before the feed is read, and
    what is recorded after it.

    Args:
        warehouse: where the ledger is.
        settings: the feed's broker and topic.
        on_progress: called with the number of messages read so far.

    Raises:
        BrokerError: the feed cannot be read.
    """
    topic = settings.triggers_topic
    published = warehouse.rows(PUBLISHED, topic=topic, topic_id=topic_id(settings, topic))
    first = first_offsets(settings, topic)
    in_feed = _letters(settings, on_progress)
    standing = _ids(warehouse, STANDING)
    absent = [
        offset < first.get(partition, 0)
        for firing_id, partition, offset, is_of_this_feed in published
        if is_of_this_feed and firing_id not in in_feed
    ]
    return FeedAudit(
        letters=len(in_feed),
        doubled=sum(count > 1 for count in in_feed.values()),
        unrecorded=len(in_feed.keys() - standing),
        missing=absent.count(False),
        expired=absent.count(True),
        elsewhere=sum(not is_of_this_feed for *_, is_of_this_feed in published),
        unpublished=len(standing - _ids(warehouse, MARKED)),
        repeated_rows=repeated_rows(warehouse),
    )


def _letters(settings: StreamSettings, on_progress: Callable[[int], None]) -> Counter[UUID]:
    """How often each firing stands in the feed."""
    counts: Counter[UUID] = Counter()
    for number, record in enumerate(read_topic(settings, settings.triggers_topic)):
        if number % PROGRESS_MESSAGES == 0:
            on_progress(number)
        try:
            counts[read_message(record.value or b"").id] += 1
        except msgspec.DecodeError:
            continue  # somebody else's message: no firing of ours
    return counts


def _ids(warehouse: Warehouse, query: str) -> set[UUID]:
    return {firing_id for (firing_id,) in warehouse.rows(query)}
