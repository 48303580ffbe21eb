"""By whose hand a request comes: programs, and nothing that a web page sends in a person's name.

Every page that a browser of this machine shows reaches the warehouse's port. Browsers say whose
page asks (`Origin`, `Sec-Fetch-Site`) and by which name (`Host`): an unknown name is that of a page
that had its own name resolved to loopback (DNS rebinding). All are held against lists of what may
be, whatever the method. What headers say must be text: a driver sends nothing else.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable

from aiohttp import web

from warehouse.embedded.errors import EngineError, refusal

SITES = frozenset({"same-origin", "none"})  # none: typed, or a program's
LONGEST_NAME = 256  # characters of a query id, a database, a user, a session


def check_caller(request: web.Request, allowed: Collection[str]) -> None:
    """Return when a request may be looked at.

    Args:
        request: any request, of any method and path.
        allowed: names of hosts in lower case, without ports, beside those of loopback.

    Raises:
        EngineError: code 497 (403) for a foreign name or page, 36 (400) for headers that are no
            text.
    """
    hosts = request.headers.getall("Host", [])
    if len(hosts) != 1:
        raise _stranger(f"One Host header was expected, not {len(hosts)}")
    name = _name_of(hosts[0].lower())
    if not _is_loopback(name) and name not in allowed:
        shown = ascii(hosts[0][:80])
        text = f"Host {shown} is not known here: add its name to WAREHOUSE_ALLOWED_HOSTS"
        raise _stranger(text)
    if "Origin" in request.headers:  # a browser names the page it asks for; drivers are no browsers
        raise _stranger("Web pages may not ask the warehouse")
    if not SITES.issuperset(request.headers.getall("Sec-Fetch-Site", [])):
        raise _stranger("Pages of other sites may not ask the warehouse: type the address")
    check_text(request.headers.values())


def check_text(values: Iterable[str]) -> None:
    """Return when all values are text on one line.

    Raises:
        EngineError: code 36: bytes that are no UTF-8 (aiohttp hands on half surrogates), or
            control characters.
    """
    for value in values:
        if not value.replace("\t", " ").isprintable():
            raise refusal(36, "BAD_ARGUMENTS", f"A header is no text: {value[:80]!a}")


def checked_name(what: str, name: str) -> str:
    """A name as it came: of a query, a database, a session; empty when none was given.

    Raises:
        EngineError: code 36: it is no text on one line, or longer than `LONGEST_NAME`.
    """
    if not name.isprintable() or len(name) > LONGEST_NAME:
        text = f"A {what} takes text on one line, {LONGEST_NAME} characters at most"
        raise refusal(36, "BAD_ARGUMENTS", f"{text}, not {name[:80]!a}")
    return name


def _stranger(text: str) -> EngineError:
    return refusal(497, "ACCESS_DENIED", text)


def _name_of(host: str) -> str:
    """The name in a `Host` header, whatever its port: a tunnel has another one."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_loopback(name: str) -> bool:
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
