"""Readers of docker-compose.yml and the Dockerfile, for the tests of both."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
SOURCE_IN_IMAGE = "/opt/active-analytics"

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {
    name: service
    for name, service in SERVICES.items()
    if service["image"].startswith("active-analytics:")
}
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())

PINNED = re.compile(r"[\w./-]+:v?\d+\.\d[\w.-]*")
VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?P<how>:[-?])(?P<word>[^}]*)\}")


def interpolated(text: str, given: Mapping[str, str]) -> str:
    """A value as compose hands it over; a demanded variable that is not given becomes empty."""
    assert "$" not in VARIABLE.sub("", text), f"a form that this reader does not know: {text}"
    return VARIABLE.sub(
        lambda found: given.get(found["name"]) or (found["word"] if found["how"] == ":-" else ""),
        text,
    )


def environment(service: str, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of a container of ours: those of its image, and those that compose adds.

    Args:
        service: its name.
        given: what `.env` holds.
    """
    added = OURS[service]["environment"]
    return {
        **image_environment(),
        **{name: interpolated(text, given or {}) for name, text in added.items()},
    }


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile: each instruction and its arguments, joined to one line."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines) if word]


def arguments_of(instruction: str) -> list[str]:
    """The arguments of every such instruction of the Dockerfile, in its order."""
    return [rest for word, rest in instructions() if word == instruction]


def image_environment() -> dict[str, str]:
    """What the Dockerfile sets by ENV, in whichever stage."""
    pairs = " ".join(arguments_of("ENV")).split()
    return dict(pair.split("=", 1) for pair in pairs)


def strings(value: object) -> Iterator[str]:
    """Every string within a value read from YAML."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from strings(list(value.values()))
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)


def source_of(module: str) -> Path | None:
    """The file of a module, None when there is none; it is not imported: Dagster takes seconds."""
    places = [str(ROOT), *sys.path]
    parts = module.split(".")
    spec = None
    for depth in range(1, len(parts) + 1):
        spec = PathFinder.find_spec(".".join(parts[:depth]), places)
        if spec is None:
            return None
        places = list(spec.submodule_search_locations or [])
    return Path(spec.origin) if spec and spec.origin else None
