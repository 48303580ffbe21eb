"""An MMDB file of addresses, whoever made it: MaxMind, DB-IP, IPinfo or an open list.

The only door to maxminddb-rust, the reader of MMDB's own author: it takes one field out of a record
in 3 us, where the official package decodes all of a City record in 60. Which fields to take say
the file's first records, not the name it gives itself: MaxMind and DB-IP nest, IPinfo and the open
lists are flat, and in IPinfo's newer files `country` is the country's name. A file is mapped into
memory: replace it by renaming another over it, as updaters do, never by writing into it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from maxminddb_rust import InvalidDatabaseError, Reader, open_database

from streams.enrich.time_zone import is_country

_SAMPLED_RECORDS = 2000

_Path = tuple[str | int, ...]
_COUNTRY_PATHS: tuple[_Path, ...] = (("country", "iso_code"), ("country_code",), ("country",))
_REGION_PATHS: tuple[_Path, ...] = (
    ("subdivisions", 0, "names", "en"),
    ("subdivisions", 0, "iso_code"),
    ("region",),
    ("state1",),
)
_TIME_ZONE_PATHS: tuple[_Path, ...] = (("location", "time_zone"), ("timezone",), ("time_zone",))


class GeographyError(ValueError):
    """A file cannot serve as the database of addresses; the message says what it is instead."""


class Mmdb:
    """An open file that tells country, region and time zone, each as far as it knows them.

    Raises:
        GeographyError: the file is not there, is no MMDB, or knows no countries; or, at a look-up,
            it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._file = path
        self._reader = _reader_of(path)
        about = self._reader.metadata()
        sample = _sample_of(self._reader, path)
        country_path = _first_told(sample, _COUNTRY_PATHS, is_country)
        if country_path is None:
            raise GeographyError(
                f"{path}: an MMDB of kind {about.database_type!r} without countries: its records "
                f"hold {_fields(sample)}; a City or Country database is wanted"
            )
        self._country_path = country_path
        self._region_path = _first_told(sample, _REGION_PATHS)
        self._time_zone_path = _first_told(sample, _TIME_ZONE_PATHS)
        self._knows_ipv6 = about.ip_version == 6
        built = datetime.fromtimestamp(about.build_epoch, UTC).date()
        self.digest = f"{about.database_type} of {built}, sha256 {_content_of(path)}"

    def told_of(self, address: str) -> tuple[str, str, str]:
        """Country, region and time zone of an address, empty where the file does not tell them."""
        if ":" in address and not self._knows_ipv6:
            return "", "", ""
        country = self._field(address, self._country_path)
        if not country:
            return "", "", ""
        region, zone = self._region_path, self._time_zone_path
        return (
            country,
            self._field(address, region) if region else "",
            self._field(address, zone) if zone else "",
        )

    def close(self) -> None:
        """Let go of the file."""
        self._reader.close()

    def _field(self, address: str, path: _Path) -> str:
        try:
            return self._reader.get_path(address, path) or ""
        except InvalidDatabaseError as error:
            raise GeographyError(
                f"{self._file}: the record of {address} cannot be read: {error}; take a whole file"
            ) from None


def _reader_of(path: Path) -> Reader:
    try:
        return open_database(path)
    except InvalidDatabaseError:
        with path.open("rb") as file:
            begin = file.read(16)
        raise GeographyError(f"{path}: no whole MMDB file; it begins with {begin!r}") from None
    except OSError as error:
        raise GeographyError(f"{path}: cannot be opened as an MMDB file: {error}") from None


def _sample_of(reader: Reader, path: Path) -> list[object]:
    try:
        return [record for _, record in islice(reader, _SAMPLED_RECORDS)]
    except InvalidDatabaseError as error:
        raise GeographyError(f"{path}: a damaged MMDB file: {error}; take a whole one") from None


def _first_told(
    sample: Iterable[object], paths: Iterable[_Path], fits: Callable[[str], bool] = bool
) -> _Path | None:
    """The first path under which any record holds a text that fits."""
    for path in paths:
        for record in sample:
            text = _at(record, path)
            if isinstance(text, str) and fits(text):
                return path
    return None


def _at(record: object, path: _Path) -> object:
    for step in path:
        if isinstance(record, dict):
            record = record.get(step)
        elif isinstance(record, list) and isinstance(step, int) and step < len(record):
            record = record[step]
        else:
            return None
    return record


def _fields(sample: Iterable[object]) -> str:
    names = {str(name) for record in sample if isinstance(record, dict) for name in record}
    return ", ".join(sorted(names)[:12]) or "nothing"


def _content_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
