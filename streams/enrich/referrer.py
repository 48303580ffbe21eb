"""What kind of place a referring URL is, whose, and what was searched there.

A link from the shop's own hosts is `internal` and one from where the visitor paid is `payment`:
neither brought the visitor. Hosts come from the table in `sites.yml`; a host that it does not know
is mail when its first label says so (`webmail.example.com`), else an ordinary referral.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

from streams.enrich.address import Address, address_of, plain_text
from streams.enrich.product import search_words
from streams.enrich.query import MOST_PARAMETERS
from streams.enrich.sites import LONGEST_HOST, Site, SiteMedium, is_at, shipped_sites, site_of_host
from streams.enrich.suffixes import has_listed_suffix, public_suffix_of

ReferrerMedium = SiteMedium | Literal["referral", "internal", ""]

_APP_SCHEMES: Final = ("android-app", "ios-app")
_WEB_SCHEMES: Final = ("http", "https", "")
_MAIL_LABEL = re.compile(r"(?:web|e|my|w)?-?mail(?:box|er)?\d*|owa|roundcube|zimbra").fullmatch
_BARE_HOST = re.compile(r"[\w-]++(?:\.[\w-]++)++").match


class Referrer(NamedTuple):
    """Where a link came from.

    `source` is the site's name, or the host of a site that we do not know; `term` are the words
    searched there, normalised like those of a search on the site.
    """

    medium: ReferrerMedium = ""
    source: str = ""
    term: str = ""


NO_REFERRER: Final = Referrer()
INTERNAL: Final = Referrer("internal")


def referrer_of(
    url: str, own_hosts: frozenset[str], payment_hosts: frozenset[str] = frozenset()
) -> Referrer:
    """What a referring URL tells.

    Args:
        url: as the browser sent it, an `android-app://` URL, or a bare host; anything else is no
            referrer, nor is a host longer than names on the net can be.
        own_hosts: the shop's lower-case hosts; hosts below them count, and package names of its
            apps.
        payment_hosts: hosts where the shop's visitors pay, beside those that the table lists.
    """
    if not url:
        return NO_REFERRER
    at = _address_of(url)
    host = at.host.rstrip(".")
    is_host = 0 < len(host) <= LONGEST_HOST
    is_path = not host and at.path.startswith("/") and not at.scheme
    if is_path or (is_host and is_at(host, own_hosts)):
        return INTERNAL
    if not is_host or at.scheme not in _WEB_SCHEMES + _APP_SCHEMES:
        return NO_REFERRER
    if at.scheme in _APP_SCHEMES:
        return _place(shipped_sites().of_app(host), host, at)
    if is_at(host, payment_hosts):
        return Referrer("payment", _shown(host))
    return _place(site_of_host(host), host, at)


def _place(site: Site | None, host: str, at: Address) -> Referrer:
    if site is None:
        return Referrer("email" if _is_mail(host) else "referral", _shown(host))
    term = _term(site.terms, at) if site.terms else ""
    is_page = at.scheme not in _APP_SCHEMES  # behind an app's name stands what it showed
    if site.paths and is_page and not term and _first_step(at.path) not in site.paths:
        return Referrer("referral", _shown(host))
    return Referrer(site.medium, site.name, term)


def _term(parameters: tuple[str, ...], at: Address) -> str:
    """Search words of the query, or of the fragment where the query has none."""
    for text in filter(None, (at.query, at.fragment)):
        values: dict[str, str] = {}
        for piece in text.split("&", MOST_PARAMETERS)[:MOST_PARAMETERS]:
            name, _, value = piece.partition("=")
            values.setdefault(name.lower(), value)
        for parameter in parameters:
            term = plain_text(values.get(parameter, ""))
            if term and not term.startswith(("http://", "https://")):  # where a redirect leads to
                return search_words(term)
    return ""


def _first_step(path: str) -> str:
    return path.lower().lstrip("/").partition("/")[0]


def _address_of(url: str) -> Address:
    """The address, also of `example.com/page` as exports and old logs write it."""
    at = address_of(url)
    bare = None if at.scheme or at.host else _BARE_HOST(at.path, 0, LONGEST_HOST + 1)
    is_host = bare and bare.end() <= LONGEST_HOST and has_listed_suffix(bare[0].lower())
    return address_of(f"//{url}") if is_host else at


def _is_mail(host: str) -> bool:
    first, _, rest = host.partition(".")
    return _MAIL_LABEL(first) is not None and rest != public_suffix_of(host)


def _shown(host: str) -> str:
    return host.removeprefix("www.")
