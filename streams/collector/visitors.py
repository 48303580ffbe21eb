"""Who sent a request: the visitor of the cookie, and the address that a trusted proxy tells.

Pure rules, shared by the collector and by shops that publish page views themselves
(`streams/examples`): both know a visitor by the same cookie.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from streams.collector.settings import Network
from streams.enrich.network import network_of

COOKIE = "aa_visitor"
DAY_SECONDS = 24 * 3600
TWO_YEARS_SECONDS = 2 * 365 * DAY_SECONDS

_COOKIE = re.compile(rf"(?:^|;)\s*{COOKIE}=([0-9a-f]{{32}})\s*(?:;|$)")


def new_visitor() -> str:
    """A visitor id nobody can guess: 128 random bits in hex."""
    return secrets.token_hex(16)


def visitor_of(cookies: str) -> str:
    """The visitor id in a `Cookie` header, empty when there is none that we could have given."""
    found = _COOKIE.search(cookies)
    return found[1] if found else ""


def asks_for_privacy(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that its user does not want to be followed.

    By Global Privacy Control (`Sec-GPC: 1`, https://www.w3.org/TR/gpc/) or Do Not Track (`DNT: 1`).
    """
    return headers.get("sec-gpc", "").strip() == "1" or headers.get("dnt", "").strip() == "1"


def set_cookie(
    visitor: str, *, is_secure: bool, domain: str = "", seconds: int = TWO_YEARS_SECONDS
) -> str:
    """The `Set-Cookie` header that keeps a visitor for so long from this visit.

    No script needs to read it, so none may; browsers send it from pages of the same site only. For
    0 seconds it takes back the cookie that the browser has.
    """
    parts = [f"{COOKIE}={visitor}", "Path=/", f"Max-Age={seconds}"]
    if domain:
        parts.append(f"Domain={domain}")
    if is_secure:
        parts.append("Secure")
    return "; ".join([*parts, "HttpOnly", "SameSite=Lax"])


def anonymous_address(address: str) -> str:
    """What stays of the address of somebody who does not want to be followed: its network."""
    return network_of(address).partition("/")[0]


def is_public(address: str) -> bool:
    """Whether an address is one of the Internet, not of this machine or its own network."""
    read = _address(address)
    return read is not None and read.is_global


def language_of(accepted: str) -> str:
    """The first language of an `Accept-Language` header, such as `de-AT`."""
    return accepted.split(",", 1)[0].split(";", 1)[0].strip()[:35]


def is_trusted(address: str, proxies: Collection[Network]) -> bool:
    """Whether an address is one of the proxies."""
    read = _address(address)
    return read is not None and any(read in network for network in proxies)


def client_address(peer: str, forwarded: str, proxies: tuple[Network, ...]) -> str:
    """The visitor's address: the nearest one that is not a trusted proxy's.

    Args:
        peer: the address that the connection comes from; empty when there is none.
        forwarded: the `X-Forwarded-For` header; each proxy adds at the right whom it saw.
        proxies: whose word is believed; the header means nothing from anyone else.
    """
    nearest = peer
    for told in reversed(forwarded.split(",") if forwarded else []):
        if not is_trusted(nearest, proxies):
            break
        if _address(told) is None:
            break
        nearest = told
    read = _address(nearest)
    return str(read) if read else ""


@lru_cache(maxsize=4096)
def _address(text: str) -> IPv4Address | IPv6Address | None:
    """An address, of a proxy's list too: in brackets, with a port, IPv4 within IPv6."""
    plain = text.strip()
    if plain.startswith("["):
        plain = plain[1:].partition("]")[0]
    elif plain.count(":") == 1:
        plain = plain.partition(":")[0]
    try:
        read = ip_address(plain)
    except ValueError:
        return None
    return read.ipv4_mapped or read if isinstance(read, IPv6Address) else read
