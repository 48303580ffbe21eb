"""Where a registrable name ends: the door to the public suffix list that the package ships.

Only suffixes that registries run (`co.uk`, `com.br`) count: a shop on `blogspot.com` comes from
Blogger. Nothing is fetched; a newer list comes with a newer package.
"""

from __future__ import annotations

from functools import cache

from publicsuffixlist import PublicSuffixList


def public_suffix_of(host: str) -> str:
    """The public suffix of a lower-case host, such as `co.uk`.

    Returns:
        The last label when the list does not know the suffix, empty for an IP address and for a
        name of one label.
    """
    last = host.rpartition(".")
    if not last[0] or last[2].isdecimal() or ":" in host:
        return ""
    return _suffixes().publicsuffix(host) or last[2]


def has_listed_suffix(host: str) -> bool:
    """Whether a text looks like a host of the public web: `google.com` does, `index.html` not."""
    return "." in host and _suffixes().publicsuffix(host, accept_unknown=False) is not None


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(only_icann=True)  # reads 330 KB, 0.1 s, once in a process
