"""Who may ask: the one user of the warehouse, with the password."""

from __future__ import annotations

import base64
import binascii
import hmac

from aiohttp import web

from warehouse.embedded.errors import refusal
from warehouse.settings import WarehouseSettings


def check_access(request: web.Request, settings: WarehouseSettings) -> None:
    """Return when the request may be served.

    Raises:
        EngineError: code 516, as ClickHouse refuses strangers.
    """
    user, password = credentials_of(request)
    is_user = hmac.compare_digest(user.encode(), settings.user.encode())
    is_password = hmac.compare_digest(password.encode(), settings.password.encode())
    if not (is_user and is_password):
        shown = ascii(user[:80])[1:-1]
        text = f"{shown}: Authentication failed: password is incorrect, or there is no such user."
        raise refusal(516, "AUTHENTICATION_FAILED", text)


def credentials_of(request: web.Request) -> tuple[str, str]:
    """User and password by Basic authorization, ClickHouse's headers or the URL."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            user, _, password = base64.b64decode(token).decode().partition(":")
        except (binascii.Error, ValueError):  # a token that is no ASCII is the latter
            return "", ""
        return user, password
    if "X-ClickHouse-User" in request.headers:
        return request.headers["X-ClickHouse-User"], request.headers.get("X-ClickHouse-Key", "")
    return request.query.get("user", "default"), request.query.get("password", "")
