import pytest

from streams.enrich.time_zone import is_country, time_zone_of


@pytest.mark.parametrize(
    ("country", "time_zone"),
    [
        ("FR", "Europe/Paris"),
        ("NO", "Europe/Oslo"),
        ("IN", "Asia/Kolkata"),
        ("DE", "Europe/Berlin"),
        ("AR", "America/Argentina/Buenos_Aires"),
        ("ES", ""),
        ("US", ""),
        ("BV", ""),
        ("", ""),
        ("EU", ""),
    ],
    ids=[
        "one zone",
        "one zone that shares its clock with a neighbour",
        "a half hour",
        "two zones with one clock",
        "twelve zones with one clock",
        "islands apart",
        "many clocks",
        "an island where nobody lives",
        "no country",
        "a union",
    ],
)
def test_a_country_has_a_time_zone_where_all_of_it_shows_one_clock(
    country: str, time_zone: str
) -> None:
    assert time_zone_of(country) == time_zone


def test_the_registries_union_is_no_country() -> None:
    assert is_country("GB")
    assert not is_country("EU")
