"""By whose hand a request comes: programs, and nothing that a web page sends in a person's name.

What browsers say of a request (`warehouse.web_requests`) is held against lists of what may be,
whatever the method. What headers say must be text: a driver sends nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from aiohttp import web

from warehouse.embedded.errors import EngineError, refusal
from warehouse.web_requests import OWN_SITES, is_known_host

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
    if not is_known_host(hosts[0], allowed):
        shown = ascii(hosts[0][:80])
        text = f"Host {shown} is not known here: add its name to WAREHOUSE_ALLOWED_HOSTS"
        raise _stranger(text)
    if "Origin" in request.headers:  # a browser names the page it asks for; drivers are no browsers
        raise _stranger("Web pages may not ask the warehouse")
    if not OWN_SITES.issuperset(request.headers.getall("Sec-Fetch-Site", [])):
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
