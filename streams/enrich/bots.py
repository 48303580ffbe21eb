"""What gives a program away that nobody looks through: every reason, in words of a fixed list.

`list` names the entry of the kept list of crawlers that matched, `library` an HTTP client,
`headless` a browser driven by a program, `spider` what ua-parser takes for a crawler, `task` what a
program was sent to do, `contact` an address for complaints, which browsers do not carry,
`malformed` what no browser sends. What is short or says nothing (`-`, `app`, `Mozilla/5.0`) gives
nobody away: who is behind it is unknown. Entries of the list that people's own programs carry too
are left out, each for a reason below. okhttp is one of them: behind every second Android app is a
person. A data centre's address or inhuman behaviour is not judged here: marts see more of that.

The only door to crawler-user-agents. An entry counts only where it starts a word, else `RED/` would
find every reader of `WIRED/`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache

from streams.enrich.first_match import first_match

_OF_PEOPLE = {
    r"AP3A\.240617\.008": "build of Android 15 on ordinary phones",
    r"MetaIAB Facebook": "Facebook's in-app browser",
    r"Butterfly": "a phone of HTC",
    r"Sonic": "part of names of phones",
    r"speedy": "a phone of HTC",
    r"Fluid": "a browser for one site",
    r"Code\/1\.": "browser inside an editor",
    r"Trae\/": "browser inside an editor",
    r"Notion\/": "desktop application",
    r"Tumblr\/": "in-app browser",
    r"Sogou": "a browser; the crawlers of that name also say spider",
    r"okhttp": "HTTP client of Android apps",
}
# Entries that count only where no engine is named: with one it is a person in the app's browser.
_BROWSERS_OF_APPS = r"AppleWebKit/.*\b(?:Viber|WhatsApp|Feedly)\b"
_REASON_OF_TAG = {"http-library": "library", "browser-automation": "headless"}

_ENGINE = (
    r"(?:Gecko|KHTML|WebKit|MSIE|Trident|Presto|Opera|NetFront|Konqueror|Dillo|Links|iCab|WebTV|"
    r"Roku|Nintendo|PlayStation)"
)
_OWN_RULES = {
    "library": (
        ("", r"CFNetwork|\((?:iPhone|iPad|Android)"),  # people's apps of whatever name
        (
            "HTTP client",
            r"^(?:Apache-Http\w*|Jakarta|Jersey|ReactorNetty|Vert\.x-WebClient|unirest-java|"
            r"Faraday|http\.rb|Typhoeus|RestSharp|PostmanRuntime|insomnia|Guzzle\w*|Symfony|"
            r"pycurl|PycURL|urllib3|undici|reqwest|ureq|libcurl|LWP|lua-resty-http|hackney|"
            r"Swoole|k6|ApacheBench|fasthttp|Apache[-_](?:CXF|Beam)\w*|Wink Client|spray-can|"
            r"akka-http|Xb2\.NET)\b|"
            r"^(?:Go|go-resty|Java|PHP|Python|Ruby|node|Deno|Bun|hyper|wrk|hey|req|resty)"
            r"(?:[/,-]| v?\d|$)|"
            r"^Java\d|^[\w ]+\.NET Client\b|PowerShell/|Apache JMeter|WinHttp|node\.js/|kube-probe",
        ),
    ),
    "task": (
        (
            "test or monitor",
            r"\b(?:PTST|DejaClick|Synthetics|Siteimprove|Nuclei|Site-Shot|dummy connection)\b",
        ),
        (
            "check or preview",
            r"(?i:link[ -]?(?:checker|tester|previews?)\b|validator\b|fetcher\b|image downloader\b|"
            r"\bpage speed insights|\brobosuite\b)",
        ),
        ("", r"Google-(?:Pixel|Nexus|Kids|TV|Home)"),
        ("Google", r"\bGoogle-[A-Z]|\w-Google/"),
    ),
    "headless": (
        (
            "driven browser",
            r"Headless|SlimerJS|CasperJS|\bjsdom\b|HtmlUnit|WebDriver|wkhtmlto|\bCypress/|"
            r"\bNightmare\b",
        ),
    ),
    "contact": (
        ("address", r"\+ ?https?://"),
        ("", rf"^(?:Mozilla|Opera)/.*{_ENGINE}"),  # old browsers named their maker's site
        ("address", r"https?://|\bwww\.|\w@\w"),
        ("domain", r"(?i:^[a-z\d-]+(?:\.[a-z\d-]+)*\.(?:com|net|org|info|biz|[a-z]{2})$)"),
    ),
    "malformed": (
        ("markup", r"(?i:<script|<img|<svg|<\?|</|javascript:)"),
        (
            "injection",
            r"\$[{(]|\(\) ?\{|\.\./|/etc/passwd|\|\||%00|%2[5ef]|"
            r"(?i:\bunion (?:all )?select\b|[(;]select\b|sleep\(|\bwaitfor delay\b|'\)* or\b)",
        ),
        ("misspelt", r"; ?\{\}|\(Macintosh:? Intel|App3le"),
        ("", _ENGINE),
        ("no engine", r"^Mozilla/\d\.\d+ \(compatible; [^;()]*;?\)$"),
    ),
}


_TELLS_NOTHING = re.compile(
    r"\W*(?:null|undefined|none|nil|nan|unknown|user-?agent|\(?not set\)?)?\W*|.{1,5}|"
    r"Mozilla(?:/\d\.\d+)?(?: \(compatible;?\))?",
    re.IGNORECASE | re.DOTALL,
)


def tells_nothing(text: str) -> bool:
    """Whether a user agent is too short, or too usual a placeholder, to tell person from bot."""
    return _TELLS_NOTHING.fullmatch(text) is not None


def bot_reasons_of(text: str, *, is_spider: bool) -> tuple[str, ...]:
    """Every reason to take a user agent for a bot's; none for a person's.

    Args:
        text: the user agent, not empty.
        is_spider: whether ua-parser takes its device for a spider.

    Returns:
        `reason: detail`, at most one of each reason, the kept list's first, such as
        `list: Googlebot`; `spider` has no detail.
    """
    listed = _listed()(text)
    found = {listed.partition(":")[0]: listed} if listed else {}
    if is_spider:
        found["spider"] = "spider"
    for reason, detail_of in _own().items():
        if reason not in found and (detail := detail_of(text)):
            found[reason] = f"{reason}: {detail}"
    return tuple(found.values())


@cache
def _own() -> dict[str, Callable[[str], str]]:
    return {reason: first_match(rules) for reason, rules in _OWN_RULES.items()}


@cache
def _listed() -> Callable[[str], str]:
    return first_match(_entries())


def _entries() -> Iterator[tuple[str, str]]:
    """The kept list as rules, each named by the reason it is."""
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA

    yield "", _BROWSERS_OF_APPS
    for one in CRAWLER_USER_AGENTS_DATA:
        pattern = one["pattern"]
        if pattern in _OF_PEOPLE:
            continue
        reasons = [_REASON_OF_TAG[tag] for tag in one["tags"] if tag in _REASON_OF_TAG]
        name = re.sub(r"\[(\w)\w\]", r"\1", pattern.replace("\\", "")).strip("^/ ")
        at_word_start = rf"(?:^|[^A-Za-z0-9])(?:{pattern})" if pattern[0].isalnum() else pattern
        yield f"{reasons[0] if reasons else 'list'}: {name}", at_word_start
