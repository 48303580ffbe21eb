"""The spool: in order, whole, bounded, over any number of deaths."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from streams.framing import Message, frame
from streams.spool import Spool, SpoolError, SpoolFullError, SpoolTakenError

ROOMY = 1_000_000


def message(number: int) -> Message:
    return Message(b"visitor", b"event %d" % number)


def all_unsent(spool: Spool) -> list[Message]:
    """What the next process would find."""
    found: list[Message] = []
    while (unsent := spool.unsent(at_most=3)).messages:
        found += unsent.messages
        spool.mark_sent(unsent)
        spool.note_sent()
    return found


def filled(folder: Path, count: int, **bounds: int) -> Spool:
    spool = Spool(folder, **{"max_bytes": ROOMY, **bounds})
    for number in range(count):
        spool.append(message(number))
    return spool


class SpoolsLife(RuleBasedStateMachine):
    """A spool against a plain list: any order of keeping, sending and dying gives the same."""

    MAX_BYTES = 600

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.spool = self.opened()
        self.expected: list[Message] = []

    def opened(self) -> Spool:
        return Spool(self.folder, self.MAX_BYTES, segment_bytes=80)

    @rule(key=st.binary(max_size=5), value=st.binary(max_size=120))
    def keep(self, key: bytes, value: bytes) -> None:
        one = Message(key, value)
        try:
            self.spool.append(one)
        except SpoolFullError:
            assert self.spool.used_bytes + len(frame(one)) > self.MAX_BYTES
            assert self.expected or len(frame(one)) > self.MAX_BYTES
        else:
            self.expected.append(one)

    @precondition(lambda self: self.expected)
    @rule(at_most=st.integers(1, 5))
    def send(self, at_most: int) -> None:
        unsent = self.spool.unsent(at_most)
        assert unsent.messages
        assert unsent.messages == self.expected[: len(unsent.messages)]
        self.spool.mark_sent(unsent)
        self.spool.note_sent()
        del self.expected[: len(unsent.messages)]

    @rule()
    def die_and_come_back(self) -> None:
        self.spool.close()  # nothing is buffered: a kill leaves the same files
        self.spool = self.opened()

    @rule(torn=st.binary(min_size=1, max_size=30))
    def die_in_the_middle_of_a_write(self, torn: bytes) -> None:
        self.spool.close()
        last = max(self.folder.glob("*.spool"))
        with last.open("ab") as file:
            file.write(frame(Message(b"torn", torn))[:-1])
        self.spool = self.opened()

    @invariant()
    def the_counts_are_right(self) -> None:
        on_disk = sum(one.stat().st_size for one in self.folder.glob("*.spool"))
        assert self.spool.used_bytes == on_disk <= self.MAX_BYTES
        assert self.spool.unsent_count == len(self.expected)

    def teardown(self) -> None:
        self.spool.close()
        shutil.rmtree(self.folder)


TestSpoolsLife = SpoolsLife.TestCase
TestSpoolsLife.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_a_message_longer_than_a_reading_is_read_whole(tmp_path: Path) -> None:
    spool = Spool(tmp_path, ROOMY)
    long = Message(b"visitor", bytes(900_000))
    spool.append(long)
    spool.append(message(1))
    assert all_unsent(spool) == [long, message(1)]


def test_segments_that_were_sent_are_deleted_and_make_room(tmp_path: Path) -> None:
    spool = filled(tmp_path, 100, segment_bytes=200)
    assert len(list(tmp_path.glob("*.spool"))) > 10
    assert all_unsent(spool) == [message(number) for number in range(100)]
    assert len(list(tmp_path.glob("*.spool"))) == 1
    assert spool.used_bytes <= 200 + len(frame(message(100)))


def test_a_full_spool_refuses_with_its_bounds_and_takes_again_when_it_was_sent(
    tmp_path: Path,
) -> None:
    spool = Spool(tmp_path, max_bytes=100)
    spool.append(Message(b"k", bytes(60)))
    with pytest.raises(SpoolFullError, match="holds 71 of at most 100 bytes; 31 more do not fit"):
        spool.append(Message(b"k", bytes(20)))
    spool.mark_sent(spool.unsent(1))
    spool.note_sent()
    spool.append(Message(b"k", bytes(20)))
    assert all_unsent(spool) == [Message(b"k", bytes(20))]


def test_who_has_a_lower_bound_leaves_room_for_the_others(tmp_path: Path) -> None:
    spool = Spool(tmp_path, max_bytes=1000)
    for _ in range(700 // len(frame(message(0)))):
        spool.append(message(0), max_bytes=700)
    with pytest.raises(SpoolFullError, match="of at most 700 bytes"):
        spool.append(message(0), max_bytes=700)
    files = len(list(tmp_path.glob("*.spool")))
    for number in range(1, 4):
        spool.append(message(number))
        with pytest.raises(SpoolFullError):
            spool.append(message(0), max_bytes=700)
    assert len(list(tmp_path.glob("*.spool"))) == files  # refusals make no segments
    assert all_unsent(spool)[-3:] == [message(1), message(2), message(3)]


def test_a_full_disk_refuses_and_leaves_no_half_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = filled(tmp_path, 1)
    real_write = os.pwrite

    def half_write(file: int, content: bytes, place: int) -> int:
        return real_write(file, content[:5], place)

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", half_write)
        with pytest.raises(SpoolFullError, match="the disk took only a part"):
            spool.append(message(1))
    spool.append(message(2))
    spool.close()
    assert all_unsent(Spool(tmp_path, ROOMY)) == [message(0), message(2)]


def test_a_segment_that_cannot_be_made_refuses_and_the_old_one_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = filled(tmp_path, 1, segment_bytes=1)

    def no_more_files(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", no_more_files)
        with pytest.raises(SpoolFullError, match="Too many open files"):
            spool.append(message(1))
    spool.append(message(2))
    assert all_unsent(spool) == [message(0), message(2)]


def test_damage_while_in_use_is_told_and_at_the_next_start_put_aside(tmp_path: Path) -> None:
    spool = filled(tmp_path, 2)
    (segment,) = tmp_path.glob("*.spool")
    content = bytearray(segment.read_bytes())
    content[-1] ^= 1
    segment.write_bytes(content)
    spool.mark_sent(spool.unsent(1))
    spool.note_sent()
    with pytest.raises(SpoolError, match="was damaged at byte"):
        spool.unsent(1)
    spool.close()
    assert all_unsent(Spool(tmp_path, ROOMY)) == []


def test_what_is_not_whole_is_put_aside_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    filled(tmp_path, 2).close()
    (segment,) = tmp_path.glob("*.spool")
    with segment.open("ab") as file:
        file.write(b"torn")
    assert all_unsent(Spool(tmp_path, ROOMY)) == [message(0), message(1)]
    assert f"the last 4 bytes of {segment.name} are no whole messages" in caplog.text
    assert segment.with_suffix(".broken").read_bytes() == b"torn"


def test_a_kill_between_remembering_and_deleting_sends_nothing_twice(tmp_path: Path) -> None:
    spool = filled(tmp_path / "spool", 20, segment_bytes=100)
    shutil.copytree(tmp_path / "spool", tmp_path / "before")
    for _ in range(10):
        spool.mark_sent(spool.unsent(1))
        spool.note_sent()
    spool.close()
    for segment in (tmp_path / "before").glob("*.spool"):  # as if they had not been deleted
        shutil.copy(segment, tmp_path / "spool")
    revived = Spool(tmp_path / "spool", ROOMY)
    assert revived.unsent_count == 10
    assert all_unsent(revived) == [message(number) for number in range(10, 20)]


def test_a_lost_position_sends_all_again_rather_than_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = filled(tmp_path, 3)
    spool.mark_sent(spool.unsent(1))
    spool.note_sent()
    spool.close()
    (tmp_path / "position").write_bytes(b"")
    assert all_unsent(Spool(tmp_path, ROOMY)) == [message(0), message(1), message(2)]
    assert "the position is lost" in caplog.text


def test_messages_after_a_restart_are_never_taken_for_sent(tmp_path: Path) -> None:
    spool = filled(tmp_path, 3)
    all_unsent(spool)
    spool.close()
    for segment in tmp_path.glob("*.spool"):
        segment.unlink()  # sent and deleted, only the position remembers how far it was
    assert all_unsent(filled(tmp_path, 1)) == [message(0)]


def test_a_second_owner_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    first = Spool(tmp_path, ROOMY)
    with pytest.raises(SpoolTakenError, match="in use by another publisher"):
        Spool(tmp_path, ROOMY)
    first.close()
    Spool(tmp_path, ROOMY).close()


def test_a_closed_spool_keeps_nothing_and_says_so(tmp_path: Path) -> None:
    spool = Spool(tmp_path, ROOMY)
    spool.close()
    with pytest.raises(SpoolError, match="was closed: the message is not kept"):
        spool.append(message(0))


def test_a_synced_spool_keeps_messages_too(tmp_path: Path) -> None:
    spool = Spool(tmp_path, ROOMY, is_synced=True)
    spool.append(message(0))
    assert all_unsent(spool) == [message(0)]


def test_a_place_that_cannot_be_noted_is_remembered_and_noted_later(tmp_path: Path) -> None:
    spool = filled(tmp_path, 2)
    in_the_way = tmp_path / "position.new"
    in_the_way.mkdir()
    spool.mark_sent(spool.unsent(1))
    with pytest.raises(IsADirectoryError):
        spool.note_sent()
    assert spool.unsent(2).messages == [message(1)]
    in_the_way.rmdir()
    spool.note_sent()
    spool.close()
    assert all_unsent(Spool(tmp_path, ROOMY)) == [message(1)]


def test_on_a_full_disk_what_was_sent_makes_room_before_the_place_is_noted(tmp_path: Path) -> None:
    spool = filled(tmp_path, 20, segment_bytes=100)
    (tmp_path / "position.new").mkdir()  # as if the disk were full
    before = spool.used_bytes
    while (unsent := spool.unsent(3)).messages:
        spool.mark_sent(unsent)
    with pytest.raises(IsADirectoryError):
        spool.note_sent()
    assert spool.used_bytes < before / 4
