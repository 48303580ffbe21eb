"""Every setting of orchestration, read from the environment in one place and never at import.

The one exception stands in `definitions_marts` and `definitions_detection`: Dagster wants a code
location's definitions when its module is loaded, so their last line reads the settings then.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from streams.settings import LOOPBACK_HOSTS, ORDER_NUMBERS, SettingsError

_HOST = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class OrchestrationSettings:
    """What the services and Dagster need to know; a field's variable is its name in capitals."""

    dagster_host: str = "127.0.0.1"
    dagster_port: int = 3000
    dagster_allowed_hosts: str = ""  # names the pages are reached by, beside those of loopback
    dagster_read_only: bool = False  # the pages start and change nothing then
    dagster_marts_host: str = "127.0.0.1"  # where the pages and the daemon find the code locations
    dagster_marts_port: int = 4266
    dagster_detection_host: str = "127.0.0.1"
    dagster_detection_port: int = 4267
    kafka_port: int = 9092  # of the local broker, which is not started when KAFKA_BROKERS is given
    warehouse_port: int = 8123  # of the embedded warehouse, likewise with WAREHOUSE_URL
    first_shop_day: date | None = None  # that of the first event that arrived, when not set
    shop_time_zone: str = "UTC"
    shop_currency: str = ""  # ISO 4217; without one, amounts are never converted
    order_numbers: str = "global"  # or per_source; `dbt_project/macros/order_numbers.sql` reads it
    currency_rates_file: Path | None = None  # loaded every working day, when one is named
    marts_schedule: str = "*/10 * * * *"
    keep_runs_days: int = 30  # a run of two days is half a megabyte of Dagster's history
    detection_clock: str = "live"
    detection_seconds: int = 10
    trigger_definitions: Path | None = None  # a folder of YAML files instead of those shipped
    local_home: Path = Path(".local")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> OrchestrationSettings:
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
                complaints.append(f"{one.name.upper()}={text!r}: {error}")
        if complaints:
            raise SettingsError("settings that cannot be used: " + "; ".join(complaints))
        return cls(**values)  # type: ignore[arg-type]  # the fields were read by name just above

    @property
    def home(self) -> Path:
        """Where everything of this machine is kept, as an absolute path."""
        return self.local_home.resolve()

    @property
    def dagster_home(self) -> Path:
        """Dagster's own home: its database, its runs' logs, a copy of our instance file."""
        return self.home / "dagster"

    @property
    def dbt_target(self) -> Path:
        """Where dbt puts what it made of its project, the manifest among it."""
        return self.home / "dbt"

    def today(self) -> date:
        """The shop's day of this moment."""
        return datetime.now(ZoneInfo(self.shop_time_zone)).date()

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """Names of hosts under which Dagster's pages answer, beside those of loopback."""
        return frozenset(
            one.strip() for one in self.dagster_allowed_hosts.split(",") if one.strip()
        )

    @property
    def dagster_url(self) -> str:
        """Where Dagster's pages are."""
        return f"http://{self.dagster_host}:{self.dagster_port}"


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise ValueError("takes a port, 1 to 65535")
    return int(text)


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ValueError("takes a whole number of at least 1")
    return int(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("takes a day such as 2016-08-01") from None


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueError("takes a time zone such as Europe/London") from None
    return text


def _currency(text: str) -> str:
    if not (len(text) == 3 and text.isascii() and text.isupper()):
        raise ValueError("takes a currency's three capitals, such as EUR")
    return text


def _order_numbers(text: str) -> str:
    if text not in ORDER_NUMBERS:
        raise ValueError(f"takes one of {', '.join(ORDER_NUMBERS)}")
    return text


def _file(text: str) -> Path:
    return Path(text).resolve()


def _clock(text: str) -> str:
    if text not in ("live", "shop"):
        raise ValueError("takes live or shop")
    return text


def _loopback(text: str) -> str:
    if text not in LOOPBACK_HOSTS:
        raise ValueError("takes a loopback address: Dagster's pages ask for no password")
    return text


def _hosts(text: str) -> str:
    for one in filter(None, map(str.strip, text.split(","))):
        if not _HOST.fullmatch(one):
            raise ValueError(
                f"{one!r} is no host name such as dagster.shop.example, without a port"
            )
    return text.lower()


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("takes true or false")
    return text == "true"


_READERS: dict[str, Callable[[str], object]] = {
    "dagster_host": _loopback,
    "dagster_port": _port,
    "dagster_allowed_hosts": _hosts,
    "dagster_read_only": _flag,
    "dagster_marts_port": _port,
    "dagster_detection_port": _port,
    "kafka_port": _port,
    "warehouse_port": _port,
    "first_shop_day": _day,
    "shop_time_zone": _zone,
    "detection_clock": _clock,
    "keep_runs_days": _count,
    "detection_seconds": _count,
    "shop_currency": _currency,
    "order_numbers": _order_numbers,
    "currency_rates_file": _file,
    "local_home": Path,
    "trigger_definitions": _file,
}
