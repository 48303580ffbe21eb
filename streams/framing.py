"""How a message lies in a spool file: length and checksum, then length of the key, key and value.

A frame is written by one call and read only whole: a frame that was cut short by a full disk or a
power failure shows by its length or its checksum, and so does everything behind it.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

HEADER = struct.Struct("<II")  # length of the body and its CRC-32
KEY_LENGTH = struct.Struct("<H")  # the body begins with it, so that the checksum covers it
MAX_KEY_BYTES = 2**16 - 1


@dataclass(frozen=True, slots=True)
class Message:
    """A message to publish."""

    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """Messages read from the beginning of a stretch of bytes, and how many bytes they took."""

    messages: list[Message]
    length: int


def frame(message: Message) -> bytes:
    """The bytes of one message in a spool file.

    Raises:
        ValueError: the key is longer than 65,535 bytes.
    """
    if len(message.key) > MAX_KEY_BYTES:
        raise ValueError(f"key of {len(message.key)} bytes, at most {MAX_KEY_BYTES} are taken")
    body = KEY_LENGTH.pack(len(message.key)) + message.key + message.value
    return HEADER.pack(len(body), zlib.crc32(body)) + body


def read_frames(stretch: bytes, at_most: int) -> Reading:
    """The whole frames at the beginning of a stretch of bytes, up to the first that is not whole.

    Args:
        stretch: bytes of a spool file, beginning at a frame.
        at_most: how many messages are wanted.
    """
    messages: list[Message] = []
    place = 0
    while len(messages) < at_most and place + HEADER.size <= len(stretch):
        length, checksum = HEADER.unpack_from(stretch, place)
        body = stretch[place + HEADER.size : place + HEADER.size + length]
        if len(body) < max(length, KEY_LENGTH.size) or zlib.crc32(body) != checksum:
            break
        messages.append(_message(body))
        place += HEADER.size + length
    return Reading(messages, place)


def _message(body: bytes) -> Message:
    (key_length,) = KEY_LENGTH.unpack_from(body)
    value_at = KEY_LENGTH.size + key_length
    return Message(body[KEY_LENGTH.size : value_at], body[value_at:])
