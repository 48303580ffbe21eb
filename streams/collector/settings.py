"""Every setting of the collector, read from the environment in one place and never at import."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from streams.settings import LOOPBACK_HOSTS, SettingsError

Network = IPv4Network | IPv6Network

_ORIGIN = re.compile(r"https?://[^/\s,*@?#]+")


@dataclass(frozen=True, slots=True)
class CollectorSettings:
    """What the collector needs to know; a field's variable is its name in capitals.

    The spool is a folder of this process alone, under LOCAL_HOME unless COLLECTOR_SPOOL names it.
    """

    collector_host: str = "127.0.0.1"
    collector_port: int = 8090
    collector_spool: str = ""
    collector_spool_bytes: int = 256 * 1024 * 1024
    collector_source: str = "/shop/web"  # the CloudEvents `source` of what browsers send
    collector_origins: str = ""  # of pages on other hosts that may send beacons
    collector_token: str = field(default="", repr=False)  # a must behind a proxy
    collector_trusted_proxies: str = ""  # whose X-Forwarded-For and -Proto are believed
    collector_cookie_domain: str = ""
    collector_cookie_days: int = 730  # after a visit; then a visitor is a new one
    collector_privacy_signals: str = "respect"  # Sec-GPC and DNT of a browser; or ignore
    collector_beacon_spool_percent: int = 75  # the rest is for the shop's servers
    collector_address_events_per_minute: int = 12_000  # offices share one; 0 is no limit
    collector_visitor_events_per_minute: int = 1_200  # as many as a page keeps while we are away
    collector_max_body_bytes: int = 1024 * 1024
    collector_max_beacon_bytes: int = 64 * 1024  # browsers send no more from a page that ends
    collector_max_events: int = 1000
    collector_body_seconds: int = 10  # for a whole body to come
    collector_idle_seconds: int = 20  # for the head of a request, and between two; proxies: less
    local_home: Path = Path(".local")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> CollectorSettings:
        """Read the settings.

        Raises:
            SettingsError: naming every bad variable, what it held and what it takes.
        """
        values: dict[str, object] = {}
        complaints = []
        for one in fields(cls):
            text = environ.get(one.name.upper())
            if not text:
                continue
            try:
                values[one.name] = _READERS.get(one.name, str)(text)
            except ValueError as error:
                shown = "" if one.name == "collector_token" else f"={text!r}"
                complaints.append(f"{one.name.upper()}{shown}: {error}")
        if complaints:
            raise SettingsError("settings that cannot be used: " + "; ".join(complaints))
        return cls(**values)  # type: ignore[arg-type]  # the fields were read by name just above

    def refuse_unguarded(self) -> None:
        """Complain when other machines could send any event without showing a token.

        Raises:
            SettingsError: the host is not on loopback and there is no token.
        """
        if self.collector_host not in LOOPBACK_HOSTS and not self.collector_token:
            raise SettingsError(
                f"listening on {self.collector_host} lets other machines send any event:"
                " set COLLECTOR_TOKEN, or listen on 127.0.0.1 for programs of this machine"
            )

    @property
    def spool(self) -> Path:
        """The folder of what was taken and not sent yet."""
        return Path(self.collector_spool or self.local_home / "collector")

    @property
    def beacon_spool_bytes(self) -> int:
        """How full beacons may make the spool."""
        return self.collector_spool_bytes * self.collector_beacon_spool_percent // 100

    @property
    def url(self) -> str:
        """Where it answers."""
        host = self.collector_host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.collector_port}"

    @property
    def origins(self) -> frozenset[str]:
        """Origins of pages that may send beacons, beside those of the collector's own host."""
        return frozenset(_listed(self.collector_origins))

    @property
    def trusted_proxies(self) -> tuple[Network, ...]:
        """Networks of the proxies in front of the collector."""
        return tuple(ip_network(one) for one in _listed(self.collector_trusted_proxies))


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _port(text: str) -> int:
    if not text.isdigit() or not int(text) < 65536:
        raise ValueError("takes a port, 0 to 65535; 0 is any free one")
    return int(text)


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ValueError("takes a whole number of at least 1")
    return int(text)


def _rate(text: str) -> int:
    if not text.isdigit():
        raise ValueError("takes a whole number; 0 is no limit")
    return int(text)


def _percent(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 100:
        raise ValueError("takes a whole number from 1 to 100")
    return int(text)


def _signals(text: str) -> str:
    if text not in ("respect", "ignore"):
        raise ValueError("takes respect or ignore")
    return text


def _origins(text: str) -> str:
    bad = [one for one in _listed(text) if not _ORIGIN.fullmatch(one)]
    if bad:
        raise ValueError(f"{bad[0]!r} is no origin such as https://shop.example, without a path")
    return text


def _networks(text: str) -> str:
    for one in _listed(text):
        try:
            ip_network(one)
        except ValueError:
            told = f"{one!r} is no address or network such as 10.0.0.0/8"
            raise ValueError(told) from None
    return text


def _token(text: str) -> str:
    if len(text) < 16 or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("takes at least 16 ASCII characters without spaces: openssl rand -hex 24")
    return text


def _domain(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.-]+", text):
        raise ValueError("takes a domain such as shop.example")
    return text


_READERS: dict[str, Callable[[str], object]] = {
    "collector_port": _port,
    "collector_spool_bytes": _count,
    "collector_origins": _origins,
    "collector_token": _token,
    "collector_trusted_proxies": _networks,
    "collector_cookie_domain": _domain,
    "collector_cookie_days": _count,
    "collector_privacy_signals": _signals,
    "collector_beacon_spool_percent": _percent,
    "collector_address_events_per_minute": _rate,
    "collector_visitor_events_per_minute": _rate,
    "collector_max_body_bytes": _count,
    "collector_max_beacon_bytes": _count,
    "collector_max_events": _count,
    "collector_body_seconds": _count,
    "collector_idle_seconds": _count,
    "local_home": Path,
}
