"""Page URLs: what is taken out, what stays byte for byte, and that urllib reads them alike."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.enrich.address import address_of, plain_text
from streams.enrich.campaign import NO_CAMPAIGN
from streams.enrich.page_url import clean_url, page_url_of

HOSTS = st.from_regex(r"[a-z][a-z0-9-]{0,10}(\.[a-z][a-z0-9-]{0,8}){1,2}(:8[1-9])?", fullmatch=True)
PATHS = st.from_regex(r"(/[A-Za-z0-9%._~+=;,-]{0,8}){0,4}", fullmatch=True)
QUERIES = st.from_regex(r"([A-Za-z0-9%._~+=&/?:-]{0,30})", fullmatch=True)
FRAGMENTS = st.from_regex(r"([A-Za-z0-9%._~+=&/?!-]{0,20})", fullmatch=True)
SCHEMES = st.sampled_from(["http", "https", "HTTPS", "android-app", "ftp"])
USERS = st.sampled_from(["", "anna@", "anna:secret@"])
URLS = st.builds("{}://{}{}{}?{}#{}".format, SCHEMES, USERS, HOSTS, PATHS, QUERIES, FRAGMENTS)


@given(URLS)
def test_an_address_has_the_parts_that_urllib_finds(url: str) -> None:
    expected = urlsplit(url)
    at = address_of(url)
    assert at.scheme == expected.scheme
    assert at.host == (expected.hostname or "")
    assert at.port == ("" if expected.port is None else str(expected.port))
    assert (at.path, at.query, at.fragment) == (expected.path, expected.query, expected.fragment)


@given(st.text(max_size=40))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert isinstance(page_url_of(text).clean_url, str)
    assert isinstance(page_url_of(f"https://shop.example/{text}").clean_url, str)


@given(HOSTS, PATHS, QUERIES)
def test_cleaning_twice_changes_nothing_more(host: str, path: str, query: str) -> None:
    once = clean_url(f"https://{host}{path}?{query}")
    assert clean_url(once) == once


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("https://shop.example/mugs", "https://shop.example/mugs", id="plain"),
        pytest.param("https://shop.example", "https://shop.example/", id="no path"),
        pytest.param("https://SHOP.Example/Mugs", "https://shop.example/Mugs", id="host's case"),
        pytest.param("HTTPS://shop.example/a", "https://shop.example/a", id="scheme's case"),
        pytest.param("https://shop.example:443/a", "https://shop.example/a", id="default port"),
        pytest.param("http://shop.example:80/a", "http://shop.example/a", id="plain default port"),
        pytest.param("http://shop.example:443/a", "http://shop.example:443/a", id="other port"),
        pytest.param("https://a:b@shop.example/a", "https://shop.example/a", id="user"),
        pytest.param("http://[::1]:8080/a", "http://[::1]:8080/a", id="IPv6"),
        pytest.param("/mugs?utm_source=x&color=red", "/mugs?color=red", id="relative"),
        pytest.param("https://s.example/a?utm_source=x", "https://s.example/a", id="tag alone"),
        pytest.param(
            "https://s.example/a?b=2&utm_foo=1&a=%D0%9a+1&c",
            "https://s.example/a?b=2&a=%D0%9a+1&c",
            id="others keep order and bytes",
        ),
        pytest.param(
            "https://s.example/a?GCLID=1&UTM_Source=2&b=1",
            "https://s.example/a?b=1",
            id="case of names",
        ),
        pytest.param(
            "https://s.example/a?_ga=1&_gl=2&fbclid=3&mc_eid=4&PHPSESSID=5",
            "https://s.example/a",
            id="click, mail and session ids",
        ),
        pytest.param(
            "https://s.example/a;jsessionid=8F2?x=1",
            "https://s.example/a?x=1",
            id="session in the path",
        ),
        pytest.param("https://s.example/a;v=1", "https://s.example/a;v=1", id="no session"),
        pytest.param("https://s.example/a#reviews", "https://s.example/a", id="fragment"),
        pytest.param("https://s.example/#/cart", "https://s.example/#/cart", id="route with slash"),
        pytest.param("https://s.example/#!cart", "https://s.example/#!cart", id="route with bang"),
        pytest.param(
            "https://s.example/#/cart?utm_source=x&step=2",
            "https://s.example/#/cart?step=2",
            id="tag in a route",
        ),
        pytest.param("https://s.example/a?", "https://s.example/a", id="empty query"),
        pytest.param("/a?b=1;utm_source=x", "/a?b=1;utm_source=x", id="semicolons part nothing"),
        pytest.param("/a?utm%5Fsource=x&b=1", "/a?b=1", id="escaped name"),
        pytest.param("", "", id="nothing"),
        pytest.param("not an address", "not an address", id="no address"),
        pytest.param("tel:112", "tel:112", id="another scheme"),
    ],
)
def test_a_clean_url_has_no_tracking_and_all_else(url: str, expected: str) -> None:
    assert clean_url(url) == expected


def test_a_page_url_tells_host_path_and_target() -> None:
    page = page_url_of("https://Shop.Example:443/mugs/blue?gclid=7&size=L#top")
    assert (page.host, page.path, page.target) == (
        "shop.example",
        "/mugs/blue",
        "/mugs/blue?size=L",
    )


def test_a_partners_parameter_leaves_the_url_and_is_told() -> None:
    page = page_url_of("https://s.example/a?REF=anna%20b&x=1", frozenset({"ref", "partner"}))
    assert page.clean_url == "https://s.example/a?x=1"
    assert page.campaign.partner_track_id == "anna b"


def test_a_plain_url_has_the_one_empty_campaign() -> None:
    assert page_url_of("https://s.example/a").campaign is NO_CAMPAIGN


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("a+b", "a b", id="plus"),
        pytest.param("%D0%BC%D1%91%D0%B4", "мёд", id="UTF-8"),
        pytest.param("100%", "100%", id="a lone percent sign"),
        pytest.param("%zz%20x", "%zz x", id="broken escape"),
        pytest.param("%FF", "\ufffd", id="no UTF-8"),
        pytest.param("%2B", "+", id="escaped plus"),
        pytest.param(" x ", "x", id="spaces around"),
    ],
)
def test_a_value_is_decoded_as_forms_encode_it(value: str, expected: str) -> None:
    assert plain_text(value) == expected
