"""The definitions of triggers in force: the YAML files of `orchestration.trigger_definitions`."""

from __future__ import annotations

from importlib.resources import files

from orchestration.triggers.model import Definition, Rejected
from orchestration.triggers.reading import read_definition
from streams.events import KINDS


class CatalogueError(Exception):
    """A definition cannot be used; the message names every file and every reason."""


def catalogue() -> list[Definition]:
    """Every definition, by name of file.

    Raises:
        CatalogueError: one cannot be used, or two carry one name.
    """
    folder = files("orchestration.trigger_definitions")
    texts = {one.name: one.read_text() for one in folder.iterdir() if one.name.endswith(".yml")}
    return definitions_in(texts)


def definitions_in(texts: dict[str, str]) -> list[Definition]:
    """The definitions in YAML texts, which are given by name of file.

    Raises:
        CatalogueError: one cannot be used, or two carry one name.
    """
    definitions: dict[str, Definition] = {}
    errors = []
    for name, text in sorted(texts.items()):
        match read_definition(text, KINDS):
            case Rejected(reasons):
                errors += [f"{name}: {reason}" for reason in reasons]
            case Definition(trigger=trigger) if trigger in definitions:
                errors.append(f"{name}: another file defines {trigger} already")
            case Definition(trigger=trigger) as definition:
                definitions[trigger] = definition
    if errors:
        raise CatalogueError("triggers that cannot be used: " + "; ".join(errors))
    return list(definitions.values())
