"""Settings of this machine's own installation, kept beside its data.

A demo plays one shop: its time zone and its hosts belong to the data that it stored. They are
written to `LOCAL_HOME/settings.env`, and every later command on the same data reads them from
there. A variable of the environment always wins.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

FILE = "settings.env"


def remembered(home: Path) -> dict[str, str]:
    """The settings kept in a home, none when nothing was kept."""
    path = home / FILE
    if not path.exists():
        return {}
    lines = path.read_text().splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def remember(home: Path, values: Mapping[str, str]) -> None:
    """Keep settings in a home, instead of those kept before."""
    home.mkdir(parents=True, exist_ok=True)
    lines = ["# Written by `active-analytics demo`; the environment wins over this file."]
    lines += [f"{name}={value}" for name, value in sorted(values.items())]
    (home / FILE).write_text("\n".join(lines) + "\n")


def load(environ: MutableMapping[str, str] = os.environ) -> None:
    """Complete the environment by what the home keeps."""
    for name, value in remembered(Path(environ.get("LOCAL_HOME") or ".local")).items():
        environ.setdefault(name, value)
