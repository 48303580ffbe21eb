"""Who may ask Dagster's pages, by what a browser says of itself."""

from __future__ import annotations

import pytest

from orchestration.services.page_guard import AskedBy, refusal

HERE = "127.0.0.1:3000"
ALLOWED = {"dagster.shop.example"}


def asked(host: str = HERE, origin: str = "", site: str = "") -> AskedBy:
    return AskedBy((host,), (origin,) if origin else (), (site,) if site else ())


@pytest.mark.parametrize(
    "request_of",
    [
        pytest.param(asked(), id="a program of this machine"),
        pytest.param(asked("localhost"), id="localhost without a port"),
        pytest.param(asked("[::1]:3000"), id="IPv6"),
        pytest.param(asked("127.0.0.1:8080"), id="through a tunnel with another port"),
        pytest.param(asked("Dagster.Shop.Example"), id="an allowed name"),
        pytest.param(asked(site="none"), id="a typed address"),
        pytest.param(asked(origin=f"http://{HERE}", site="same-origin"), id="its own page"),
        pytest.param(
            asked("dagster.shop.example", "https://dagster.shop.example"), id="behind a TLS proxy"
        ),
    ],
)
def test_programs_and_the_pages_themselves_may_ask(request_of: AskedBy) -> None:
    assert refusal(request_of, ALLOWED) == ""


@pytest.mark.parametrize(
    ("request_of", "why"),
    [
        pytest.param(asked("evil.example:3000"), "DAGSTER_ALLOWED_HOSTS", id="a rebound name"),
        pytest.param(asked("127.0.0.1.evil.example"), "not known", id="a name that begins alike"),
        pytest.param(asked("localhost.evil.example"), "not known", id="likewise localhost"),
        pytest.param(asked("0.0.0.0:3000"), "not known", id="every address"),
        pytest.param(asked("192.168.0.7:3000"), "not known", id="an address of the network"),
        pytest.param(asked(""), "not known", id="an empty name"),
        pytest.param(AskedBy((), (), ()), "one Host header", id="no name"),
        pytest.param(AskedBy((HERE, "evil.example"), (), ()), "one Host header", id="two names"),
        pytest.param(asked(origin="http://127.0.0.1:9000"), "may not ask", id="another port"),
        pytest.param(asked(origin="http://localhost:3000"), "may not ask", id="another name"),
        pytest.param(asked(origin="https://evil.example"), "may not ask", id="another site"),
        pytest.param(asked(origin="null"), "may not ask", id="a sandboxed frame"),
        pytest.param(asked(site="cross-site"), "another site", id="another site's navigation"),
        pytest.param(asked(site="same-site"), "another site", id="another port's navigation"),
        pytest.param(asked(site="new-kind"), "another site", id="a word nobody knows yet"),
        pytest.param(
            AskedBy((HERE,), (f"http://{HERE}", "https://evil.example"), ()),
            "may not ask",
            id="two origins",
        ),
    ],
)
def test_other_names_and_other_pages_are_refused(request_of: AskedBy, why: str) -> None:
    assert why in refusal(request_of, ALLOWED)
