"""Records as a hostile producer may send them: every one comes through the reader and is stored."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from aiokafka.consumer import fetcher
from aiokafka.structs import TopicPartition

from streams.damaged_batches import MAX_UNFOLDED_BYTES
from streams.events import encode
from streams.ranges import range_rows
from streams.record_batches import install_reader
from streams.records import Origin, Record, with_bounded_times
from tests.builders import NOON, enrichment, event
from tests.raw_batches import GZIP, NOON_MS, ZSTD, RawMessage, random_message, raw_batch

EVENT = encode(event(id="e1"))


def read(content: bytes, first_offset: int = 0) -> list[Record]:
    """What the worker's consumer makes of a fetched piece of a partition."""
    install_reader()
    place = TopicPartition("shop.events", 0)
    batches = fetcher.MemoryRecords(content)
    return list(fetcher.PartitionRecords(place, batches, [], first_offset, None, None, True, 1))


def stored(records: Sequence[Record]) -> tuple[int, int]:
    """How many of the records become events and dead letters."""
    rows = range_rows(
        with_bounded_times(records, 0, NOON_MS),
        expected_from=records[0].offset,
        topic_id="T",
        origin=Origin("shop.events", 0, 1),
        by=enrichment(),
        ingested_at=NOON,
    )
    assert rows.log.num_rows == len(records)
    return rows.events.num_rows, rows.dead_letters.num_rows


@pytest.mark.parametrize("codec", [0, GZIP, ZSTD], ids=["plain", "gzip", "zstd"])
def test_a_header_name_that_is_not_utf_8_is_kept_as_it_came(codec: int) -> None:
    messages = [
        RawMessage(b"k", EVENT, [(b"fine", b"1")]),
        RawMessage(b"k", EVENT, [(b"\xff\xfe", b"2"), (b"", None)]),
        RawMessage(None, None),
    ]
    records = read(raw_batch(messages, base_offset=40, codec=codec), 40)
    assert [record.offset for record in records] == [40, 41, 42]
    assert [record.leader_epoch for record in records] == [7, 7, 7]
    names = [name.encode(errors="surrogateescape") for name, _ in records[1].headers]
    assert names == [b"\xff\xfe", b""]
    assert stored(records) == (2, 1)


def test_a_record_damaged_inside_is_a_dead_letter_and_those_behind_it_are_read() -> None:
    messages = [RawMessage(b"k", EVENT) for _ in range(3)]
    batch = raw_batch(messages, damage=lambda number, body: body[:-1] if number == 1 else body)
    records = read(batch)
    assert [record.offset for record in records] == [0, 1, 2]
    assert stored(records) == (2, 1)


def test_a_batch_that_cannot_be_decompressed_is_one_dead_letter() -> None:
    batch = raw_batch([RawMessage(b"k", EVENT)] * 3, codec=0)
    spoilt = bytearray(batch)
    spoilt[22] |= GZIP  # the attributes; the checksum is not looked at behind `install_reader`
    install_reader()
    place = TopicPartition("shop.events", 0)
    batches = fetcher.MemoryRecords(bytes(spoilt))
    records = list(fetcher.PartitionRecords(place, batches, [], 0, None, None, False, 1))
    assert [record.offset for record in records] == [2]
    assert stored(records) == (0, 1)


@pytest.mark.parametrize("codec", [GZIP, ZSTD], ids=["gzip", "zstd"])
def test_a_batch_that_unfolds_without_end_is_one_dead_letter_and_kept_folded(codec: int) -> None:
    bomb = raw_batch([RawMessage(b"k", b"\0" * (MAX_UNFOLDED_BYTES + 1))] * 2, codec=codec)
    after = raw_batch([RawMessage(b"k", EVENT)], base_offset=2, codec=codec)
    records = read(bomb + after)
    assert [record.offset for record in records] == [1, 2]
    assert len(records[0].payload or b"") < 200_000
    assert stored(records) == (1, 1)


def test_a_batch_whose_checksum_is_wrong_is_fetched_again() -> None:
    spoilt = bytearray(raw_batch([RawMessage(b"k", EVENT)]))
    spoilt[-1] ^= 1
    with pytest.raises(Exception, match="Invalid CRC"):
        read(bytes(spoilt))


def test_a_batch_that_is_cut_off_waits_for_its_rest() -> None:
    whole = raw_batch([RawMessage(b"k", EVENT)])
    second = raw_batch([RawMessage(b"k", EVENT)], base_offset=1)
    assert [record.offset for record in read(whole + second[:-5])] == [0]


def fuzz(record_count: int, seed: int) -> None:
    """Random records, a tenth of the batches with a damaged one: each is stored as something."""
    chance = random.Random(seed)
    values = [EVENT, b"{", b'{"id": "\xff"}', encode(event(id="e2", visitorid="v"))]
    offset = 0
    while offset < record_count:
        messages = [random_message(chance, values) for _ in range(chance.randrange(1, 200))]
        spoilt = chance.randrange(len(messages)) if chance.random() < 0.1 else -1

        def damage(number: int, body: bytes, spoilt: int = spoilt) -> bytes:
            if number != spoilt:
                return body
            place = chance.randrange(len(body))
            return body[:place] + chance.randbytes(1) + body[place + chance.randrange(3) :]

        batch = raw_batch(
            messages, base_offset=offset, codec=chance.choice((0, GZIP, ZSTD)), damage=damage
        )
        records = read(batch, offset)
        assert [one.offset for one in records] == list(range(offset, offset + len(messages)))
        assert sum(stored(records)) == len(messages)
        for message, record in zip(messages, records, strict=True):
            if record.offset - offset != spoilt:
                headers = [(name.encode(errors="surrogateescape"), v) for name, v in record.headers]
                assert (record.key, record.payload) == (message.key or b"", message.value)
                assert headers == list(message.headers)
                assert record.broker_time_ms == message.timestamp_ms
        offset += len(messages)


def test_any_record_is_stored_or_dead_lettered() -> None:
    fuzz(5_000, seed=11)


@pytest.mark.long
def test_a_million_of_any_records_are_stored_or_dead_lettered() -> None:
    fuzz(1_000_000, seed=12)


def test_a_partitions_clock_never_goes_back_and_is_never_ahead() -> None:
    times = [10, -(2**62), 12, 11, 99, 13]
    records = [Record(n, b"", b"", (), time) for n, time in enumerate(times)]
    bounded = with_bounded_times(records, 5, 20)
    assert [one.broker_time_ms for one in bounded] == [10, 10, 12, 12, 20, 20]
    assert [one.timestamp_ms for one in bounded] == [None, -(2**62), None, 11, 99, 13]


def test_times_that_ascend_are_left_as_they_are() -> None:
    records = [Record(n, b"", b"", (), n) for n in range(5)]
    assert with_bounded_times(records, 0, 20) is records
