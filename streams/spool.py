"""A bounded, append-only store of messages on local disk, between a shop and the broker.

Messages lie in segments, files of a few megabytes named by their number; a position file says how
far they were sent, and a segment that was sent is deleted. What `append` returned from survives the
death of the process: it is in the operating system's hands. Against the death of the machine there
is `is_synced`, which costs a disk write per message. One process owns a spool.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from streams.framing import Message, frame, read_frames

log = logging.getLogger(__name__)

SEGMENT_BYTES = 4 * 1024 * 1024
READ_BYTES = 256 * 1024


class SpoolError(Exception):
    """The spool cannot take a message or cannot be opened; the message says why."""


class SpoolFullError(SpoolError):
    """The message was refused: the spool or its disk is full."""


class SpoolTakenError(SpoolError):
    """Another publisher owns the spool, in this process or another."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place between two messages: the segment's number and the bytes before it there."""

    segment: int
    offset: int


@dataclass(frozen=True, slots=True)
class Unsent:
    """The oldest messages that were not sent, and the place behind them."""

    messages: list[Message]
    end: Place


class Spool:
    """The spool in a folder. `append` may be called by many threads, the rest by one."""

    def __init__(
        self,
        folder: Path,
        max_bytes: int,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        is_synced: bool = False,
    ) -> None:
        """Take over what an earlier process left, without what is not whole.

        Args:
            folder: made when missing.
            max_bytes: the most that all segments may take together.
            segment_bytes: a segment that is longer is followed by a new one.
            is_synced: whether each message is forced to the disk before `append` returns.

        Raises:
            SpoolTakenError: another publisher owns the folder.
        """
        self._folder = folder
        self._max_bytes = max_bytes
        self._segment_bytes = min(segment_bytes, max(max_bytes // 4, 1))
        self._is_synced = is_synced
        self._is_closed = False
        self._lock = threading.Lock()
        folder.mkdir(0o700, parents=True, exist_ok=True)
        self._owner = _own(folder / "lock")
        self._sent = self._noted = self._noted_place()
        self._sizes: dict[int, int] = {}
        self.used_bytes = 0
        self.unsent_count = 0
        for path in sorted(folder.glob("*.spool")):
            self._take_over(path)
        self._open_segment(max(self._sent.segment, *self._sizes, 0) + 1)
        self._delete_sent()

    def append(self, message: Message, max_bytes: int | None = None) -> None:
        """Keep a message; when this returns, it will be sent, now or after a restart.

        Args:
            message: to be kept.
            max_bytes: a bound below the spool's own, so that room is left for other messages.

        Raises:
            SpoolFullError: it was not kept, for the bound or the disk is reached.
            SpoolError: it was not kept, for the spool was closed.
        """
        framed = frame(message)
        bound = self._max_bytes if max_bytes is None else min(max_bytes, self._max_bytes)
        with self._lock:
            if self._is_closed:
                raise SpoolError(f"the spool {self._folder} was closed: the message is not kept")
            try:
                self._keep(framed, bound)
            except OSError as error:
                told = f"the spool {self._folder} cannot be written: {error}"
                raise SpoolFullError(told) from error
            self.unsent_count += 1

    def unsent(self, at_most: int) -> Unsent:
        """The oldest messages that were not sent, in the order they came; none when all were."""
        with self._lock:
            sizes = dict(sorted(self._sizes.items()))
        for segment, size in sizes.items():
            start = self._start_in(segment)
            if start < size:
                return self._read(segment, start, size, at_most)
        return Unsent([], self._sent)

    def mark_sent(self, unsent: Unsent) -> None:
        """Remember that messages were sent, as long as this process lives."""
        with self._lock:
            self._sent = unsent.end
            self.unsent_count -= len(unsent.messages)

    def note_sent(self) -> None:
        """Tell the next process what was sent, and delete the segments behind it; may be repeated.

        Raises:
            OSError: the disk does not let us; the next process would send those messages again.
        """
        if self._noted == self._sent:
            return
        with self._lock:
            self._delete_sent()  # first, for on a full disk the note needs the room
        draft = self._folder / "position.new"
        draft.write_text(f"{self._sent.segment} {self._sent.offset}\n")
        draft.replace(self._folder / "position")
        self._noted = self._sent

    def close(self) -> None:
        """Give the folder up; what was not sent stays in it."""
        with self._lock:
            self._is_closed = True
            os.close(self._file)
            os.close(self._owner)

    def _keep(self, framed: bytes, bound: int) -> None:
        size = self._sizes[self._segment]
        is_full = self.used_bytes + len(framed) > bound
        is_sent = Place(self._segment, size) <= self._sent  # then a new one makes room
        if size >= self._segment_bytes or (is_full and is_sent):
            self._begin_segment()
        if self.used_bytes + len(framed) > bound:
            raise SpoolFullError(
                f"the spool {self._folder} holds {self.used_bytes:,} of at most"
                f" {bound:,} bytes; {len(framed):,} more do not fit"
            )
        size = self._sizes[self._segment]
        if os.pwrite(self._file, framed, size) < len(framed):  # the next one will overwrite it
            raise OSError(errno.ENOSPC, "the disk took only a part")
        if self._is_synced:
            os.fdatasync(self._file)
        self._sizes[self._segment] = size + len(framed)
        self.used_bytes += len(framed)

    def _begin_segment(self) -> None:
        """Go on in a new file, unless this one is empty; what was sent makes room."""
        if self._sizes[self._segment]:
            before = self._file
            self._open_segment(self._segment + 1)
            os.close(before)
            self._delete_sent()

    def _delete_sent(self) -> None:
        """Delete the segments that hold nothing unsent, except the one being written."""
        for segment, size in list(self._sizes.items()):
            if segment != self._segment and (not size or Place(segment, size) <= self._sent):
                self._path(segment).unlink()
                self.used_bytes -= self._sizes.pop(segment)

    def _open_segment(self, segment: int) -> None:
        self._file = os.open(self._path(segment), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if self._is_synced:
            _sync_folder(self._folder)
        self._segment = segment
        self._sizes[segment] = 0

    def _read(self, segment: int, start: int, size: int, at_most: int) -> Unsent:
        """Messages of one segment, which is whole from `start` to `size`."""
        wanted = READ_BYTES
        with self._path(segment).open("rb") as file:
            while True:
                file.seek(start)
                stretch = file.read(min(wanted, size - start))
                reading = read_frames(stretch, at_most)
                if reading.messages:
                    return Unsent(reading.messages, Place(segment, start + reading.length))
                if len(stretch) < wanted:
                    raise SpoolError(f"{file.name} was damaged at byte {start} while it was in use")
                wanted *= 4  # the first message is longer than that

    def _take_over(self, path: Path) -> None:
        """Count what a segment holds unsent, and put aside what cannot be read."""
        segment = int(path.stem)
        content = path.read_bytes()
        start = min(self._start_in(segment), len(content))
        reading = read_frames(content[start:], at_most=len(content))
        size = start + reading.length
        if size < len(content):
            path.with_suffix(".broken").write_bytes(content[size:])
            os.truncate(path, size)
            told = "spool %s: the last %d bytes of %s are no whole messages: put aside, not sent"
            log.warning(told, self._folder, len(content) - size, path.name)
        self._sizes[segment] = size
        self.used_bytes += size
        self.unsent_count += len(reading.messages)

    def _start_in(self, segment: int) -> int:
        """Where the unsent messages of a segment begin."""
        if segment < self._sent.segment:
            return sys.maxsize
        return self._sent.offset if segment == self._sent.segment else 0

    def _noted_place(self) -> Place:
        path = self._folder / "position"
        if not path.exists():
            return Place(0, 0)
        noted = path.read_text().split()
        if len(noted) != 2 or not all(one.isdigit() for one in noted):
            log.warning("spool %s: the position is lost: all it holds is sent again", self._folder)
            return Place(0, 0)
        return Place(int(noted[0]), int(noted[1]))

    def _path(self, segment: int) -> Path:
        return self._folder / f"{segment:020}.spool"


def _sync_folder(folder: Path) -> None:
    entries = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(entries)
    finally:
        os.close(entries)


def _own(path: Path) -> int:
    owner = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(owner)
        raise SpoolTakenError(
            f"the spool {path.parent} is in use by another publisher: give each its own folder"
        ) from None
    return owner
