"""Visitors by their cookie, addresses by proxies that are trusted, pages by their origin."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from streams.collector.access import may_send_beacons, shows_token
from streams.collector.visitors import (
    client_address,
    is_trusted,
    language_of,
    new_visitor,
    set_cookie,
    visitor_of,
)

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"), ip_network("127.0.0.1"))
VISITOR = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("cookies", "visitor"),
    [
        pytest.param(f"aa_visitor={VISITOR}", VISITOR, id="alone"),
        pytest.param(f'a="b; c"; aa_visitor={VISITOR}; d=e', VISITOR, id="among others"),
        pytest.param("", "", id="no cookies"),
        pytest.param(f"xaa_visitor={VISITOR}", "", id="another's name"),
        pytest.param(f"aa_visitor={VISITOR}0", "", id="too long"),
        pytest.param("aa_visitor=<script>", "", id="not of our making"),
        pytest.param(f"aa_visitor={VISITOR.upper()}", "", id="in capitals"),
    ],
)
def test_a_visitor_is_known_by_a_cookie_that_we_could_have_given(
    cookies: str, visitor: str
) -> None:
    assert visitor_of(cookies) == visitor


def test_a_new_visitor_has_an_id_of_128_bits_that_comes_back_from_its_cookie() -> None:
    visitor = new_visitor()
    assert len(bytes.fromhex(visitor)) == 16
    assert visitor != new_visitor()
    assert visitor_of(set_cookie(visitor, is_secure=False).split(";")[0]) == visitor


def test_the_cookie_lasts_for_two_years_and_is_hidden_from_scripts() -> None:
    cookie = set_cookie(VISITOR, is_secure=True, domain="shop.example")
    attributes = set(cookie.split("; "))
    assert {"HttpOnly", "SameSite=Lax", "Secure", "Path=/", "Max-Age=63072000"} < attributes
    assert "Domain=shop.example" in attributes
    assert "Secure" not in set_cookie(VISITOR, is_secure=False)


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        pytest.param("192.0.2.1", "", "192.0.2.1", id="no proxy"),
        pytest.param("192.0.2.1", "198.51.100.9", "192.0.2.1", id="a stranger's word is not taken"),
        pytest.param("10.0.0.1", "198.51.100.9", "198.51.100.9", id="by a trusted proxy"),
        pytest.param(
            "10.0.0.1", "6.6.6.6, 198.51.100.9", "198.51.100.9", id="what a visitor forged is left"
        ),
        pytest.param(
            "127.0.0.1", "198.51.100.9, 10.1.2.3", "198.51.100.9", id="through two trusted proxies"
        ),
        pytest.param("10.0.0.1", "198.51.100.9:4711", "198.51.100.9", id="with a port"),
        pytest.param("10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7", id="IPv6 with a port"),
        pytest.param("10.0.0.1", "2001:db8::7", "2001:db8::7", id="IPv6"),
        pytest.param("::ffff:10.0.0.1", "198.51.100.9", "198.51.100.9", id="IPv4 within IPv6"),
        pytest.param("10.0.0.1", "unknown", "10.0.0.1", id="a proxy that does not tell"),
        pytest.param("", "", "", id="no connection any more"),
    ],
)
def test_the_address_is_the_nearest_that_is_no_trusted_proxy(
    peer: str, forwarded: str, address: str
) -> None:
    assert client_address(peer, forwarded, PROXIES) == address


def test_nobody_is_trusted_without_a_list() -> None:
    assert client_address("10.0.0.1", "198.51.100.9", ()) == "10.0.0.1"
    assert is_trusted("fd00::1", PROXIES)
    assert not is_trusted("nonsense", PROXIES)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        pytest.param("de-AT,de;q=0.9,en;q=0.8", "de-AT", id="the first of many"),
        pytest.param("fr;q=0.5", "fr", id="with its weight"),
        pytest.param("", "", id="none"),
        pytest.param("x" * 500, "x" * 35, id="nonsense is cut"),
    ],
)
def test_the_language_is_the_first_one_accepted(accepted: str, language: str) -> None:
    assert language_of(accepted) == language


@pytest.mark.parametrize(
    ("origin", "host", "may"),
    [
        pytest.param("https://www.shop.example", "collect.shop.example", True, id="listed"),
        pytest.param("https://shop.example", "shop.example", True, id="of the collector's host"),
        pytest.param("http://127.0.0.1:8090", "127.0.0.1:8090", True, id="of its port"),
        pytest.param("", "shop.example", True, id="no browser"),
        pytest.param("http://www.shop.example", "x", False, id="listed with another scheme"),
        pytest.param("https://www.shop.example.evil.example", "x", False, id="begins alike"),
        pytest.param("http://127.0.0.1:9000", "127.0.0.1:8090", False, id="another port"),
        pytest.param("null", "null", False, id="a sandboxed page"),
        pytest.param("https://", "", False, id="no host at all"),
    ],
)
def test_pages_of_listed_origins_and_of_the_same_host_may_send(
    origin: str, host: str, may: bool
) -> None:
    assert may_send_beacons(origin, host, {"https://www.shop.example"}) is may


@pytest.mark.parametrize(
    ("authorization", "shows"),
    [
        pytest.param("Bearer the-token-of-the-shop", True, id="the token"),
        pytest.param("bearer  the-token-of-the-shop ", True, id="written otherwise"),
        pytest.param("Bearer the-token-of-another", False, id="another token"),
        pytest.param("Basic the-token-of-the-shop", False, id="another scheme"),
        pytest.param("", False, id="nothing"),
        pytest.param("Bearer \udcff", False, id="bytes that are no text"),
    ],
)
def test_the_shops_servers_are_known_by_their_token(authorization: str, shows: bool) -> None:
    assert shows_token(authorization, "the-token-of-the-shop") is shows
    assert shows_token(authorization, "")
