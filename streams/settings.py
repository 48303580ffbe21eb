"""Every setting of the stream, read from the environment in one place and never at import.

The variable of a field is its name in capitals; `KAFKA_*` and `SHOP_*` are shared with whoever runs
beside us.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from zoneinfo import ZoneInfo

ORDER_NUMBERS = ("global", "per_source")
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})


class SettingsError(ValueError):
    """One or more variables of the environment cannot be used; the message names all of them."""


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """What the stream needs to know. The defaults are the local broker of `active-analytics up`."""

    kafka_brokers: str = "127.0.0.1:9092"
    kafka_security_protocol: str = "PLAINTEXT"
    kafka_sasl_mechanism: str = ""
    kafka_sasl_username: str = ""
    kafka_sasl_password: str = field(default="", repr=False)
    kafka_sasl_password_file: Path | None = None  # instead of the password, which it holds
    kafka_ssl_cafile: str = ""
    kafka_ssl_certfile: str = ""
    kafka_ssl_keyfile: str = ""
    kafka_replication_factor: int = 1
    events_topic: str = "shop.events"
    events_partitions: int = 4
    triggers_topic: str = "shop.triggers"
    triggers_partitions: int = 1
    consumer_group: str = "active-analytics"
    batch_rows: int = 20_000
    linger_seconds: float = (
        1.0  # after a fetch of few records: parts per second cost more than the wait
    )
    stall_seconds: float = (
        300.0  # a worker that stands still so long with messages waiting is restarted
    )
    shop_time_zone: str = "UTC"
    shop_hosts: str = ""
    shop_currency: str = ""  # ISO 4217; without one, amounts are never converted
    order_numbers: str = "global"  # or per_source: each shop's sources count their own orders
    payment_hosts: str = ""  # of gateways beyond the known ones: coming back from there is no visit
    partner_parameters: str = ""  # names of URL parameters that bear a partner's track id
    channel_rules: Path | None = None  # a file instead of streams/enrich/channel_rules.yml
    page_rules: Path | None = None  # a file instead of streams/enrich/page_rules.yml
    nobody_ids: Path | None = None  # a file beside streams/nobody.yml
    masked_parameters: Path | None = None  # beside streams/enrich/masked_parameters.yml
    geo_database: Path | None = None  # an MMDB file instead of the packaged one
    local_home: Path = Path(".local")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> StreamSettings:
        """Read the settings.

        Raises:
            SettingsError: naming every bad variable, what it held and what it takes.
        """
        values: dict[str, object] = {}
        if environ.get("KAFKA_PORT"):  # the local broker's, where no other is named
            values["kafka_brokers"] = f"127.0.0.1:{environ['KAFKA_PORT']}"
        complaints = []
        for one in fields(cls):
            text = environ.get(one.name.upper())
            if text is None or text == "":
                continue
            try:
                values[one.name] = _read(one.name, text)
            except ValueError as error:
                complaints.append(f"{one.name.upper()}={text!r}: {error}")
        if environ.get("KAFKA_SASL_PASSWORD_FILE") and environ.get("KAFKA_SASL_PASSWORD"):
            complaints.append("KAFKA_SASL_PASSWORD and KAFKA_SASL_PASSWORD_FILE: give one of both")
        elif isinstance(path := values.get("kafka_sasl_password_file"), Path):
            values["kafka_sasl_password"] = path.read_text().strip()
        if complaints:
            raise SettingsError("settings that cannot be used: " + "; ".join(complaints))
        return cls(**values)  # type: ignore[arg-type]  # the fields were read by name just above

    @property
    def zone(self) -> ZoneInfo:
        """The shop's time zone: a shop day is a day there."""
        return ZoneInfo(self.shop_time_zone)

    @property
    def own_hosts(self) -> frozenset[str]:
        """The shop's own host names, lower case: a link from one of them is no referrer."""
        return _listed(self.shop_hosts)

    @property
    def payment_hosts_known(self) -> frozenset[str]:
        """Payment gateways of this shop, lower case."""
        return _listed(self.payment_hosts)

    @property
    def partner_parameter_names(self) -> frozenset[str]:
        """URL parameters that bear a partner's track id, lower case."""
        return _listed(self.partner_parameters)

    @property
    def is_broker_on_loopback(self) -> bool:
        """Whether every broker address is on this machine."""
        hosts = [address.strip().rpartition(":")[0] for address in self.kafka_brokers.split(",")]
        return all(host in LOOPBACK_HOSTS for host in hosts)


_HOST = (
    r"[\w-]+(\.[\w-]+)*",
    "host names such as shop.example, without scheme, port or path; hosts below them count too",
)
_COUNTS = frozenset(
    {"kafka_replication_factor", "events_partitions", "triggers_partitions", "batch_rows"}
)
_LISTS = {  # what a part of a list looks like, and how to say so
    "shop_hosts": _HOST,
    "payment_hosts": _HOST,
    "partner_parameters": (r"[\w.~\[\]-]+", "names of URL parameters such as pid, ref"),
}
_FILES = frozenset(
    {
        *("channel_rules", "page_rules", "nobody_ids", "masked_parameters", "geo_database"),
        "kafka_sasl_password_file",
    }
)
_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")


def _read(name: str, text: str) -> object:
    if name in _COUNTS:
        if not text.isdigit() or int(text) < 1:
            raise ValueError("takes a whole number of at least 1")
        return int(text)
    if name == "shop_time_zone":
        try:
            ZoneInfo(text)
        except (KeyError, ValueError, OSError):
            raise ValueError("takes a time zone such as Europe/London") from None
    if name == "kafka_security_protocol" and text not in _PROTOCOLS:
        raise ValueError(f"takes one of {', '.join(_PROTOCOLS)}")
    if name in ("linger_seconds", "stall_seconds"):
        return _seconds(text)
    if name in _LISTS:
        _expect_parts(text, *_LISTS[name])
    if name == "shop_currency" and not re.fullmatch("[A-Z]{3}", text):
        raise ValueError("takes a currency's three capitals, such as EUR")
    if name == "order_numbers" and text not in ORDER_NUMBERS:
        raise ValueError(f"takes one of {', '.join(ORDER_NUMBERS)}")
    if name in _FILES and not Path(text).is_file():
        raise ValueError("takes a file, and there is none")
    return Path(text) if name == "local_home" or name in _FILES else text


def _listed(text: str) -> frozenset[str]:
    """The parts of a list with commas, lower case."""
    return frozenset(part.strip().lower() for part in text.split(",") if part.strip())


def _expect_parts(text: str, pattern: str, takes: str) -> None:
    if wrong := sorted(part for part in _listed(text) if not re.fullmatch(pattern, part)):
        raise ValueError(f"takes {takes}, with commas between; not {', '.join(wrong)}")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise ValueError("takes seconds from 0 to 3600")
    return seconds
