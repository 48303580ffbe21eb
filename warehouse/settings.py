"""Every setting of the warehouse, read from the environment in one place and never at import.

The variable of a field is `WAREHOUSE_` and its name in capitals. The first three say which
warehouse is used; the rest concern only the embedded server.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from urllib.parse import urlsplit

from warehouse.passwords import OWNER, READER, kept_password

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class WarehouseSettingsError(ValueError):
    """One or more variables of the environment cannot be used; the message names all of them."""


@dataclass(frozen=True, slots=True)
class WarehouseSettings:
    """What it takes to reach the warehouse, and to serve one; by default the local one of `up`."""

    url: str = "http://127.0.0.1:8123"
    user: str = "default"
    password: str = field(default="", repr=False)
    reader_password: str = field(default="", repr=False)  # of marts_reader; without one, no reader
    path: Path = Path(".local/warehouse")
    listen: str = "127.0.0.1"
    allowed_hosts: str = ""  # names it is reached by, beside those of loopback and of its URL
    max_queries: int = 32  # run at once, each in a thread; eight times as many may wait
    max_query_seconds: int = 3600
    max_body_bytes: int = 1 << 30  # of one request, unfolded; kept in a file while it is read
    memory_percent: int = 60  # of the machine's, for all queries together
    also_served: frozenset[str] = frozenset()  # functions, engines, formats beyond `served`

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> WarehouseSettings:
        """Read the settings.

        Raises:
            WarehouseSettingsError: naming every bad variable, what it held and what it takes.

        """
        values: dict[str, object] = {}
        given_url = environ.get("WAREHOUSE_URL")
        if environ.get("WAREHOUSE_PORT"):  # the local one's, where no other is named
            values["url"] = f"http://127.0.0.1:{environ['WAREHOUSE_PORT']}"
        if environ.get("LOCAL_HOME"):
            values["path"] = Path(environ["LOCAL_HOME"]) / "warehouse"
        complaints = []
        for one in fields(cls):
            name = f"WAREHOUSE_{one.name.upper()}"
            text = environ.get(name, "")
            if not text:
                continue
            try:
                values[one.name] = _read(one.name, text)
            except ValueError as error:
                shown = "…" if "password" in one.name or "@" in text else repr(text)
                complaints.append(f"{name}={shown}: {error}")
        if complaints:
            raise WarehouseSettingsError("settings that cannot be used: " + "; ".join(complaints))
        settings = cls(**values)  # type: ignore[arg-type]  # the fields were read by name above
        own = f"http://127.0.0.1:{environ.get('WAREHOUSE_PORT')}"
        return settings.with_kept_passwords() if settings.url == own or not given_url else settings

    def with_kept_passwords(self) -> WarehouseSettings:
        """With the passwords that `up` keeps beside the tables, where none were given."""
        return replace(
            self,
            password=self.password or kept_password(self.path, OWNER),
            reader_password=self.reader_password or kept_password(self.path, READER),
        )

    @property
    def host(self) -> str:
        """The host name or address in the URL."""
        return urlsplit(self.url).hostname or "127.0.0.1"

    @property
    def port(self) -> int:
        """The port in the URL, or the usual one of its scheme."""
        return urlsplit(self.url).port or (8443 if self.is_secure else 8123)

    @property
    def known_hosts(self) -> frozenset[str]:
        """Names by which the embedded server answers, in lower case, beside those of loopback."""
        given = (part.strip().lower() for part in self.allowed_hosts.split(","))
        return frozenset({self.host.lower(), *filter(None, given)})

    @property
    def is_secure(self) -> bool:
        """Whether the URL asks for TLS."""
        return urlsplit(self.url).scheme == "https"

    @property
    def is_on_loopback(self) -> bool:
        """Whether the warehouse is on this machine."""
        return self.host in LOOPBACK_HOSTS


def _read(name: str, text: str) -> object:
    if name == "url":
        return _url(text)
    if name in _WHOLE:
        return _whole(text, *_WHOLE[name])
    if name == "also_served":
        return frozenset(text.replace(",", " ").split())
    return Path(text) if name == "path" else text


_WHOLE = {  # the least and the most that a number may be
    "max_queries": (1, 10_000),
    "max_query_seconds": (1, 86_400),
    "max_body_bytes": (1 << 20, 1 << 40),
    "memory_percent": (5, 90),
}


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("takes an address such as http://127.0.0.1:8123")
    if parts.username or parts.password:
        raise ValueError("takes no user or password: set WAREHOUSE_USER and WAREHOUSE_PASSWORD")
    _ = parts.port  # a port that is no number raises ValueError here
    return text.rstrip("/")


def _whole(text: str, least: int, most: int) -> int:
    if not text.isdigit() or not least <= int(text) <= most:
        raise ValueError(f"takes a whole number from {least} to {most}")
    return int(text)
