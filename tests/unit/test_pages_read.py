"""A batch of URLs is read by their parts, and says what each says when it is read alone."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import personal
from streams.enrich.columns import referrers_read
from streams.enrich.cut import Texts
from streams.enrich.enrichment import Enrichment, Tables
from streams.enrich.masked import may_be_personal, shown_texts, shown_urls
from streams.enrich.page import Page
from streams.enrich.page_url import page_url_of
from streams.enrich.pages_read import pages_read
from streams.enrich.shown_url import shown_url

PARTNERS = frozenset({"pid"})
BY = Enrichment(Tables(ZoneInfo("UTC"), frozenset({"shop.example"}), partner_parameters=PARTNERS))
MASKS = BY.tables.masks

PARTS = {
    "origin": "https://shop.example http://www.shop.example HTTPS://shop.example //shop.example"
    " https://Shop.Example https://shop.example:8080 https://a@shop.example https://münchen.example"
    " ftp://a.b android-app://com.shop http:/ https:// x:/y https://shop.example\t"
    " https://+4366412345678 +4366412345678:// a@b.at",
    "path": "/ /cart /Cart/ /products /products/mug /kitchen/12-mug.html /12-mugs /de/cart/ /ä/ö"
    " //cart/x /en-gb/products/7 /index.php /shop/a/p/b /a;sid=7/b /checkout/cart/x /x.axd"
    " /u/anna@example.com /u/anna%40example.com/orders /p/4111111111111111 /p/1002 /+4366412345678"
    " /x/eyJhbGciOiJI.eyJzdWIiOiIx.dozjgNry /x/da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "query": "? ?size=m ?utm_source=news&size=m ?gclid=7 ?pid=P7 ?a=/b/c&route=x ?&& ?q=ä"
    " ?utm_source=a?b ?route=checkout/cart ?_openstat=a;b;c;d"
    " ?token=7 ?q=anna%40example.com ?utm_source=a@b.at&size=m ?pid=a@b.at ?next=%2Fa%3Ftoken%3D7"
    " ?e%6Dail=x ?q=%2B43+664+1234567 ?sessionid=7&a=b@c.at ?gclid=aB3dE5fG7hI9jK1lM2nO4pQ6rS8t",
    "tail": "#token=7 #/cart?email=x #anna@example.com #top #/cart?utm_source=mail \u3000 \n",
}
URLS = st.text(max_size=20) | st.builds(
    "{}{}{}{}".format, *(st.sampled_from(["", *some.split(" ")]) for some in PARTS.values())
)


def column(texts: list[str]) -> pa.StringArray:
    return pa.array(texts, pa.string())


@given(st.lists(URLS, max_size=8))
def test_urls_say_together_what_each_says_alone(urls: list[str]) -> None:
    read = pages_read(column(urls), BY.visited)
    for row, url in enumerate(urls):
        expected = page_url_of(url, PARTNERS)
        campaign, kind, zone = (
            some.distinct[some.codes[row]] for some in (read.campaigns, read.kinds, read.zones)
        )
        page = Page(kind, zone)
        if not url:
            assert (campaign, page) == (None, Page("", ""))
            continue
        assert campaign == expected.campaign
        assert read.clean_urls[row].as_py() == expected.clean_url
        assert read.shown_urls[row].as_py() == shown_url(url, PARTNERS, MASKS)
        assert page == BY.tables.pages.page_of(expected.target)


@given(st.lists(URLS, max_size=8))
def test_urls_are_shown_together_as_each_is_alone(urls: list[str]) -> None:
    shown = shown_urls(column(urls), BY.visited)
    assert shown.to_pylist() == [shown_url(url, PARTNERS, MASKS) for url in urls]


@given(st.lists(URLS | st.text("ab3 +@%40(/-.", max_size=40), max_size=8))
def test_columns_and_texts_are_looked_at_alike(texts: list[str]) -> None:
    assert may_be_personal(column(texts)).tolist() == [*map(personal.may_be_personal, texts)]
    assert shown_texts(column(texts)).to_pylist() == [*map(personal.masked_text, texts)]


@given(st.lists(URLS, max_size=8))
def test_referrers_tell_together_what_each_tells_alone(urls: list[str]) -> None:
    sites = referrers_read(column(urls), BY)
    assert [sites.distinct[code] for code in sites.codes] == [BY.referrer(url) for url in urls]


@given(st.lists(st.text("/?ä ", max_size=6), max_size=6), st.integers(1, 4))
def test_texts_are_cut_where_a_character_stands(texts: list[str], number: int) -> None:
    cut = Texts(column(["left out", *texts])[1:])
    (slash,) = cut.places_of_nth("/", number)
    before = ["/".join(text.split("/")[:number]) for text in texts]
    assert cut.cut_between(cut.begins, slash).to_pylist() == before
    assert cut.has("?").tolist() == ["?" in text for text in texts]
    assert cut.end_in_ascii().tolist() == [text[-1:] in ("/", "?") and text != "" for text in texts]


@pytest.mark.parametrize("texts", [[], [""], ["", ""]])
def test_nothing_can_be_cut_as_well(texts: list[str]) -> None:
    cut = Texts(column(texts))
    assert cut.cut_between(cut.begins, cut.ends).to_pylist() == texts
    assert pages_read(column(texts), BY.visited).clean_urls.to_pylist() == texts
