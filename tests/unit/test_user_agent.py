from __future__ import annotations

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from hypothesis import given
from hypothesis import strategies as st

from streams.enrich.device import DEVICE_CLASSES
from streams.enrich.user_agent import (
    EXAMINED_BYTES,
    UserAgent,
    user_agent_of,
    user_agent_tables,
)

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"
SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
IPHONE = f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {SAFARI}"
PIXEL = f"Mozilla/5.0 (Linux; Android 16; Pixel 9 Build/BP2A.250605; wv) {CHROME}"

PEOPLE = {
    "chrome on windows": (
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36",
        ("desktop", "", "Chrome", "142.0", "Windows", "10"),
    ),
    "edge on windows": (
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36 Edg/142.0.3595.53",
        ("desktop", "", "Edge", "142.0", "Windows", "10"),
    ),
    "firefox on linux": (
        "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
        ("desktop", "", "Firefox", "144.0", "Ubuntu", ""),
    ),
    "safari on a mac": (
        f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {SAFARI} Version/18.6 Safari/605.1.15",
        ("desktop", "Apple", "Safari", "18.6", "Mac OS X", "10.15"),
    ),
    "opera on windows": (
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36 OPR/124.0.0.0",
        ("desktop", "", "Opera", "124.0", "Windows", "10"),
    ),
    "yandex browser on windows": (
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} YaBrowser/25.10.0.0 Safari/537.36",
        ("desktop", "", "Yandex Browser", "25.10", "Windows", "10"),
    ),
    "a chromebook": (
        f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME} Safari/537.36",
        ("desktop", "", "Chrome", "142.0", "Chrome OS", "14541.0"),
    ),
    "internet explorer on a windows that calls itself tablet": (
        "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0; Tablet PC 2.0)",
        ("desktop", "", "IE", "9.0", "Windows", "7"),
    ),
    "chrome on a phone": (
        f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Mobile Safari/537.36",
        ("mobile", "", "Chrome Mobile", "142.0", "Android", "10"),
    ),
    "a phone by samsung": (
        "Mozilla/5.0 (Linux; Android 14; SAMSUNG SM-S918B) AppleWebKit/537.36 "
        "(KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
        ("mobile", "Samsung", "Samsung Internet", "28.0", "Android", "14"),
    ),
    "a phone that cubot made": (
        f"Mozilla/5.0 (Linux; Android 12; CUBOT NOTE 21) {CHROME} Mobile Safari/537.36",
        ("mobile", "Cubot", "Chrome Mobile", "142.0", "Android", "12"),
    ),
    "safari on an iphone": (
        f"{IPHONE} Version/18.6 Mobile/15E148 Safari/604.1",
        ("mobile", "Apple", "Mobile Safari", "18.6", "iOS", "18.6"),
    ),
    "chrome on an iphone": (
        f"{IPHONE} CriOS/142.0.7444.77 Mobile/15E148 Safari/604.1",
        ("mobile", "Apple", "Chrome Mobile iOS", "142.0", "iOS", "18.6"),
    ),
    "firefox on a phone": (
        "Mozilla/5.0 (Android 15; Mobile; rv:144.0) Gecko/144.0 Firefox/144.0",
        ("mobile", "", "Firefox Mobile", "144.0", "Android", "15"),
    ),
    "opera mini": (
        "Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; id) Presto/2.12.423 Version/12.16",
        ("mobile", "", "Opera Mini", "36.2", "Android", ""),
    ),
    "a phone with windows": (
        "Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) AppleWebKit/537.36 "
        "(KHTML, like Gecko) Chrome/52.0.2743.116 Mobile Safari/537.36 Edge/15.15063",
        ("mobile", "Nokia", "Edge Mobile", "15.15063", "Windows Phone", "10.0"),
    ),
    "a phone with buttons": (
        "Mozilla/5.0 (Mobile; Nokia_8110_4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5",
        ("mobile", "Nokia", "Firefox Mobile", "48.0", "KaiOS", "2.5"),
    ),
    "instagram's browser on an iphone": (
        f"{IPHONE} Mobile/15E148 Instagram 401.0.0.32.80 (iPhone15,2; iOS 18_6; en_US; en; "
        "scale=3.00; 1179x2556; 776418812)",
        ("mobile", "Apple", "Instagram", "401.0", "iOS", "18.6"),
    ),
    "facebook's browser on a phone": (
        f"{PIXEL} Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/530.0.0.48.74;]",
        ("mobile", "Google", "Facebook", "530.0", "Android", "16"),
    ),
    "facebook's browser as it calls itself now": (
        f"{PIXEL} Mobile Safari/537.36 MetaIAB Facebook",
        ("mobile", "Google", "Chrome Mobile WebView", "142.0", "Android", "16"),
    ),
    "a phone whose build a crawler once named": (
        "Mozilla/5.0 (Linux; Android 15; CPH2557 Build/AP3A.240617.008; wv) AppleWebKit/537.36 "
        "(KHTML, like Gecko) Version/4.0 Chrome/142.0.7444.142 Mobile Safari/537.36",
        ("mobile", "Oppo", "Chrome Mobile WebView", "142.0", "Android", "15"),
    ),
    "an app on an android phone": (
        "okhttp/4.12.0",
        ("other", "", "okhttp", "4.12", "", ""),
    ),
    "an app's own words on a phone": (
        "Dalvik/2.1.0 (Linux; U; Android 13; SM-A536B Build/TP1A.220624.014)",
        ("mobile", "Samsung", "Android", "13", "Android", "13"),
    ),
    "an app on an iphone": (
        "ShopApp/7.3.1 CFNetwork/1498.700.2 Darwin/23.6.0",
        ("mobile", "Apple", "ShopApp", "7.3", "iOS", "17"),
    ),
    "an ipad that says so": (
        f"Mozilla/5.0 (iPad; CPU OS 12_5_7 like Mac OS X) {SAFARI} Version/12.1.2 "
        "Mobile/15E148 Safari/604.1",
        ("tablet", "Apple", "Mobile Safari", "12.1", "iOS", "12.5"),
    ),
    "an ipad that says it is a mac": (
        f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_6) {SAFARI} Version/17.4 Safari/605.1.15",
        ("desktop", "Apple", "Safari", "17.4", "Mac OS X", "10.15"),
    ),
    "a tablet with android": (
        f"Mozilla/5.0 (Linux; Android 14; SM-X710) {CHROME} Safari/537.36",
        ("tablet", "", "Chrome", "142.0", "Android", "14"),
    ),
    "a tablet known by having no mobile": (
        f"Mozilla/5.0 (Linux; Android 10; K) {CHROME} Safari/537.36",
        ("tablet", "", "Chrome", "142.0", "Android", "10"),
    ),
    "a kindle fire": (
        "Mozilla/5.0 (Linux; Android 11; KFTRWI) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Silk/140.2.4 like Chrome/140.0.0.0 Safari/537.36",
        ("tablet", "Amazon", "Amazon Silk", "140.2", "Android", "11"),
    ),
    "firefox on a tablet": (
        "Mozilla/5.0 (Android 13; Tablet; rv:109.0) Gecko/118.0 Firefox/118.0",
        ("tablet", "", "Firefox Mobile", "118.0", "Android", "13"),
    ),
    "a television by samsung": (
        "Mozilla/5.0 (SMART-TV; LINUX; Tizen 7.0) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Version/7.0 TV Safari/537.36",
        ("tv", "Samsung", "Safari", "7.0", "Tizen", "7.0"),
    ),
    "a television by lg": (
        "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/94.0.4606.128 Safari/537.36 WebAppManager",
        ("tv", "LG", "Chrome", "94.0", "Web0S", ""),
    ),
    "a fire tv stick": (
        "Mozilla/5.0 (Linux; Android 9; AFTKA Build/PS7633) AppleWebKit/537.36 "
        "(KHTML, like Gecko) Silk/120.4.2 like Chrome/120.0.6099.230 Safari/537.36",
        ("tv", "Amazon", "Amazon Silk", "120.4", "Android", "9"),
    ),
    "a playstation": (
        f"Mozilla/5.0 (PlayStation; PlayStation 5/9.00) {SAFARI} Version/17.0 Safari/605.1.15",
        ("console", "Sony", "Safari", "17.0", "", ""),
    ),
    "a nintendo switch": (
        "Mozilla/5.0 (Nintendo Switch; WifiWebAuthApplet) AppleWebKit/609.4 "
        "(KHTML, like Gecko) NF/6.0.2.22.5 NintendoBrowser/5.1.0.23519",
        ("console", "Nintendo", "", "", "", ""),
    ),
    "an xbox": (
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) {CHROME} Safari/537.36 "
        "Edge/44.19041.4788",
        ("console", "", "Edge", "44.19041", "Windows", "10"),
    ),
    "the app of a playstation on a phone": (
        f"{IPHONE} Mobile/15E148 PlayStation App/25.9.0/en-us/en-us",
        ("mobile", "Apple", "Mobile Safari UI/WKWebView", "", "iOS", "18.6"),
    ),
    "a watch by samsung": (
        "Mozilla/5.0 (Linux; Tizen 4.0; SAMSUNG SM-R810) AppleWebKit/537.36 (KHTML, like Gecko) "
        "SamsungBrowser/2.0 Chrome/56.0.2924.0 Mobile Safari/537.36",
        ("wearable", "Samsung", "Samsung Internet", "2.0", "Tizen", "4.0"),
    ),
    "a headset": (
        "Mozilla/5.0 (X11; Linux x86_64; Quest 3) AppleWebKit/537.36 (KHTML, like Gecko) "
        "OculusBrowser/39.2 Chrome/136.0.7103.177 VR Safari/537.36",
        ("wearable", "Meta", "Oculus Browser", "39.2", "Android", ""),
    ),
    "the browser of a magazine": (
        "Mozilla/5.0 (iPad; U; CPU iPhone OS 7_0 like Mac OS X; de-DE) WIRED/3.2.3.11.87970",
        ("tablet", "Apple", "WIRE", "", "iOS", "7.0"),
    ),
}


@pytest.mark.parametrize(("text", "told"), PEOPLE.values(), ids=PEOPLE)
def test_people_are_known_by_device_browser_and_system(text: str, told: tuple[str, ...]) -> None:
    assert user_agent_of(text) == UserAgent(*told, bot_verdict="human")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{PIXEL} Mobile Safari/537.36 Viber/14.7.0.4", id="in Viber"),
        pytest.param(f"{IPHONE} Mobile/15E148 WhatsApp/2.24.12", id="in WhatsApp"),
        pytest.param(f"{IPHONE} Mobile/15E148 RoboForm/9.3", id="with a form filler"),
        pytest.param("Mozilla/5.0 (compatible; RokuOS)", id="a television"),
        pytest.param("Go Shopping/2.0 (Android 13)", id="an app that begins like a library"),
        pytest.param("hey/3 CFNetwork/1490.0.4 Darwin/23.2.0", id="an app of Apple's"),
        pytest.param(
            f"Mozilla/5.0 (Linux; Android 13; Google-Pixel-7) {CHROME} Mobile Safari/537.36",
            id="a phone that Google made",
        ),
        pytest.param(
            "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; .NET Client 3.5)",
            id="a browser beside a library",
        ),
    ],
)
def test_what_only_looks_like_a_robots_name_is_a_person(text: str) -> None:
    assert user_agent_of(text).bot_verdict == "human"


BOTS = {
    "google": (
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        ("list: Googlebot", "spider", "contact: address"),
    ),
    "bing": (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; "
        "+http://www.bing.com/bingbot.htm) Chrome/136.0.0.0 Safari/537.36",
        ("list: bingbot", "spider", "contact: address"),
    ),
    "yandex": (
        "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
        ("list: yandex.com/bots", "spider", "contact: address"),
    ),
    "sogou, whose browser is no bot": (
        "Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)",
        ("spider", "contact: address"),
    ),
    "gptbot": (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.3; "
        "+https://openai.com/gptbot)",
        ("list: GPTBot", "spider", "contact: address"),
    ),
    "a page read for a question to chatgpt": (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; "
        "+https://openai.com/bot",
        ("list: ChatGPT-User", "spider", "contact: address"),
    ),
    "claudebot": (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; "
        "+claudebot@anthropic.com)",
        ("list: claudebot", "spider"),
    ),
    "perplexitybot": (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; PerplexityBot/1.0; "
        "+https://perplexity.ai/perplexitybot)",
        ("list: PerplexityBot", "spider", "contact: address"),
    ),
    "bytespider, which looks like a phone": (
        "Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Mobile "
        "Safari/537.36 (compatible; Bytespider; spider-feedback@bytedance.com)",
        ("list: Bytespider",),
    ),
    "the preview of a link": (
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        ("list: facebookexternalhit", "spider", "contact: address"),
    ),
    "a counter of links": (
        "Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)",
        ("list: SemrushBot", "spider", "contact: address"),
    ),
    "a monitor of uptime": (
        "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
        ("list: UptimeRobot", "spider", "contact: address"),
    ),
    "a small firm's robot that no list knows": (
        "shop-price-watcher/1.0 (ops@prices.example)",
        ("contact: address",),
    ),
    "curl": ("curl/8.14.1", ("library: curl",)),
    "wget": ("Wget/1.25.0", ("library: wget",)),
    "requests of python": ("python-requests/2.32.5", ("library: python-requests",)),
    "aiohttp of python": ("Python/3.13 aiohttp/3.12.15", ("library: aiohttp",)),
    "go": ("Go-http-client/2.0", ("library: Go-http-client",)),
    "java": ("Java/21.0.8", ("spider", "library: HTTP client")),
    "apache's client": (
        "Apache-HttpClient/5.4 (Java/21.0.8)",
        ("library: Apache-HttpClient",),
    ),
    "node": ("axios/1.12.2", ("library: axios",)),
    "php": ("GuzzleHttp/7", ("library: HTTP client",)),
    "a client of web services": ("Apache-CXF/3.3.4", ("library: HTTP client",)),
    "a client of dot net": ("ServiceStack .NET Client 5.90", ("library: HTTP client",)),
    "a probe of kubernetes": ("kube-probe/1.33", ("library: HTTP client",)),
    "a test of a page's speed": (
        "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; PTST 2.295)",
        ("task: test or monitor",),
    ),
    "a check of links": ("Consilio/4.17 (Portal; LinkChecker)", ("task: check or preview",)),
    "a shop's feed being fetched": (
        "Mozilla/5.0 (feeds fetcher prices.example)",
        ("task: check or preview",),
    ),
    "a search by image of google's": (
        "Mozilla/5.0 (Windows; U; Windows NT 5.1; de; rv:1.9.0.7; Google-SearchByImage) "
        "Gecko/2009021910 Firefox/3.0.7",
        ("task: Google",),
    ),
    "an address where a browser names its engine": (
        "Mozilla/4.0 (compatible; info@prices.example; x)",
        ("contact: address",),
    ),
    "nothing but a domain": ("swimming-prices.example.com", ("contact: domain",)),
    "a browser without an engine": (
        "Mozilla/5.0 (compatible; DashLink/5.1;)",
        ("malformed: no engine",),
    ),
    "a macintosh with a colon": (
        f"Mozilla/5.0 (Macintosh: Intel Mac OS X 10_15_5) {SAFARI} Version/14.0 Safari/605.1.15",
        ("malformed: misspelt",),
    ),
    "chrome without a window": (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "HeadlessChrome/142.0.0.0 Safari/537.36",
        ("headless: HeadlessChrome",),
    ),
    "a browser under test": (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Cypress/15.5.0 Chrome/138.0.7204.251 Electron/37.6.0 Safari/537.36",
        ("headless: driven browser",),
    ),
    "markup": ("<script>alert(1)</script>", ("malformed: markup",)),
    "an attack on a logger": ("${jndi:ldap://x.example/a}", ("malformed: injection",)),
    "an attack on a database": (
        "Mozilla/5.0 (Windows NT 10.0) ' or 1=1 --",
        ("malformed: injection",),
    ),
}


@pytest.mark.parametrize(("text", "reasons"), BOTS.values(), ids=BOTS)
def test_bots_are_known_with_every_reason(text: str, reasons: tuple[str, ...]) -> None:
    told = user_agent_of(text)
    assert (told.bot_verdict, told.bot_reasons) == ("bot", reasons)


UNKNOWN = ["-", "null", "(not set)", "Mozi", "app", "iOS", "x", "Mozilla/5.0", "User-Agent", "?1"]


@pytest.mark.parametrize("text", UNKNOWN)
def test_a_short_or_empty_word_is_nobodys_user_agent_and_no_bots(text: str) -> None:
    told = user_agent_of(text)
    assert (told.bot_verdict, told.bot_reasons) == ("", ())


@pytest.mark.parametrize("text", ["MyShop/1.0", "ShopApp 2.3 (iPhone)", "acme/4.0", "Kiosk 7"])
def test_an_app_of_the_shops_own_is_a_person(text: str) -> None:
    assert user_agent_of(text).bot_verdict == "human"


@pytest.mark.parametrize("text", ["curl", "curl/8", "wget", "Java", "PHP", "Go/1"])
def test_a_bot_of_few_letters_is_one_still(text: str) -> None:
    assert user_agent_of(text).bot_verdict == "bot"


@pytest.mark.parametrize("text", ["", "   ", "\n"], ids=["nothing", "spaces", "a line's end"])
def test_no_user_agent_gets_no_verdict(text: str) -> None:
    assert user_agent_of(text) == UserAgent()


def test_the_kept_lists_own_examples_are_bots() -> None:
    """The public suite that lies in the package. What is left over are people's programs."""
    examples = [text for one in CRAWLER_USER_AGENTS_DATA for text in one["instances"]]
    found = [text for text in examples if user_agent_of(text).bot_verdict == "bot"]
    assert len(examples) > 2000
    assert len(found) >= 0.99 * len(examples)


def test_what_lies_behind_the_examined_part_changes_nothing() -> None:
    told = user_agent_of("curl/8.14.1 " + "x" * EXAMINED_BYTES)
    assert told == user_agent_of("curl/8.14.1 " + "x" * 100_000 + " Googlebot/2.1")


@given(
    part=st.text(max_size=200) | st.text(st.characters(max_codepoint=255), max_size=200),
    times=st.sampled_from([1, 40]),
)
def test_any_text_of_up_to_8_kilobytes_is_answered(part: str, times: int) -> None:
    told = user_agent_of(part * times)
    assert told.device_class in ("", *DEVICE_CLASSES)
    assert (told.bot_verdict == "bot") == bool(told.bot_reasons)
    assert {reason.partition(":")[0] for reason in told.bot_reasons} <= {
        "list",
        "library",
        "headless",
        "spider",
        "task",
        "contact",
        "malformed",
    }


@given(part=st.sampled_from(["Tizen", "Mozilla/", "(", "Silk/ ", "a@", "'))", "Android", "\ud800"]))
def test_repetitions_that_would_hold_backtracking_up_are_answered(part: str) -> None:
    assert user_agent_of(part * (8192 // len(part))).device_class in DEVICE_CLASSES


def test_the_tables_are_named_with_their_versions() -> None:
    assert "crawler-user-agents 1." in user_agent_tables()
