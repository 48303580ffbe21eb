"""A URL as the base holds it beside its clean form: all its parameters, and nothing personal."""

from __future__ import annotations

import re
from typing import Final

from streams.enrich.masks import Masks
from streams.enrich.query import QueryReading
from streams.personal import HIDDEN, LONGEST_MASKED

LONGEST_SCHEME: Final = 6  # characters, its colon included: what is longer is read as a path
_SESSION = re.compile(r";(jsessionid|phpsessid|sid)=[^/;]*", re.IGNORECASE)

_PARTS = re.compile(r"([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_ORIGIN = re.compile(rf"[^/]{{0,{LONGEST_SCHEME}}}//[^/]*")


def shown_url(url: str, partner_parameters: frozenset[str], masks: Masks) -> str:
    """A URL, absolute or relative, with what is personal masked and without a user's name.

    Args:
        url: as a browser saw it; of each query the first 256 parameters are kept.
        partner_parameters: lower-case names of parameters that keep their values, as campaign tags
            and click ids do.
        masks: what is personal.
    """
    parts = _PARTS.fullmatch(url)
    assert parts is not None  # every text fits
    place, query, fragment = parts.groups("")
    origin = _ORIGIN.match(place)
    path_at = origin.end() if origin else 0
    shown = _without_user(place[:path_at]) + masks.path(with_session(place[path_at:], HIDDEN))
    if query:
        shown += f"?{shown_query(query[1:], partner_parameters, masks)}"
    return f"{shown}{_shown_fragment(fragment, partner_parameters, masks)}"


def shown_query(query: str, partner_parameters: frozenset[str], masks: Masks) -> str:
    """A query with what is personal masked."""
    reading = QueryReading(partner_parameters, masks)
    reading.kept_of(query)
    return "&".join(reading.shown)


def with_session(path: str, instead: str) -> str:
    """A path with another text for the session that some servers write into it, or without one."""
    if ";" not in path:
        return path
    if len(path) > LONGEST_MASKED:
        return path.partition(";")[0]
    return _SESSION.sub(rf";\1={instead}" if instead else "", path)


def _without_user(origin: str) -> str:
    if "@" not in origin:
        return origin
    scheme, _, authority = origin.partition("//")
    return f"{scheme}//{authority.rpartition('@')[2]}"


def _shown_fragment(fragment: str, partner_parameters: frozenset[str], masks: Masks) -> str:
    """What stands behind a #, which may be a place on the page, a route, or parameters."""
    path, sign, query = fragment.partition("?")
    if not sign and "=" in path:
        return f"#{shown_query(path[1:], partner_parameters, masks)}"
    return f"{masks.path(path)}{sign}{shown_query(query, partner_parameters, masks)}"
