"""Who may ask: the one user of the warehouse, with the password, and no web page on its behalf."""

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
    if "Origin" in request.headers:  # a browser names the page it asks for; drivers are no browsers
        raise refusal(516, "AUTHENTICATION_FAILED", "Web pages may not ask the warehouse")
    user, password = credentials_of(request)
    is_user = hmac.compare_digest(user.encode(), settings.user.encode())
    is_password = hmac.compare_digest(password.encode(), settings.password.encode())
    if not (is_user and is_password):
        text = f"{user}: Authentication failed: password is incorrect, or there is no such user."
        raise refusal(516, "AUTHENTICATION_FAILED", text)


def credentials_of(request: web.Request) -> tuple[str, str]:
    """User and password by Basic authorization, ClickHouse's headers or the URL."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            user, _, password = base64.b64decode(token).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return user, password
    if "X-ClickHouse-User" in request.headers:
        return request.headers["X-ClickHouse-User"], request.headers.get("X-ClickHouse-Key", "")
    return request.query.get("user", "default"), request.query.get("password", "")
