"""What gives a program away that nobody looks through: every reason, in words of a fixed list.

`list` names the entry of the kept list of crawlers that matched, `library` an HTTP client,
`headless` a browser driven by a program, `spider` what ua-parser takes for a crawler, `task` what a
program was sent to do, `contact` an address for complaints, which browsers do not carry,
`malformed` what no browser sends. Entries of the list that people's own programs carry too are left
out, each for a reason below. okhttp is one of them: behind every second Android app is a person. A
data centre's address or inhuman behaviour is not judged here: marts see more of that.

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
_REASON_OF_TAG = {"http-library": "library", "browser-automation": "headless"}

_ENGINE = r"(?:Gecko|KHTML|WebKit|MSIE|Trident|Presto|Opera|NetFront|Konqueror|Dillo|Links|iCab)"
_OWN_RULES = {
    "library": (
        (
            "HTTP client",
            r"^(?:Java|Apache-Http\w*|Jakarta|Jersey|ReactorNetty|Vert\.x-WebClient|unirest-java|"
            r"Ruby|Faraday|http\.rb|Typhoeus|RestSharp|PostmanRuntime|insomnia|Guzzle\w*|Symfony|"
            r"PHP|Python|pycurl|PycURL|urllib3|node|undici|Deno|Bun|reqwest|ureq|hyper|libcurl|"
            r"LWP|lua-resty-http|hackney|Swoole|k6|ApacheBench|wrk|hey|fasthttp|req|resty|"
            r"Apache[-_](?:CXF|Beam)\w*|Wink Client|spray-can|akka-http|Xb2\.NET|echoping)\b|"
            r"^(?:Go|go-resty)[ -/]|^Java\d|\.NET Client\b|PowerShell/|Apache JMeter|WinHttp|"
            r"node\.js/|kube-probe",
        ),
    ),
    "task": (
        (
            "test or monitor",
            r"\b(?:PTST|DejaClick|Synthetics|Siteimprove|Nuclei|Site-Shot|dummy connection)\b",
        ),
        (
            "check or preview",
            r"(?i:(?:link|site|url)[ -]?(?:check|test|preview)|validator\b|fetcher\b|"
            r"\bimage downloader|monitoring\b|scanner-|\bpage ?speed\b|\brobo)",
        ),
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
        ("placeholder", r"^\W*(?i:null|undefined|none|unknown|user-agent)?\W*$"),
        ("short", r"^.{1,5}$"),
        ("bare", r"^Mozilla(?:/\d\.\d+)?(?: \(compatible;?\))?$"),
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

    for one in CRAWLER_USER_AGENTS_DATA:
        pattern = one["pattern"]
        if pattern in _OF_PEOPLE:
            continue
        reasons = [_REASON_OF_TAG[tag] for tag in one["tags"] if tag in _REASON_OF_TAG]
        name = re.sub(r"\[(\w)\w\]", r"\1", pattern.replace("\\", "")).strip("^/ ")
        at_word_start = rf"(?:^|[^A-Za-z0-9])(?:{pattern})" if pattern[0].isalnum() else pattern
        yield f"{reasons[0] if reasons else 'list'}: {name}", at_word_start
