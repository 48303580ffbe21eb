"""A batch of URLs is read by their parts, and says what each says when it is read alone."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.enrich.columns import referrers_read
from streams.enrich.cut import Texts
from streams.enrich.enrichment import Enrichment, Tables
from streams.enrich.page import Page
from streams.enrich.page_url import page_url_of
from streams.enrich.pages_read import pages_read

PARTNERS = frozenset({"pid"})
BY = Enrichment(Tables(ZoneInfo("UTC"), frozenset({"shop.example"}), partner_parameters=PARTNERS))

PARTS = {
    "origin": "https://shop.example http://www.shop.example HTTPS://shop.example //shop.example"
    " https://Shop.Example https://shop.example:8080 https://a@shop.example https://münchen.example"
    " ftp://a.b android-app://com.shop http:/ https:// x:/y https://shop.example\t",
    "path": "/ /cart /Cart/ /products /products/mug /kitchen/12-mug.html /12-mugs /de/cart/ /ä/ö"
    " //cart/x /en-gb/products/7 /index.php /shop/a/p/b /a;sid=7/b /checkout/cart/x /x.axd",
    "query": "? ?size=m ?utm_source=news&size=m ?gclid=7 ?pid=P7 ?a=/b/c&route=x ?&& ?q=ä"
    " ?utm_source=a?b ?route=checkout/cart ?_openstat=a;b;c;d",
    "tail": "#top #/cart?utm_source=mail \u3000 \n",
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
        assert page == BY.tables.pages.page_of(expected.target)


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
