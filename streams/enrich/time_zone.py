"""The time zone of a country, where the country has one.

Which zones a country has says `zone.tab` of the tz database, as the package tzdata carries it; the
machine's own copy is not asked, so that answers follow from the pinned package alone. Zones that
showed the same clock in every week of 2019 to 2025 count as one, named by the first: Germany has
Europe/Berlin although Büsingen has a zone of its own. Spain, with the Canaries, has none.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

_TABLES = files("tzdata.zoneinfo")
_COMPARED = [datetime(2019, 1, 1, tzinfo=UTC) + timedelta(weeks=week) for week in range(7 * 52)]


@cache
def is_country(code: str) -> bool:
    """Whether a code is one of ISO 3166-1 alpha-2, and not such as the registries' `EU`."""
    return code in _zones_of_countries()


@cache
def time_zone_of(country: str) -> str:
    """The time zone of a country, such as `Europe/Paris`; empty where it has several or none."""
    zones = _zones_of_countries().get(country, [])
    clocks = {_clock(zone) for zone in zones} if len(zones) > 1 else set(zones)
    return zones[0] if len(clocks) == 1 else ""


def _clock(zone: str) -> object:
    with _TABLES.joinpath(*zone.split("/")).open("rb") as file:
        rules = ZoneInfo.from_file(file, key=zone)
    return tuple(instant.astimezone(rules).utcoffset() for instant in _COMPARED)


@cache
def _zones_of_countries() -> dict[str, list[str]]:
    """Zones of each country, those with most people first as far as the table can."""
    zones: dict[str, list[str]] = {code: [] for code, _ in _rows("iso3166.tab")}
    for code, _, zone, *_ in _rows("zone.tab"):
        zones[code].append(zone)
    return zones


def _rows(table: str) -> list[list[str]]:
    text = _TABLES.joinpath(table).read_text("utf-8")
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
