"""Who may send: origins of browsers' pages, tokens of the shop's servers.

A browser tells the origin of its page with every POST and lets no script change it; so any page of
the web may be refused, while programs that tell no origin are known by their token.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection


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


def _host_of(origin: str) -> str:
    scheme, _, host = origin.partition("://")
    return host if scheme in ("http", "https") else ""
