"""Who may ask Dagster's pages: programs of this machine, and pages that Dagster itself served.

Dagster asks for no password, so whoever reaches its port may start runs. What browsers say of a
request (`warehouse.web_requests`) is held against lists of what may be.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from warehouse.web_requests import OWN_SITES, is_known_host


@dataclass(frozen=True, slots=True)
class AskedBy:
    """What a request says of its way here; every value of headers that came twice."""

    hosts: tuple[str, ...]
    origins: tuple[str, ...]
    sites: tuple[str, ...]


def refusal(asked: AskedBy, allowed: Collection[str]) -> str:
    """Why a request is refused, empty when it is not.

    Args:
        asked: its headers.
        allowed: names of hosts, in lower case and without ports, beside those of loopback.
    """
    if len(asked.hosts) != 1:
        return f"one Host header was expected, not {len(asked.hosts)}"
    host = asked.hosts[0].lower()
    if not is_known_host(host, allowed):
        return f"Host {host[:80]!r} is not known here: add its name to DAGSTER_ALLOWED_HOSTS"
    for origin in asked.origins:
        if origin.lower() not in (f"http://{host}", f"https://{host}"):
            return f"pages of {origin[:80]!r} may not ask here"
    if not OWN_SITES.issuperset(asked.sites):
        return "no page of another site leads here: type the address"
    return ""


class PageGuard:
    """ASGI middleware that refuses HTTP requests (403) and WebSockets (closed before they open)."""

    def __init__(self, app: ASGIApp, allowed: Collection[str]) -> None:
        self._app = app
        self._allowed = frozenset(allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        why = refusal(_asked_by(scope["headers"]), self._allowed)
        if not why:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": why[:120]})
        else:
            await PlainTextResponse(f"{why}\n", status_code=403)(scope, receive, send)


def _asked_by(headers: Iterable[tuple[bytes, bytes]]) -> AskedBy:
    values: dict[bytes, list[str]] = {b"host": [], b"origin": [], b"sec-fetch-site": []}
    for name, value in headers:
        if name in values:
            values[name].append(value.decode("latin-1").strip())
    return AskedBy(*map(tuple, values.values()))
