"""URLs and searches bear nothing personal in the base; what attribution asks for stays."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from streams.enrich.masks import MaskedParametersError, Masks, shipped
from streams.enrich.page_url import clean_url, page_url_of
from streams.enrich.product import search_words
from streams.enrich.referrer import referrer_of
from streams.enrich.shown_url import shown_url
from streams.events import Data, Page, SearchData, SearchPerformed
from streams.records import Origin
from streams.rows import event_rows
from tests.august import AUGUST, needs
from tests.builders import accepted, enrichment, event

SHOP = "https://shop.example"
NONE: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("target", "clean"),
    [
        ("/reset?token=7f3a&lang=de", "/reset?token=*hidden*&lang=de"),
        ("/?customer%5Bemail%5D=x", "/?customer%5Bemail%5D=*hidden*"),
        ("/?userEmail=x&billing_phone=1", "/?userEmail=*hidden*&billing_phone=*hidden*"),
        ("/thanks?key=wc_order_x8", "/thanks?key=*hidden*"),
        ("/?first-name=Anna", "/?first-name=*hidden*"),
        ("/search?q=anna%40example.com+mug", "/search?q=*email*%20mug"),
        ("/search?q=%2B43+664+1234567", "/search?q=*phone*"),
        ("/?call=+436641234567", "/?call=*phone*"),
        ("/pay/4111-1111-1111-1111", "/pay/*card*"),
        ("/u/Anna.Smith@example.com/orders", "/u/*email*/orders"),
        ("/u/anna%40example.com", "/u/*email*"),
        ("/u/anna%2540example.com", "/u/*email*"),
        ("/login?next=%2Fcart%3Ftoken%3D7%26a%3D1", "/login?next=/cart%3Ftoken=*hidden*%26a=1"),
        ("/?anna@example.com", "/?*email*"),
        ("/x/da39a3ee5e6b4b0d3255bfef95601890afd80709", "/x/*token*"),
        ("/#/orders/anna@example.com?email=x", "/#/orders/*email*?email=*hidden*"),
    ],
)
def test_a_clean_url_bears_nothing_personal(target: str, clean: str) -> None:
    assert clean_url(SHOP + target) == SHOP + clean
    assert shown_url(SHOP + target, NONE, shipped()) == SHOP + clean


@pytest.mark.parametrize(
    "target",
    [
        "/products/iphone-15-pro-max-256gb-natural-titanium?variant=44203319550243",
        "/de/search?q=adidas+samba+og&page=2&sort=price_asc&filter%5Bcolor%5D=white",
        "/index.php?route=product/product&product_id=4021&keyword=mug",
        "/detail/0f2c8f4e6d7a4b4c9f6c1a2b3c4d5e6f?keycode=A",
        "/oxid/index.php?cl=details&anid=dc5ffdf380e15674b56dd562a7cb6aec",
        "/google+redesign/apparel/mens/mens+t+shirts/quickview?sku=GGOEGAAX0104",
        "/p/4006381333931?ean=4006381333931&zip=1020&order=100045678",
        "/t%C3%A4ssen/gr%C3%BCn?size=m%2Fl&discount=SOMMER-2026&country_code=at&passe=1",
        "/?min=10.00&max=99,90&ids=1,2,3&view=grid-4&ref=home_hero&mobile=1&m=1",
    ],
)
def test_usual_urls_of_shops_stay_as_they_are(target: str) -> None:
    assert shown_url(SHOP + target, NONE, shipped()) == SHOP + target
    assert clean_url(SHOP + target) == SHOP + target


@needs(AUGUST)
def test_the_pages_of_a_real_month_stay_as_they_are() -> None:
    paths = pq.read_table(AUGUST / "hits.parquet", columns=["page_path"])["page_path"].unique()
    urls = [f"{SHOP}{path}" for path in paths.to_pylist() if path]
    assert len(urls) > 300
    assert [url for url in urls if shown_url(url, NONE, shipped()) != url] == []


def test_what_attribution_asks_for_is_kept_and_read() -> None:
    click = "CjwKCAjw4ri0BhAvEiwA8oo6F2uXw1Gm0Q7Zk3Yp9R5tLxVb2NcD4sE6"
    url = f"{SHOP}/?gclid={click}&utm_source=news&utm_content=to+a@b.at&pid=4111111111111111"
    read = page_url_of(url, frozenset({"pid"}))
    assert read.campaign.click_id == click
    assert read.campaign.content == "to *email*"
    assert read.campaign.partner_track_id == "4111111111111111"
    shown = shown_url(url, frozenset({"pid"}), shipped())
    assert shown == url.replace("to+a@b.at", "to%20*email*")


def test_a_name_and_a_password_leave_a_url_and_a_session_is_hidden() -> None:
    url = "https://anna:pw@shop.example/a;jsessionid=7f?PHPSESSID=5f3a&a=1#access_token=7&state=2"
    assert clean_url(url) == "https://shop.example/a?a=1"
    assert shown_url(url, NONE, shipped()) == (
        "https://shop.example/a;jsessionid=*hidden*?PHPSESSID=*hidden*&a=1"
        "#access_token=*hidden*&state=*hidden*"
    )


def test_searches_are_masked_before_they_are_normalised() -> None:
    assert search_words("Mug for Anna@Example.com!") == "mug for *email*"
    assert search_words("+43 664 1234567") == "*phone*"
    google = "https://www.google.com/search?q=order+anna%40example.com"
    assert referrer_of(google, NONE).term == "order *email*"


def test_rows_hold_nothing_personal() -> None:
    page = Page(
        url=f"{SHOP}/u/anna@example.com?token=7&utm_source=news",
        referrer="https://mail.example/read?email=anna%40example.com&id=7",
    )
    events = [
        event(data=Data(page=page)),
        event(SearchPerformed, data=SearchData(query="To anna@example.com", page=page)),
    ]
    rows = event_rows(accepted(events), Origin("t", 0, 1), enrichment())
    assert "anna" not in str(rows.drop_columns(["body_fingerprint"]).to_pylist()).lower()
    first, second = rows.select(
        ["page_url", "page_url_clean", "referrer", "campaign_source", "detail", "search_words"]
    ).to_pylist()
    assert first["page_url"] == f"{SHOP}/u/*email*?token=*hidden*&utm_source=news"
    assert first["page_url_clean"] == f"{SHOP}/u/*email*?token=*hidden*"
    assert first["referrer"] == "https://mail.example/read?email=*hidden*&id=7"
    assert first["campaign_source"] == "news"
    assert (second["detail"], second["search_words"]) == ("To *email*", "to *email*")


def masks(folder: Path, text: str) -> Masks:
    file = folder / "masks.yml"
    file.write_text(text, encoding="utf-8")
    return Masks.read(file)


def test_a_shop_adds_to_the_list_and_takes_from_it(tmp_path: Path) -> None:
    own = masks(tmp_path, "words: [member]\nnames: [kd-nr]\nshown: [code]\n")
    hides = {name: own.hides(name) for name in ("memberCard", "kdNr", "token", "code", "mug")}
    assert hides == {"memberCard": True, "kdNr": True, "token": True, "code": False, "mug": False}
    assert own.digest != shipped().digest
    alone = masks(tmp_path, "instead: true\nnames: [pin]\n")
    assert [alone.hides(name) for name in ("pin", "token")] == [True, False]


def test_every_mistake_of_a_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(MaskedParametersError) as raised:
        masks(tmp_path, "words: [a b, 7]\nnames: x\nshow: []\ninstead: 1\n")
    for part in (
        "'a b' is more than a word",
        "found 7",
        "names: takes a list",
        "show: no such key",
    ):
        assert part in str(raised.value)
    assert "instead: takes true or false" in str(raised.value)
