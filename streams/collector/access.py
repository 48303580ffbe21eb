"""Who may send: origins of browsers' pages, tokens of the shop's servers.

A browser tells the origin of its page with every POST and lets no script change it; so any page of
the web may be refused, while programs that tell no origin are known by their token. Without a token
only those of this machine may come; a proxy on it would let in everyone, so what bears a proxy's
mark is refused then. Not every proxy marks what it forwards: behind one, always set a token.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Container

from streams.settings import LOOPBACK_HOSTS

PROXY_MARKS = (
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
)


def may_send_beacons(origin: str, host: str, origins: Collection[str]) -> bool:
    """Whether pages of an origin may send beacons.

    Args:
        origin: the `Origin` header; empty is no browser's page, so no page to be refused.
        host: the `Host` header: pages of the host that the collector is reached by may.
        origins: the origins of other hosts that may.
    """
    if not origin or origin in origins:
        return True
    return origin.isascii() and bool(host) and _host_of(origin) == host


def shows_token(authorization: str, token: str) -> bool:
    """Whether an `Authorization` header bears the token; when there is none to bear, yes."""
    if not token:
        return True
    scheme, _, given = authorization.partition(" ")
    shown = given.strip().encode("utf-8", "surrogateescape")  # a header may hold any bytes
    return scheme.lower() == "bearer" and hmac.compare_digest(shown, token.encode())


def is_called_by_loopback(host: str) -> bool:
    """Whether a `Host` header is a name of loopback, by any port; without one it is no browser's.

    A page may have its own name lead to loopback (DNS rebinding) and is of one origin with us then;
    an unmarked proxy hands on the shop's name.
    """
    name, _, port = host.rpartition(":")
    return not host or host in LOOPBACK_HOSTS or (port.isdigit() and name in LOOPBACK_HOSTS)


def is_forwarded(headers: Container[str]) -> bool:
    """Whether a proxy says that it handed a request on; names of headers in lower case."""
    return any(mark in headers for mark in PROXY_MARKS)


def _host_of(origin: str) -> str:
    scheme, _, host = origin.partition("://")
    return host if scheme in ("http", "https") else ""
