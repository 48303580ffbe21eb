"""Who may ask: the owner, and the reader of the marts, each with a password."""

from __future__ import annotations

import base64
import binascii
import hmac

from aiohttp import web

from warehouse.embedded.errors import refusal
from warehouse.settings import WarehouseSettings
from warehouse.users import MARTS_READER, Reader


def reader_of(request: web.Request, settings: WarehouseSettings) -> Reader | None:
    """Who asks: a reader, or None for the owner.

    Raises:
        EngineError: code 516, as ClickHouse refuses strangers.
    """
    user, password = credentials_of(request)
    if _is_same(user, settings.user) and _is_same(password, settings.password):
        return None
    is_reader = _is_same(user, MARTS_READER.name) and _is_same(password, settings.reader_password)
    if is_reader and settings.reader_password:
        return MARTS_READER
    shown = ascii(user[:80])[1:-1]
    text = f"{shown}: Authentication failed: password is incorrect, or there is no such user."
    raise refusal(516, "AUTHENTICATION_FAILED", text)


def _is_same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())


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
