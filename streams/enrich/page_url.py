"""A page's URL read once: its campaign, and the address without what only tracks.

This says what is right for one URL; `pages_read` reads a batch by the parts that its URLs share.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from streams.enrich.address import address_of
from streams.enrich.campaign import NO_CAMPAIGN, Campaign
from streams.enrich.masks import Masks, shipped
from streams.enrich.query import QueryReading
from streams.enrich.shown_url import with_session

_PLAIN_ORIGIN = re.compile(r"https?://([a-z0-9.-]+)").fullmatch


class PageUrl(NamedTuple):
    """What a page's URL says.

    `target` is the path with the query that is left, as `clean_url` shows it below the host: what
    page rules look at. A relative URL has an empty host.
    """

    campaign: Campaign
    clean_url: str
    host: str
    path: str
    target: str


def page_url_of(
    url: str, partner_parameters: frozenset[str] = frozenset(), masks: Masks | None = None
) -> PageUrl:
    """Read a page's URL.

    Tags are taken from the query, then from the fragment (`#utm_source=…`); of a parameter that
    stands there twice the first value that is not empty counts.

    Args:
        url: as the browser saw it.
        partner_parameters: lower-case names whose value is a partner's track id; a frozenset.
        masks: what is personal; by default as the shipped list has it.

    Returns:
        The campaign, and the URL without tracking parameters, user, default port and fragment. A
        fragment that is a route of a single-page shop (`#/`, `#!`) stays; other parameters keep
        their order and every byte but what is masked.
    """
    scheme, host, port, path, query, fragment = address_of(url)
    origin = f"{scheme}:" if scheme else ""
    if host:
        origin += f"//[{host}]" if ":" in host else f"//{host}"
        origin += f":{port}" if port else ""
    path = path or ("/" if host else "")
    masks = masks or shipped()
    path = masks.path(with_session(path, ""))
    reading = QueryReading(partner_parameters, masks)
    kept = reading.kept_of(query) if query else ""
    route = _route(fragment, reading) if fragment else ""
    target = f"{path}?{kept}" if kept else path
    return PageUrl(reading.campaign(), f"{origin}{target}{route}", host, path, target)


def query_of(
    query: str, partner_parameters: frozenset[str], masks: Masks
) -> tuple[Campaign, str, str]:
    """The campaign that a query tells, what of the query stays, and the whole with its masks."""
    if not query:
        return NO_CAMPAIGN, "", ""
    reading = QueryReading(partner_parameters, masks)
    kept = reading.kept_of(query)
    return reading.campaign(), kept, "&".join(reading.shown)


def plain_host(origin: str) -> str:
    """The host of an origin that is clean as it stands, empty for any other."""
    plain = _PLAIN_ORIGIN(origin)
    return plain[1] if plain else ""


def campaign_of(url: str, partner_parameters: frozenset[str] = frozenset()) -> Campaign:
    """The campaign tags and click ids in a page's URL."""
    return page_url_of(url, partner_parameters).campaign


def clean_url(url: str, partner_parameters: frozenset[str] = frozenset()) -> str:
    """A page's URL without what only tracks."""
    return page_url_of(url, partner_parameters).clean_url


def _route(fragment: str, reading: QueryReading) -> str:
    """The fragment that names a page, with `#`; parameters of the fragment are read as well."""
    if not fragment.startswith(("/", "!")):
        if "=" in fragment:
            reading.kept_of(fragment.lstrip("?"))
        return ""
    path, _, query = fragment.partition("?")
    kept = reading.kept_of(query) if query else ""
    path = reading.masks.path(path)
    return f"#{path}?{kept}" if kept else f"#{path}"
