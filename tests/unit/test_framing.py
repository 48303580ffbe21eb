"""Frames of a spool file: what was whole is read, what was not is never taken for a message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.framing import Message, Reading, frame, read_frames

messages = st.builds(Message, st.binary(max_size=20), st.binary(max_size=200))
some_messages = st.lists(messages, max_size=8)
ALL = 1_000


def stretch_of(found: list[Message]) -> bytes:
    return b"".join(frame(one) for one in found)


@given(some_messages)
def test_what_was_framed_is_read_back(given_messages: list[Message]) -> None:
    stretch = stretch_of(given_messages)
    assert read_frames(stretch, ALL) == Reading(given_messages, len(stretch))


@given(some_messages, st.data())
def test_a_stretch_cut_anywhere_gives_the_messages_before_the_cut(
    given_messages: list[Message], data: st.DataObject
) -> None:
    stretch = stretch_of(given_messages)
    cut = data.draw(st.integers(0, len(stretch)))
    reading = read_frames(stretch[:cut], ALL)
    assert reading.messages == given_messages[: len(reading.messages)]
    assert reading.length == len(stretch_of(reading.messages)) <= cut


@given(st.lists(messages, min_size=1, max_size=8), st.data())
def test_a_byte_that_changed_is_never_taken_for_a_message(
    given_messages: list[Message], data: st.DataObject
) -> None:
    broken = bytearray(stretch_of(given_messages))
    place = data.draw(st.integers(0, len(broken) - 1))
    broken[place] ^= data.draw(st.integers(1, 255))
    reading = read_frames(bytes(broken), ALL)
    assert len(reading.messages) < len(given_messages)
    assert reading.messages == given_messages[: len(reading.messages)]


def test_no_more_messages_are_read_than_wanted() -> None:
    stretch = stretch_of([Message(b"k", b"1"), Message(b"k", b"2"), Message(b"k", b"3")])
    reading = read_frames(stretch, at_most=2)
    assert reading.messages == [Message(b"k", b"1"), Message(b"k", b"2")]
    assert read_frames(stretch[reading.length :], ALL).messages == [Message(b"k", b"3")]


def test_zeros_that_a_power_failure_left_are_no_messages() -> None:
    assert read_frames(bytes(100), ALL) == Reading([], 0)


def test_a_key_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="key of 65536 bytes"):
        frame(Message(bytes(65_536), b""))
