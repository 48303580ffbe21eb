"""All mistakes of a mapping in one complaint: the place, what was found, and what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple, get_args, get_origin

import msgspec

from streams.importers.mapped.targets import fields_of
from streams.importers.mapped.yaml_text import Lines, Place
from streams.importers.source import SourceError

_LISTED = 40


class Flaw(NamedTuple):
    """A mistake of a mapping and its place in the YAML."""

    place: Place
    mistake: str


class MappingError(SourceError):
    """A mapping has mistakes; the message names all of them, by line."""

    def __init__(self, name: str, flaws: Collection[Flaw], lines: Lines) -> None:
        told = sorted((_line(one.place, lines), _named(one.place), one.mistake) for one in flaws)
        listed = "".join(
            f"\n  line {line}, {place}: {mistake}" for line, place, mistake in dict.fromkeys(told)
        )
        count = len(dict.fromkeys(told))
        super().__init__(f"{name} has {count} mistake{'s' if count > 1 else ''}:{listed}")
        self.flaws = tuple(flaws)


def unknown(found: str, allowed: Collection[str]) -> str:
    """That a word is none of those allowed, with the nearest of them."""
    near = difflib.get_close_matches(found, allowed, n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    if near and len(allowed) > _LISTED:
        return f"{found!r} is not known{hint}"
    first = ", ".join(list(allowed)[:_LISTED])
    more = f" and {len(allowed) - _LISTED} more" if len(allowed) > _LISTED else ""
    return f"{found!r} is not known{hint} (known: {first}{more})"


def flaws_of(value: Any, wanted: Any, place: Place = ()) -> Iterator[Flaw]:
    """Every mistake of a value against a type of the mapping's language."""
    struct = _struct_for(value, wanted)
    if struct is not None and isinstance(value, dict):
        yield from _flaws_of_object(value, struct, place)
        return
    for one in _alternatives(wanted):
        if get_origin(one) is list and isinstance(value, list):
            for number, item in enumerate(value):
                yield from flaws_of(item, get_args(one)[0], (*place, number))
            return
        if get_origin(one) is dict and isinstance(value, dict):
            for name, item in value.items():
                yield from flaws_of(item, get_args(one)[1], (*place, name))
            return
    try:
        msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        yield Flaw(place, _in_words(value, wanted, str(error)))


def _flaws_of_object(value: dict[str, Any], struct: Any, place: Place) -> Iterator[Flaw]:
    fields = {one.encode_name: one for one in fields_of(struct)}
    tag = struct.__struct_config__.tag_field
    allowed = ([tag] if tag else []) + list(fields)
    for name, item in value.items():
        if name in fields:
            yield from flaws_of(item, fields[name].type, (*place, name))
        elif name != tag:
            yield Flaw((*place, name), unknown(name, allowed))
    for name, field in fields.items():
        if field.required and name not in value:
            yield Flaw(place, f"{name!r} is missing")


def _struct_for(value: Any, wanted: Any) -> Any:
    """The Struct that a value is meant to be: of several, the one that its tag names."""
    structs = [one for one in _alternatives(wanted) if _is_struct(one)]
    if len(structs) > 1 and isinstance(value, dict):
        config = [one.__struct_config__ for one in structs]
        tagged = {one.tag: struct for one, struct in zip(config, structs, strict=True)}
        return tagged.get(value.get(config[0].tag_field))
    return structs[0] if structs else None


def _in_words(value: Any, wanted: Any, error: str) -> str:
    words = [word for one in _alternatives(wanted) for word in _literals(one)]
    if words and isinstance(value, str):
        return unknown(value, words)
    if isinstance(value, int) and any(one is str for one in _alternatives(wanted)):
        return f"{str(value).lower()} is not text here; put it in quotation marks"
    return error.split(" - at ", maxsplit=1)[0].replace("`", "")


def _alternatives(wanted: Any) -> tuple[Any, ...]:
    if hasattr(wanted, "__metadata__"):
        return _alternatives(wanted.__origin__)
    if get_origin(wanted) in (None, list, dict, tuple) or _literals(wanted):
        return (wanted,)
    return tuple(found for one in get_args(wanted) for found in _alternatives(one))


def _literals(wanted: Any) -> list[str]:
    arguments = get_args(wanted)
    is_literal = bool(arguments) and all(isinstance(one, str) for one in arguments)
    return list(arguments) if is_literal else []


def _is_struct(wanted: Any) -> bool:
    return isinstance(wanted, type) and issubclass(wanted, msgspec.Struct)


def _line(place: Place, lines: Lines) -> int:
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def _named(place: Place) -> str:
    return " > ".join(map(str, place)) or "the mapping"
