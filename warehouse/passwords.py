"""Passwords of a warehouse of this machine: random, in files beside its tables, for one user only.

`active-analytics up` makes them before the warehouse starts; the server and every client of this
machine read them there, where the environment says nothing else.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

OWNER = "owner"
READER = "reader"


def password_file(folder: Path, whose: str) -> Path:
    """Where a password is kept; `folder` is that of the warehouse's tables."""
    return folder / f"{whose}.password"


def kept_password(folder: Path, whose: str) -> str:
    """A password, empty when none is kept."""
    file = password_file(folder, whose)
    return file.read_text(encoding="ascii").strip() if file.exists() else ""


def keep_passwords(folder: Path) -> None:
    """Make the passwords that are missing: 43 letters of 256 random bits each, mode 0600."""
    folder.mkdir(parents=True, exist_ok=True)
    for whose in (OWNER, READER):
        file = password_file(folder, whose)
        if file.exists():
            continue
        written = file.with_suffix(".new")
        handle = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as stream:
            os.fchmod(handle, 0o600)  # the file of a run that was killed may have another mode
            stream.write(f"{secrets.token_urlsafe(32)}\n")
            stream.flush()
            os.fsync(handle)
        written.replace(file)
