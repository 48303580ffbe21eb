"""A mapping from its YAML file, or one of those that are shipped, by its name."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from streams.importers import mappings
from streams.importers.mapped.complaint import Flaw, MappingError, flaws_of, unknown
from streams.importers.mapped.model import Mapping
from streams.importers.mapped.rule_fitting import flaws_of_file
from streams.importers.mapped.yaml_text import Lines, read_yaml
from streams.importers.source import SourceError

Made = Literal["events", "orders", "customers"]

SHIPPED = Path(mappings.__file__).parent


@dataclass(frozen=True, slots=True)
class ReadMapping:
    """A mapping, its name for people, its text, and where in it everything stands."""

    mapping: Mapping
    name: str
    text: str
    lines: Lines


def shipped_mappings(makes: Made) -> list[str]:
    """The names that need no file, of those that make such events."""
    line = f"\nmakes: {makes}\n"
    return sorted(one.stem for one in SHIPPED.glob("*.yml") if line in one.read_text())


def read_mapping(told: str, makes: Made) -> ReadMapping:
    """The mapping of a file, or of a name.

    Args:
        told: a path, or the name of a shipped mapping.
        makes: what is to be imported with it.

    Raises:
        MappingError: naming every mistake of it.
        SourceError: there is none, or it is not YAML.
    """
    file = _file_of(told, makes)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise SourceError(f"{file} is not text in UTF-8") from None
    value, lines = read_yaml(text, str(file))
    flaws = list(_flaws(value, makes))
    if flaws:
        raise MappingError(str(file), flaws, lines)
    mapping: Mapping = msgspec.convert(value, Mapping)
    if flaws := list(flaws_of_file(mapping.file)):
        raise MappingError(str(file), flaws, lines)
    return ReadMapping(mapping, file.stem, text, lines)


def _file_of(told: str, makes: Made) -> Path:
    if Path(told).is_file():
        return Path(told)
    if told.isidentifier() or "-" in told:
        shipped = SHIPPED / f"{told}.yml"
        if shipped.is_file():
            return shipped
    names = shipped_mappings(makes)
    near = difflib.get_close_matches(told, names, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise SourceError(
        f"there is no file {told}, and no shipped mapping of that name{hint} "
        f"(shipped for {makes}: {', '.join(names)})"
    )


def _flaws(value: Any, makes: Made) -> list[Flaw]:
    if not isinstance(value, dict):
        return [Flaw((), "is no YAML object; begin with `makes`, `source` and `fields`")]
    found = value.get("makes")
    if found != makes and found in get_args(Made):
        return [Flaw(("makes",), f"makes {found}, not {makes}: use `import {found}`")]
    if found is None:
        return [Flaw((), f"'makes' is missing; begin with `makes: {makes}`")]
    if found not in get_args(Made):
        return [Flaw(("makes",), unknown(str(found), get_args(Made)))]
    return list(flaws_of(value, Mapping))
