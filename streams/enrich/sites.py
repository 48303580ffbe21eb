"""Who stands behind a host, an app or a campaign's source: the table of `sites.yml`, looked up.

The host that says most wins: `mail.google.com` is mail, `www.google.com` search, and a host of
Google that the table does not name is nobody's in particular.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final, Literal, NamedTuple, get_args

from msgspec import Struct

from streams.enrich.rules_file import RulesError, read_rules
from streams.enrich.suffixes import public_suffix_of

SiteMedium = Literal["search", "social", "video", "shopping", "email", "ai", "ads", "payment"]

LONGEST_HOST: Final = 253  # characters, RFC 1035; what is longer is no host


class SitesError(RulesError):
    """The table of sites cannot be used."""


class _Entry(Struct, frozen=True, forbid_unknown_fields=True):
    hosts: list[str] = []
    terms: list[str] = []
    paths: list[str] = []
    apps: list[str] = []
    aliases: list[str] = []


class Site(NamedTuple):
    """A site that the table knows.

    `terms` are lower-case parameters that hold search words; `paths` are first steps of a path on
    which the site is what `medium` says, empty when it is so everywhere.
    """

    medium: SiteMedium
    name: str
    terms: tuple[str, ...]
    paths: frozenset[str]


class Sites:
    """The table, ready for look-ups."""

    def __init__(self, entries: list[tuple[Site, _Entry]], digest: str) -> None:
        self.digest = digest
        self._sites = [site for site, _ in entries]
        self._by_host = {host: site for site, entry in entries for host in entry.hosts}
        self._by_app = {app.lower(): site for site, entry in entries for app in entry.apps}
        self._by_name = {name: site for site, entry in entries for name in _names(site.name, entry)}

    def __iter__(self) -> Iterator[Site]:
        return iter(self._sites)

    def of_host(self, host: str) -> Site | None:
        """Whose a lower-case host is; nobody's when it is longer than names on the net can be."""
        if len(host) > LONGEST_HOST:
            return None
        labels = host.split(".")
        suffix = public_suffix_of(host)
        stem_end = len(labels) - suffix.count(".") - 1
        for start in range(len(labels)):
            is_alone = start == 0 or labels[:start] == ["www"]
            for key in _keys(labels, start, stem_end if suffix else 0):
                site = (is_alone and self._by_host.get("=" + key)) or self._by_host.get(key)
                if site:
                    return site
        return None

    def of_app(self, package: str) -> Site | None:
        """Whose an Android or iOS app is, by the lower-case name of its package."""
        return self._by_app.get(package)

    def of_source(self, source: str) -> Site | None:
        """Whom a campaign's source names: `chatgpt.com`, `Facebook`, `fb`."""
        name = " ".join(source.casefold().split())
        return self._by_name.get(name) or (self.of_host(name) if "." in name else None)


def is_at(host: str, hosts: frozenset[str]) -> bool:
    """Whether a host is one of some hosts or below one of them."""
    while host:
        if host in hosts:
            return True
        host = host.partition(".")[2]
    return False


@cache
def shipped_sites() -> Sites:
    """The table of `sites.yml`.

    Raises:
        SitesError: the table is wrong, all mistakes in one message.
    """
    file = read_rules(None, "sites.yml", SitesError)
    file.expect_only(*get_args(SiteMedium))
    entries = []
    for medium in get_args(SiteMedium):
        for name, found in file.document[medium].items():
            entry = file.struct_of(_Entry, found, f"{medium}, {name}")
            if entry:
                terms = tuple(term.lower() for term in entry.terms)
                entries.append((Site(medium, name, terms, frozenset(entry.paths)), entry))
    hosts = [host for _, entry in entries for host in entry.hosts]
    names = [name for site, entry in entries for name in _names(site.name, entry)]
    twice = _twice(hosts) | _twice(names)
    file.mistakes += [f"{one}: stands for two sites" for one in sorted(twice)]
    file.complain(SitesError)
    return Sites(entries, file.digest)


@lru_cache(maxsize=8192)
def site_of_host(host: str) -> Site | None:
    """Whose a lower-case host is, by the shipped table; hosts repeat, so answers are kept."""
    return shipped_sites().of_host(host)


@lru_cache(maxsize=8192)
def site_of_source(source: str) -> Site | None:
    """Whom a campaign's source names, by the shipped table."""
    return shipped_sites().of_source(source)


def _keys(labels: list[str], start: int, stem_end: int) -> list[str]:
    keys = [".".join(labels[start:])]
    if start < stem_end:
        keys.append(".".join(labels[start:stem_end]) + ".*")
    return keys


def _names(site: str, entry: _Entry) -> set[str]:
    folded = site.casefold()
    return {folded, folded.replace(" ", ""), *(alias.casefold() for alias in entry.aliases)}


def _twice(keys: list[str]) -> set[str]:
    return {key for key, count in Counter(keys).items() if count > 1}
