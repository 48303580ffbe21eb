"""How far an import has come: one small file per history and topic, replaced whole.

It is written after the broker acknowledged, so a killed import repeats at most the events since;
their ids are the same, so that is harmless. A topic made anew has another id and begins at zero.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from streams.importers.source import SourceError


class _Content(msgspec.Struct):
    name: str
    sent: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The file that remembers how many events of a history are in a topic."""

    file: Path
    name: str

    @classmethod
    def of(cls, home: Path, name: str, identity: str, topic_id: str) -> Checkpoint:
        """The checkpoint of a history on its way into a topic.

        Args:
            home: the directory of all that is kept locally.
            name: of the importer.
            identity: of the events, so that others of the same name have a checkpoint of their own.
            topic_id: the broker's id of the topic.
        """
        digest = hashlib.sha256(f"{identity} {topic_id}".encode()).hexdigest()[:16]
        return cls(home / "imports" / f"{name}-{digest}.json", name)

    def sent(self) -> int:
        """How many events are in the topic for certain; 0 before the first.

        Raises:
            SourceError: the file is not one of ours.
        """
        try:
            return msgspec.json.decode(self.file.read_bytes(), type=_Content).sent
        except FileNotFoundError:
            return 0
        except msgspec.DecodeError as error:
            advice = "remove it to import from the beginning, which changes no mart"
            raise SourceError(f"{self.file} is not a checkpoint ({error}); {advice}") from None

    def save(self, sent: int) -> None:
        """Remember that so many events are in the topic."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.file.with_suffix(".draft")
        with draft.open("wb") as content:
            content.write(msgspec.json.encode(_Content(self.name, sent)))
            content.flush()
            os.fsync(content.fileno())
        draft.replace(self.file)

    def forget(self) -> None:
        """Begin at zero next time."""
        self.file.unlink(missing_ok=True)
