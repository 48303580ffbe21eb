"""Rule tables in YAML, read whole: one complaint names every mistake, with its rule and field.

A table is written by people who are not at our desk. A key given twice is a mistake too: YAML
itself would keep the last in silence.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Collection, Hashable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

S = TypeVar("S", bound=msgspec.Struct)


class RulesError(ValueError):
    """A table of rules cannot be used; the message names the file and every mistake."""


@dataclass(slots=True)
class RulesFile:
    """A table as it was read; mistakes are gathered while it is taken apart.

    `digest` is that of what the table says, in hex: comments and spacing do not count.
    """

    name: str
    document: dict[str, Any]
    digest: str
    mistakes: list[str] = dataclasses.field(default_factory=list)

    def struct_of(self, kind: type[S], found: object, where: str) -> S | None:
        """A mapping as a Struct, or None with every mistake noted under `where`."""
        if not isinstance(found, dict):
            self.mistakes.append(f"{where}: takes a mapping of fields, found {found!r}")
            return None
        fields = {one.name: one for one in msgspec.structs.fields(kind)}
        wrong = [f"{name}: no such field" for name in found if name not in fields]
        for name, one in fields.items():
            if name in found:
                wrong += _wrong(name, found[name], one.type)
            elif one.required:
                wrong.append(f"{name}: is missing")
        self.mistakes += [f"{where}, {each}" for each in wrong]
        return None if wrong else msgspec.convert(found, kind, dec_hook=_decoded)

    def list_of(self, kind: type[S], name: str, word: str, conditions: Collection[str]) -> list[S]:
        """The rules under a key, in order, without those that are wrong.

        Args:
            kind: what a rule is.
            name: the key.
            word: what a mistake calls a rule, before its number.
            conditions: fields, one of which a rule must have: one that always holds hides the rest.
        """
        found = self.document.get(name, [])
        if not isinstance(found, list):
            self.mistakes.append(f"{name}: takes a list of rules, found {found!r}")
            return []
        read = []
        for number, fields in enumerate(found, 1):
            rule = self.struct_of(kind, fields, f"{word} {number}")
            if rule and all(getattr(rule, field) is None for field in conditions):
                self.mistakes.append(f"{word} {number}: has no condition, so none behind it holds")
            elif rule:
                read.append(rule)
        return read

    def expect_only(self, *names: str) -> None:
        """Note every key of the document that has another name."""
        takes = " and ".join(names)
        self.mistakes += [
            f"{name}: no such key, the file takes {takes}"
            for name in self.document
            if name not in names
        ]

    def complain(self, error: type[RulesError]) -> None:
        """Raise what was noted, if anything."""
        if self.mistakes:
            raise error("\n  ".join([f"{self.name}: {len(self.mistakes)} wrong", *self.mistakes]))


def read_rules(path: Path | None, shipped: str, error: type[RulesError]) -> RulesFile:
    """Read a table of rules.

    Args:
        path: the shop's own table, None for the one that we ship.
        shipped: name of the shipped file in this package.
        error: what to raise.

    Raises:
        RulesError: as `error`; the file is missing, or is no YAML mapping.
    """
    try:
        text = (path or files(__package__).joinpath(shipped)).read_text(encoding="utf-8")
        document = yaml.load(text, _Loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as cause:
        raise error(f"{path or shipped}: cannot be read: {' '.join(str(cause).split())}") from cause
    if not isinstance(document, dict):
        raise error(f"{path or shipped}: takes a mapping, found {type(document).__name__}")
    canonical = json.dumps(document, sort_keys=True, ensure_ascii=False, default=str)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return RulesFile(str(path or shipped), document, digest)


def _wrong(name: str, value: object, kind: Any) -> list[str]:
    try:
        msgspec.convert(value, kind, dec_hook=_decoded)
    except msgspec.ValidationError as error:
        return [f"{name}: {error}, found {value!r}"]
    return []


def _decoded(kind: type, value: object) -> object:
    """Texts become regular expressions where a rule takes one; case does not matter in any."""
    if kind is not re.Pattern:
        raise NotImplementedError(f"no rule takes a {kind}")
    if not isinstance(value, str):
        raise ValueError("takes a regular expression")
    try:
        return re.compile(value, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from error


class _Loader(yaml.SafeLoader):
    """YAML without objects of Python, and without keys that stand there twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.YAMLError(f"{key!r} stands there {keys.count(key)} times")
        return super().construct_mapping(node, deep)
