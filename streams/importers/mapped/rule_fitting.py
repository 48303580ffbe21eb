"""Whether a rule fits its field: one source, a conversion that gives what the field holds."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, get_args
from zoneinfo import available_timezones

import msgspec

from streams.importers.mapped.complaint import Flaw, unknown
from streams.importers.mapped.instants import EPOCHS
from streams.importers.mapped.model import Conversion, Rule, Told
from streams.importers.mapped.rules import rule_of
from streams.importers.mapped.targets import Nature, Target
from streams.importers.mapped.yaml_text import Place
from streams.importers.rows.options import File

# How a field of each nature may be read; the first is what happens without `as`.
CONVERSIONS: dict[Nature, tuple[str, ...]] = {
    "text": ("text", "path", "email_sha256", "phone_sha256"),
    "hash": ("text", "email_sha256", "phone_sha256"),
    "integer": ("integer",),
    "number": ("number", "integer"),
    "minor": ("", "money", "integer"),
    "boolean": ("boolean",),
    "instant": ("instant",),
    "any": get_args(Conversion),
}

# The options that only some conversions understand.
_OPTIONS = {
    "format": ("instant",),
    "zone": ("instant",),
    "decimal_mark": ("money", "number"),
    "digits": ("money",),
    "true_words": ("boolean",),
    "false_words": ("boolean",),
    "separator": ("path", "list"),
    "country_code": ("phone_sha256",),
    "trunk_prefix": ("phone_sha256",),
    "lower": ("text", "lookup"),
    "otherwise": ("lookup",),
}
_DEFAULTS = {one.name: one.default for one in msgspec.structs.fields(Rule)}
_SAMPLE = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def flaws_of_rule(told: Told, target: Target, file: File, place: Place) -> Iterator[Flaw]:
    """Every reason why a rule cannot give a field its value."""
    rule = rule_of(told)
    sources = [
        name for name in ("column", "join", "value", "sum") if getattr(rule, name) is not None
    ]
    if len(sources) != 1:
        found = " and ".join(sources) or "none of them"
        yield Flaw(place, f"takes one of column, join, value and sum, and has {found}")
        return
    yield from _flaws_of_words(rule, target, place)
    if sources in (["value"], ["sum"]):
        if rule.sum and target.name != "revenue_minor":
            yield Flaw((*place, "sum"), "only revenue_minor can be the sum of products")
        return
    way = "lookup" if rule.lookup is not None else rule.conversion or CONVERSIONS[target.nature][0]
    yield from _flaws_of_way(rule, way, target, place)
    for option, ways in _OPTIONS.items():
        if getattr(rule, option) != _DEFAULTS[option] and way not in ways:
            needs = " or ".join(f"`{one}`" if one == "lookup" else f"`as: {one}`" for one in ways)
            yield Flaw((*place, option), f"means something only with {needs}")
    if way == "instant":
        yield from _flaws_of_instant(rule, file, place)


def flaws_of_file(file: File) -> Iterator[Flaw]:
    """Every reason why a file cannot be read as its options say."""
    try:
        codecs.lookup(file.encoding)
    except LookupError:
        yield Flaw(("file", "encoding"), f"{file.encoding!r} is no encoding that Python knows")
    yield from _flaws_of_zone(file.zone, ("file", "zone"))


def _flaws_of_zone(zone: str, place: Place) -> Iterator[Flaw]:
    """Whether a time zone is one; empty is none, and fine."""
    if zone and zone not in available_timezones():
        yield Flaw(place, unknown(zone, sorted(available_timezones())))


def _flaws_of_way(rule: Rule, way: str, target: Target, place: Place) -> Iterator[Flaw]:
    allowed = [one for one in CONVERSIONS[target.nature] if one]
    if rule.lookup is not None:
        if rule.conversion is not None:
            yield Flaw((*place, "as"), "a lookup reads text; leave out `as`")
        if target.nature in ("instant", "hash"):
            yield Flaw((*place, "lookup"), f"gives no {target.nature}; read it from a column")
    elif not way:
        advice = "`as: money` for 12.34, or `as: integer` for 1234 in minor units"
        yield Flaw(place, f"{target.name} is an amount: say {advice}")
    elif way not in allowed:
        yield Flaw((*place, "as"), f"{target.name} is read as {' or '.join(allowed)}, not as {way}")


def _flaws_of_words(rule: Rule, target: Target, place: Place) -> Iterator[Flaw]:
    """Constants, words of lookups and defaults, held against the bounds of the field."""
    words: dict[Place, Any] = {
        (name,): getattr(rule, name)
        for name in ("value", "default", "otherwise")
        if getattr(rule, name) is not None
    }
    words |= {("lookup", word): told for word, told in (rule.lookup or {}).items()}
    for where, word in words.items():
        if target.nature in ("instant", "hash"):
            yield Flaw((*place, *where), f"{target.name} cannot be a constant")
            continue
        told = str(word) if target.nature == "text" and type(word) is int else word
        try:
            msgspec.convert(told, target.bounds)
        except msgspec.ValidationError as error:
            yield Flaw((*place, *where), f"does not fit {target.name}: {error}".replace("`", ""))


def _flaws_of_instant(rule: Rule, file: File, place: Place) -> Iterator[Flaw]:
    if rule.zone is not None:
        yield from _flaws_of_zone(rule.zone, (*place, "zone"))
    if rule.format == "iso" or rule.format in EPOCHS:
        return
    where = (*place, "format")
    if "%" not in rule.format:
        yield Flaw(where, unknown(rule.format, ["iso", *EPOCHS]) + ", or a pattern of strptime")
        return
    try:
        datetime.strptime(_SAMPLE.strftime(rule.format), rule.format)
    except (ValueError, re.error) as error:
        yield Flaw(where, f"is no pattern of strptime: {error}")
        return
    zone = rule.zone if rule.zone is not None else file.zone
    if not zone and "%z" not in rule.format:
        yield Flaw(where, "tells no time zone: add `zone`, such as `zone: Europe/Berlin`")
