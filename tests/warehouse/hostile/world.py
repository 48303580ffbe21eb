"""What must not be touched: a secret file, an empty directory, a listener, and who counts."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

FILE_SECRET = "kingfisher-at-the-weir"
ENVIRONMENT_SECRET = "heron-on-the-mudbank"
ENVIRONMENT = {"HOSTILE_CANARY": ENVIRONMENT_SECRET}


@dataclass(slots=True)
class Canaries:
    """A secret in a file, a directory that stays as it is, and callers of a port."""

    directory: Path
    port: int
    callers: list[bytes] = field(default_factory=list)

    @property
    def places(self) -> dict[str, str]:
        """What the placeholders of the lists stand for."""
        return {
            "canary": str(self.directory / "canary.tsv"),
            "directory": str(self.directory),
            "port": str(self.port),
        }

    def lay_out(self) -> None:
        """Write the files: the same secret for readers of many formats."""
        self.directory.mkdir(parents=True, exist_ok=True)
        for name in ("canary.tsv", "canary.csv", "canary.json", "canary"):
            (self.directory / name).write_text(f"{FILE_SECRET}\n")

    def state(self) -> dict[str, str]:
        """Every file of the directory with its text."""
        return {
            str(file.relative_to(self.directory)): file.read_text(errors="replace")
            for file in sorted(self.directory.rglob("*"))
            if file.is_file()
        }


@contextmanager
def canaries(directory: Path) -> Iterator[Canaries]:
    """Canaries laid out, the port listening until the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        laid = Canaries(directory, listener.getsockname()[1])
        laid.lay_out()
        threading.Thread(target=_count, args=(listener, laid.callers), daemon=True).start()
        yield laid


def has_secret(content: bytes) -> bool:
    """Whether an answer holds what stands in the file or in the server's environment."""
    secrets = (FILE_SECRET.encode(), ENVIRONMENT_SECRET.encode(), b"root:x:0:0")
    return any(secret in content for secret in secrets)


def _count(listener: socket.socket, callers: list[bytes]) -> None:
    while True:
        try:
            caller, _ = listener.accept()
        except OSError:
            return
        callers.append(b"called")
        caller.close()
