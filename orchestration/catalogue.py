"""The definitions of triggers in force: YAML files, by default those shipped with us.

They are read anew at each tick. One that cannot be used stops only itself: the others' letters go
out, and whoever runs detection is told which file and why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from operator import itemgetter
from pathlib import Path

from orchestration.triggers.model import Definition, Rejected
from orchestration.triggers.reading import read_definition
from streams.events import KINDS


class CatalogueError(Exception):
    """Definitions cannot be used; the message names every file and every reason."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The definitions that can be used, by name of file, and every reason against the others."""

    definitions: tuple[Definition, ...]
    rejected: Mapping[str, tuple[str, ...]]


def complaint_about(rejected: Mapping[str, Sequence[str]]) -> str:
    """Every reason against every file in one line, empty when there is none."""
    reasons = [f"{name}: {reason}" for name, some in rejected.items() for reason in some]
    return f"triggers that cannot be used: {'; '.join(reasons)}" if reasons else ""


def catalogue(folder: Path | None = None) -> Catalogue:
    """Every definition of a folder, the shipped ones without it.

    Raises:
        CatalogueError: the folder cannot be read.
    """
    try:
        where = folder or files("orchestration.trigger_definitions")
        return definitions_in(
            {one.name: _text(one) for one in where.iterdir() if one.name.endswith(".yml")}
        )
    except OSError as error:
        raise CatalogueError(f"the triggers in {folder} cannot be read: {error}") from error


def definitions_in(texts: Mapping[str, str | Rejected]) -> Catalogue:
    """The definitions in YAML texts, which are given by name of file.

    Of several that define one trigger the file that bears its name stands, else the first by name.
    """
    definitions: dict[str, Definition] = {}
    rejected: dict[str, tuple[str, ...]] = {}
    places: dict[str, str] = {}
    for name, text in sorted(texts.items(), key=itemgetter(0)):
        match text if isinstance(text, Rejected) else read_definition(text, KINDS):
            case Rejected(reasons):
                rejected[name] = reasons
            case Definition(trigger=trigger) as definition:
                if trigger not in places or name == f"{trigger}.yml":
                    if trigger in places:
                        rejected[places[trigger]] = (_is_defined_by(name, trigger),)
                        del definitions[places[trigger]]
                    places[trigger] = name
                    definitions[name] = definition
                else:
                    rejected[name] = (_is_defined_by(places[trigger], trigger),)
    return Catalogue(
        tuple(definitions[name] for name in sorted(definitions)), dict(sorted(rejected.items()))
    )


def _is_defined_by(name: str, trigger: str) -> str:
    return f"{name} defines {trigger}; this file is left out"


def _text(file: Traversable) -> str | Rejected:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return Rejected((f"cannot be read: {error}",))
