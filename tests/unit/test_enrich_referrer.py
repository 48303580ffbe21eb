"""Referrers: one URL for each rule, and the table of sites held to its own promises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.enrich.referrer import INTERNAL, NO_REFERRER, Referrer, referrer_of
from streams.enrich.sites import Sites, shipped_sites, site_of_source

OWN = frozenset({"shop.example", "app.shop.mobile"})
PAYMENT = frozenset({"pay.bank.example"})


def case(url: str, medium: str, source: str, term: str = "", *, name: str = "") -> object:
    return pytest.param(url, Referrer(medium, source, term), id=name or f"{medium}: {url[:60]}")  # type: ignore[arg-type]  # ids are free text


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        case("https://www.google.com/", "search", "Google"),
        case("https://www.google.co.uk/", "search", "Google"),
        case("https://google.com.br", "search", "Google"),
        case("https://www.google.de/search?q=Blaue+Tasse", "search", "Google", "blaue tasse"),
        case("https://www.google.com/url?q=https%3A%2F%2Fshop.example", "search", "Google"),
        case("https://www.google.fr/imgres?q=mug&imgurl=x", "search", "Google", "mug"),
        case("https://www.google.com/#q=old+mug", "search", "Google", "old mug"),
        case("https://images.google.de/", "search", "Google"),
        case("https://cse.google.com/cse?q=mug", "search", "Google", "mug"),
        case("https://www.google.com/permissions/logo.html", "referral", "google.com"),
        case("https://docs.google.com/document/d/1", "referral", "docs.google.com"),
        case("https://support.google.com/analytics", "referral", "support.google.com"),
        case("https://mail.google.com/mail/u/0", "email", "Gmail"),
        case("https://gemini.google.com/app", "ai", "Gemini"),
        case("https://shopping.google.com/", "shopping", "Google Shopping"),
        case("https://groups.google.com/g/x", "social", "Google Groups"),
        case("https://pay.google.com/x", "payment", "Google Pay"),
        case("https://ad.doubleclick.net/click", "ads", "Google Display"),
        case("https://1.safeframe.googlesyndication.com/", "ads", "Google Display"),
        case("https://www.bing.com/search?q=%22Blue%22", "search", "Bing", "blue"),
        case("https://cn.bing.com/", "search", "Bing"),
        case("https://uk.search.yahoo.com/search;_ylt=A?p=mug", "search", "Yahoo!", "mug"),
        case("https://search.yahoo.co.jp/search?p=%E9%9D%92", "search", "Yahoo!", "青"),
        case("https://finance.yahoo.com/", "referral", "finance.yahoo.com"),
        case("https://mail.yahoo.com/d/folders/1", "email", "Yahoo! Mail"),
        case("https://yandex.ru/search/?text=%D1%87%D0%B0%D0%B9", "search", "Yandex", "чай"),
        case("https://ya.ru/", "search", "Yandex"),
        case("https://yandex.com.tr/", "search", "Yandex"),
        case("https://market.yandex.ru/product/1", "shopping", "Yandex Market"),
        case("https://mail.yandex.ru/", "email", "Yandex Mail"),
        case("https://m.baidu.com/s?word=bei", "search", "Baidu", "bei"),
        case("https://tieba.baidu.com/p/1", "social", "Tieba"),
        case("https://duckduckgo.com/?q=mug", "search", "DuckDuckGo", "mug"),
        case("https://www.ecosia.org/search?q=mug", "search", "Ecosia", "mug"),
        case("https://search.brave.com/", "search", "Brave"),
        case("https://search.seznam.cz/?q=hrnek", "search", "Seznam", "hrnek"),
        case("https://m.search.naver.com/search?query=mug", "search", "Naver", "mug"),
        case("https://go.mail.ru/search?q=mug", "search", "Mail.ru", "mug"),
        case("https://e.mail.ru/inbox", "email", "Mail.ru Mail"),
        case("https://www.so.com/s?q=mug", "search", "360 Search", "mug"),
        case("https://l.facebook.com/l.php?u=x", "social", "Facebook"),
        case("https://lm.facebook.com/", "social", "Facebook"),
        case("https://www.instagram.com/shop", "social", "Instagram"),
        case("https://t.co/abc", "social", "X"),
        case("https://twitter.com/shop", "social", "X"),
        case("https://x.com/", "social", "X"),
        case("https://lnkd.in/e", "social", "LinkedIn"),
        case("https://www.pinterest.co.uk/pin/1", "social", "Pinterest"),
        case("https://old.reddit.com/r/mugs", "social", "Reddit"),
        case("https://www.tiktok.com/", "social", "TikTok"),
        case("https://away.vk.com/", "social", "VK"),
        case("https://ok.ru/feed", "social", "Odnoklassniki"),
        case("https://web.telegram.org/", "social", "Telegram"),
        case("https://t.me/shop", "social", "Telegram"),
        case("https://mastodon.social/@anna", "social", "Mastodon"),
        case("https://www.threads.net/", "social", "Threads"),
        case("https://bsky.app/", "social", "Bluesky"),
        case("https://anna.tumblr.com/", "social", "Tumblr"),
        case("https://anna.blogspot.co.uk/", "social", "Blogger"),
        case("https://www.youtube.com/redirect", "video", "YouTube"),
        case("https://youtu.be/x", "video", "YouTube"),
        case("https://vimeo.com/1", "video", "Vimeo"),
        case("https://rutube.ru/", "video", "Rutube"),
        case("https://www.amazon.co.uk/dp/1", "shopping", "Amazon"),
        case("https://m.ebay.de/", "shopping", "eBay"),
        case("https://www.idealo.de/preis?q=tasse", "shopping", "Idealo", "tasse"),
        case("https://www.wildberries.ru/", "shopping", "Wildberries"),
        case("https://outlook.live.com/mail/0/", "email", "Outlook"),
        case("https://mail.proton.me/u/0", "email", "Proton Mail"),
        case("https://webmail.firm.example.com/", "email", "webmail.firm.example.com"),
        case("https://mail2.firm.com/", "email", "mail2.firm.com"),
        case("https://mailing.com/", "referral", "mailing.com"),
        case("https://chatgpt.com/", "ai", "ChatGPT"),
        case("https://www.perplexity.ai/search/x", "ai", "Perplexity"),
        case("https://claude.ai/chat/1", "ai", "Claude"),
        case("https://copilot.microsoft.com/", "ai", "Copilot"),
        case("https://chat.deepseek.com/", "ai", "DeepSeek"),
        case("https://www.paypal.com/checkoutnow", "payment", "PayPal"),
        case("https://checkout.stripe.com/pay", "payment", "Stripe"),
        case("https://3ds.pay.bank.example/acs", "payment", "3ds.pay.bank.example"),
        case("https://yoomoney.ru/checkout", "payment", "YooKassa"),
        case("android-app://com.google.android.googlequicksearchbox/", "search", "Google"),
        case(
            "android-app://com.google.android.googlequicksearchbox/https/www.google.com",
            "search",
            "Google",
        ),
        case("android-app://com.google.android.gm/", "email", "Gmail"),
        case("android-app://org.telegram.messenger", "social", "Telegram"),
        case("android-app://com.Slack/", "social", "Slack"),
        case("android-app://com.pinterest/https/www.pinterest.com", "social", "Pinterest"),
        case("android-app://com.openai.chatgpt", "ai", "ChatGPT"),
        case("android-app://com.some.reader", "referral", "com.some.reader"),
        case("https://www.news.com/article?q=no+search", "referral", "news.com"),
        case("https://news.co.uk:8443/a", "referral", "news.co.uk"),
        case("http://203.0.113.9/x", "referral", "203.0.113.9"),
        case("http://localhost:3000/", "referral", "localhost"),
        case("HTTPS://WWW.GOOGLE.COM/SEARCH?Q=Mug", "search", "Google", "mug"),
        case("https://www.google.com./", "search", "Google", name="a dot behind the host"),
        case("//www.bing.com/", "search", "Bing", name="no scheme"),
        case("google.com/search?q=mug", "search", "Google", "mug", name="a bare host"),
        case("news.com", "referral", "news.com", name="a bare host alone"),
        case("https://google.com.evil.example/", "referral", "google.com.evil.example"),
        case("https://notgoogle.com/", "referral", "notgoogle.com"),
        case("https://facebook.shop-news.com/", "referral", "facebook.shop-news.com"),
    ],
)
def test_a_referrer_tells_medium_site_and_words(url: str, expected: Referrer) -> None:
    assert referrer_of(url, OWN, PAYMENT) == expected


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://shop.example/", id="own host"),
        pytest.param("https://www.shop.example/mugs?q=x", id="below the own host"),
        pytest.param("https://mail.shop.example/", id="own mail"),
        pytest.param("/mugs", id="relative"),
        pytest.param("android-app://app.shop.mobile/", id="own app"),
    ],
)
def test_the_shop_is_no_referrer_of_itself(url: str) -> None:
    assert referrer_of(url, OWN, PAYMENT) == INTERNAL


@pytest.mark.parametrize(
    "url",
    [
        "",
        "file:///home/me/mail.html",
        " ",
        "(direct)",
        "null",
        "-",
        "about:blank",
        "data:text/html,x",
        "a.html",
        "://",
        "https://",
    ],
)
def test_what_names_no_place_is_no_referrer(url: str) -> None:
    assert referrer_of(url, OWN, PAYMENT) == NO_REFERRER


@pytest.mark.parametrize(
    ("source", "medium"),
    [
        ("google", "search"),
        ("Google", "search"),
        ("googleads", "search"),
        ("google.com", "search"),
        ("yandex-direct", "search"),
        ("fb", "social"),
        ("ig", "social"),
        ("m.facebook.com", "social"),
        ("LinkedIn", "social"),
        ("youtube.com", "video"),
        ("Google Shopping", "shopping"),
        ("googleshopping", "shopping"),
        ("chatgpt.com", "ai"),
        ("perplexity", "ai"),
        ("gmail", "email"),
    ],
)
def test_a_source_tag_names_a_site(source: str, medium: str) -> None:
    site = site_of_source(source)
    assert site is not None
    assert site.medium == medium


@pytest.mark.parametrize("source", ["", "newsletter", "web", "shop", "spring", "partner.example"])
def test_a_word_of_the_shop_names_no_site(source: str) -> None:
    assert site_of_source(source) is None


def test_the_table_holds_what_shops_ask_for() -> None:
    sites = shipped_sites()
    assert _count(sites, "search") >= 60
    assert _count(sites, "social") >= 50
    assert len(sites.digest) == 64


def _count(sites: Sites, medium: str) -> int:
    return sum(site.medium == medium for site in sites)


@given(st.text(max_size=40))
def test_any_text_is_read_without_an_error(text: str) -> None:
    for url in (
        text,
        f"https://{text}",
        f"android-app://{text}",
        f"https://www.google.com/?{text}",
    ):
        assert isinstance(referrer_of(url, OWN, PAYMENT), Referrer)
    site_of_source(text)
