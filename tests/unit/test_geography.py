from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from streams.enrich.geography import Geography, GeographyError, Place, network_of

MAXMIND_CITY = {
    "city": {"names": {"en": "Lyon"}},
    "country": {"iso_code": "FR", "names": {"en": "France"}},
    "location": {"time_zone": "Europe/Paris"},
    "subdivisions": [{"iso_code": "ARA", "names": {"en": "Auvergne-Rhone-Alpes", "fr": "ARA"}}],
}
MAXMIND_COUNTRY = {"country": {"iso_code": "FR"}, "registered_country": {"iso_code": "US"}}
DB_IP_CITY = {
    "country": {"iso_code": "US", "names": {"en": "United States"}},
    "subdivisions": [{"names": {"en": "California"}}],
}
IPINFO_COUNTRY = {"country": "US", "country_name": "United States", "continent": "NA"}
IPINFO_LITE = {"country": "United States", "country_code": "US", "asn": "AS15169"}
IPINFO_CITY = {"country": "US", "region": "Texas", "timezone": "America/Chicago"}
OPEN_LIST_CITY = {"country_code": "US", "state1": "Texas", "timezone": "America/Chicago"}
ASN = {"autonomous_system_number": 64500, "autonomous_system_organization": "Example"}


def mmdb(
    folder: Path, records: Mapping[str, object], kind: str = "Made in a test", ip_version: int = 6
) -> Path:
    writer = MMDBWriter(ip_version, kind, ipv4_compatible=ip_version == 6)
    for network, record in records.items():
        writer.insert_network(IPSet([network]), record)
    path = folder / "made.mmdb"
    writer.to_db_file(str(path))
    return path


@pytest.fixture(scope="module")
def packaged() -> Geography:
    return Geography.open(None)


@pytest.mark.parametrize(
    ("address", "country", "time_zone"),
    [
        ("8.8.8.8", "US", ""),
        ("2001:4860:4860::8888", "US", ""),
        ("::ffff:8.8.8.8", "US", ""),
        ("129.187.0.1", "DE", "Europe/Berlin"),
        ("193.0.6.139", "NL", "Europe/Amsterdam"),
        ("130.59.1.1", "CH", "Europe/Zurich"),
        ("80.58.61.250", "ES", ""),
        ("2a02:6b8::feed:ff", "RU", ""),
        ("202.12.27.33", "JP", "Asia/Tokyo"),
        ("2001:200:dff:fff1:216:3eff:feb1:44d7", "JP", "Asia/Tokyo"),
        ("168.126.63.1", "KR", "Asia/Seoul"),
        ("139.130.4.5", "AU", ""),
        ("200.160.2.3", "BR", ""),
        ("196.216.2.1", "ZA", "Africa/Johannesburg"),
        ("163.121.12.1", "EG", "Africa/Cairo"),
    ],
)
def test_the_packaged_database_knows_countries_of_every_continent(
    packaged: Geography, address: str, country: str, time_zone: str
) -> None:
    assert packaged.place_of(address) == Place(network_of(address), country, "", time_zone)


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3",
        "127.0.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "203.0.113.7",
        "::1",
        "fe80::1",
        "fd00::1",
    ],
)
def test_private_and_reserved_addresses_have_a_network_and_no_country(
    packaged: Geography, address: str
) -> None:
    assert packaged.place_of(address) == Place(network=network_of(address))
    assert network_of(address)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        (" 203.0.113.77\n", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("2001:DB8:0001::7", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("::FFFF:CB00:714D", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("::", "::/48"),
        ("", ""),
        ("shop.example", ""),
        ("203.0.113", ""),
        ("203.0.113.256", ""),
        ("203.0.113.07", ""),
        ("203.0.113.77:443", ""),
        ("[2001:db8::1]", ""),
        ("203.0.113.77, 10.0.0.1", ""),
        ("203.0.113.77\0", ""),
        ("\ud800", ""),
    ],
)
def test_an_address_is_cut_to_its_network_and_what_is_none_to_nothing(
    address: str, network: str
) -> None:
    assert network_of(address) == network


@given(text=st.text(max_size=60))
def test_garbage_is_nowhere(text: str) -> None:
    place = Geography.open(None).place_of(text)
    assert place == Place() or place.network == network_of(text)


@given(address=st.ip_addresses())
def test_every_address_has_one_network_that_holds_it_and_is_its_own(address: object) -> None:
    network = network_of(str(address))
    assert network.endswith(("/24", "/48"))
    assert network_of(network.partition("/")[0]) == network


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (MAXMIND_CITY, ("FR", "Auvergne-Rhone-Alpes", "Europe/Paris")),
        (MAXMIND_COUNTRY, ("FR", "", "Europe/Paris")),
        (DB_IP_CITY, ("US", "California", "")),
        (IPINFO_COUNTRY, ("US", "", "")),
        (IPINFO_LITE, ("US", "", "")),
        (IPINFO_CITY, ("US", "Texas", "America/Chicago")),
        (OPEN_LIST_CITY, ("US", "Texas", "America/Chicago")),
    ],
    ids=[
        "a city of maxmind",
        "a country of maxmind",
        "a city of db-ip",
        "a country of ipinfo",
        "ipinfo's file with country names",
        "a city of ipinfo",
        "a city of an open list",
    ],
)
def test_a_file_of_any_maker_tells_all_it_knows(
    tmp_path: Path, record: Mapping[str, object], told: tuple[str, str, str]
) -> None:
    path = mmdb(tmp_path, {"198.51.100.0/24": record, "2001:db8::/32": record})
    with Geography.open(path) as geography:
        assert geography.place_of("198.51.100.9") == Place("198.51.100.0/24", *told)
        assert geography.place_of("2001:db8:1::9") == Place("2001:db8:1::/48", *told)
        assert geography.place_of("192.0.2.1") == Place("192.0.2.0/24")


def test_the_whole_address_is_looked_up_and_not_its_network(tmp_path: Path) -> None:
    path = mmdb(tmp_path, {"198.51.100.0/25": DB_IP_CITY, "198.51.100.128/25": MAXMIND_CITY})
    with Geography.open(path) as geography:
        places = [geography.place_of(one) for one in ("198.51.100.9", "198.51.100.200")]
    assert [place.country for place in places] == ["US", "FR"]
    assert {place.network for place in places} == {"198.51.100.0/24"}


def test_a_field_that_only_some_records_have_is_found(tmp_path: Path) -> None:
    path = mmdb(tmp_path, {"192.0.2.0/24": MAXMIND_COUNTRY, "198.51.100.0/24": MAXMIND_CITY})
    with Geography.open(path) as geography:
        assert geography.place_of("192.0.2.1").region == ""
        assert geography.place_of("198.51.100.1").region == "Auvergne-Rhone-Alpes"


def test_a_file_of_ipv4_alone_knows_no_ipv6(tmp_path: Path) -> None:
    path = mmdb(tmp_path, {"198.51.100.0/24": IPINFO_COUNTRY}, ip_version=4)
    with Geography.open(path) as geography:
        assert geography.place_of("2001:db8::1") == Place("2001:db8::/48")
        assert geography.place_of("198.51.100.1").country == "US"


def test_a_file_without_countries_is_refused_by_what_it_holds(tmp_path: Path) -> None:
    path = mmdb(tmp_path, {"198.51.100.0/24": ASN}, kind="GeoLite2-ASN")
    with pytest.raises(GeographyError, match=r"'GeoLite2-ASN'.*autonomous_system_number.*City"):
        Geography.open(path)


def test_what_is_no_mmdb_is_refused_by_how_it_begins(tmp_path: Path) -> None:
    path = tmp_path / "page.mmdb"
    path.write_text("<html>not found</html>")
    with pytest.raises(
        GeographyError, match=r"page\.mmdb: no whole MMDB file; it begins with b'<html>"
    ):
        Geography.open(path)


def test_a_damaged_file_is_refused_by_name(tmp_path: Path) -> None:
    path = mmdb(tmp_path, {"198.51.100.0/24": MAXMIND_CITY})
    content = path.read_bytes()
    begin = content.index(b"iso_code")
    path.write_bytes(content[: begin - 20] + b"\xff" * 60 + content[begin + 40 :])
    with pytest.raises(GeographyError, match=r"made\.mmdb: a damaged MMDB file"):
        Geography.open(path)


def test_a_missing_file_and_a_folder_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(GeographyError, match=r"none\.mmdb: cannot be opened"):
        Geography.open(tmp_path / "none.mmdb")
    with pytest.raises(GeographyError, match="cannot be opened"):
        Geography.open(tmp_path)


def test_a_record_that_cannot_be_read_stops_with_its_address(tmp_path: Path) -> None:
    path = mmdb(tmp_path, {"192.0.2.0/24": MAXMIND_CITY, "198.51.100.0/24": IPINFO_COUNTRY})
    with (
        Geography.open(path) as geography,
        pytest.raises(GeographyError, match=r"made\.mmdb: the record of 198\.51\.100\.1"),
    ):
        geography.place_of("198.51.100.1")


def test_the_digest_tells_one_build_from_another(tmp_path: Path) -> None:
    with Geography.open(mmdb(tmp_path, {"198.51.100.0/24": DB_IP_CITY}, kind="Cities")) as first:
        with Geography.open(mmdb(tmp_path, {"192.0.2.0/24": DB_IP_CITY}, kind="Cities")) as second:
            assert first.digest != second.digest
        assert first.digest.startswith("Cities of 20")
    assert Geography.open(None).digest.startswith("iptocc ")
