"""The fields of the contract by the names that mappings use: `page.url` for `data.page.url`.

They follow from the Structs of `streams.events`, so that a field added there can be mapped at once.
What an import says itself (specversion, source, origin) is none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from streams.events import KINDS, Product

Nature = Literal["text", "integer", "number", "minor", "boolean", "instant", "hash", "any"]

CONTEXT = "context."
_SAID_BY_IMPORT = frozenset({"specversion", "source", "origin", "data"})
_PRODUCTS = frozenset({"product", "products"})
_IDS = frozenset({"id", "visitorid", "customerid", "visitid", "order_id"})


@dataclass(frozen=True, slots=True)
class Target:
    """A field: its place in a message, what it holds, whether its kind demands it."""

    name: str
    place: tuple[str, ...]
    nature: Nature
    is_required: bool
    bounds: Any

    @property
    def is_identifier(self) -> bool:
        """Whether it names somebody or something, so that `null` in it is nobody's name."""
        is_name = self.name in _IDS or self.name.startswith("identifiers.")
        return is_name or self.nature == "hash"


@cache
def fields_of(struct: Any) -> tuple[Any, ...]:
    """The fields of a Struct: remembered, since their types are evaluated from text each time."""
    return msgspec.structs.fields(struct)


@cache
def targets_of(kind: str) -> dict[str, Target]:
    """The fields that a mapping may give to a kind of event, by name; products apart."""
    body = next(one for one in fields_of(KINDS[kind]) if one.name == "data").type
    found = [*_targets(KINDS[kind], (), _SAID_BY_IMPORT), *_targets(body, ("data",), _PRODUCTS)]
    return {one.name: one for one in found}


@cache
def product_targets() -> dict[str, Target]:
    """The fields of a product, by name."""
    return {one.name: one for one in _targets(Product, (), frozenset())}


@cache
def products_field(kind: str) -> tuple[str, bool] | None:
    """`product` or `products` and whether the kind demands it; None for a kind without them."""
    body = next(one for one in fields_of(KINDS[kind]) if one.name == "data").type
    found = [one for one in fields_of(body) if one.name in _PRODUCTS]
    return (found[0].name, found[0].required) if found else None


def target_of(name: str, kind: str) -> Target | None:
    """A field of a kind by its name; every `context.…` is one."""
    if name.startswith(CONTEXT) and len(name) > len(CONTEXT):
        return Target(name, ("data", "context", name.removeprefix(CONTEXT)), "any", False, Any)
    return targets_of(kind).get(name)


def _targets(struct: Any, place: tuple[str, ...], left_out: frozenset[str]) -> list[Target]:
    found: list[Target] = []
    for field in fields_of(struct):
        if field.encode_name in left_out or field.encode_name == "context":
            continue
        where = (*place, field.encode_name)
        inner = _bare(field.type)
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            found += _targets(inner, where, frozenset())
            continue
        name = ".".join(part for part in where if part != "data")
        found.append(Target(name, where, _nature(name, inner), field.required, field.type))
    return found


def _bare(kind: Any) -> Any:
    """A type without its bounds and without `None`; a number that may be whole is a number."""
    if hasattr(kind, "__metadata__"):
        return _bare(kind.__origin__)
    if get_origin(kind) in (Union, UnionType):
        bare = [_bare(one) for one in get_args(kind) if one is not NoneType]
        return float if float in bare else bare[0]
    return kind


def _nature(name: str, kind: Any) -> Nature:
    if kind is int:
        return "minor" if name.endswith("_minor") else "integer"
    if kind is float:
        return "number"
    if kind is bool:
        return "boolean"
    if kind is datetime:
        return "instant"
    return "hash" if name.endswith("_sha256") else "text"
