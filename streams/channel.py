"""Through which channel a visitor came: as the source declares it, else derived from campaign tags
and referrer.

The names are those of Google Analytics' default channel grouping, because that is what shops
already report by. The derivation is the small one that the first marts need: tags before referrer,
referrer before nothing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl, urlsplit

ChannelSource = Literal["declared", "derived"]

_MEDIUMS = {
    "organic": "Organic Search",
    "cpc": "Paid Search",
    "ppc": "Paid Search",
    "paidsearch": "Paid Search",
    "cpm": "Display",
    "display": "Display",
    "banner": "Display",
    "email": "Email",
    "e-mail": "Email",
    "affiliate": "Affiliates",
    "partner": "Affiliates",
    "social": "Social",
    "smm": "Social",
    "sms": "SMS",
    "push": "Push",
    "referral": "Referral",
}
_CLICK_IDS = ("gclid", "gbraid", "wbraid", "yclid", "msclkid")
_SEARCH_ENGINES = frozenset(
    [
        "google",
        "bing",
        "yahoo",
        "yandex",
        "baidu",
        "duckduckgo",
        "ecosia",
        "qwant",
        "seznam",
        "naver",
        "sogou",
        "startpage",
        "ask",
        "aol",
    ]
)
_SOCIAL_SITES = frozenset(
    [
        "facebook",
        "instagram",
        "twitter",
        "x",
        "youtube",
        "linkedin",
        "pinterest",
        "reddit",
        "tiktok",
        "vk",
        "quora",
        "tumblr",
        "t",
    ]
)
_SECOND_LEVEL = frozenset({"co", "com", "net", "org", "gov", "edu", "ac"})


class Tags(NamedTuple):
    """Campaign tags of an event, empty where none was given."""

    source: str = ""
    medium: str = ""
    name: str = ""
    click_id: str = ""


def channel_of(
    declared: str, tags: Tags, referrer: str | None, own_hosts: frozenset[str]
) -> tuple[str, ChannelSource]:
    """The channel of an event and where it is known from.

    Args:
        declared: the channel the source names, empty when it names none.
        tags: campaign tags, the source's own or those of the page's URL.
        referrer: the referring URL, empty when there is none, None when the event knows of no page.
        own_hosts: the shop's host names, lower case; a link from one of them is no referrer.

    Returns:
        The channel's name, and `declared` or `derived`.
    """
    if declared:
        return declared, "declared"
    return _derived(tags, referrer, own_hosts), "derived"


@lru_cache(maxsize=65_536)
def tags_of(url: str) -> Tags:
    """The campaign tags in a URL's query, `utm_*` and the ad networks' click ids."""
    if "?" not in url:
        return Tags()
    try:
        query = dict(parse_qsl(urlsplit(url).query))
    except ValueError:  # a malformed address carries no tags
        return Tags()
    click_id = next((query[name] for name in _CLICK_IDS if name in query), "")
    return Tags(
        query.get("utm_source", ""),
        query.get("utm_medium", ""),
        query.get("utm_campaign", ""),
        click_id,
    )


@lru_cache(maxsize=65_536)
def _derived(tags: Tags, referrer: str | None, own_hosts: frozenset[str]) -> str:
    if tags.medium or tags.source:
        return _MEDIUMS.get(tags.medium.lower(), "Paid Search" if tags.click_id else "(Other)")
    if tags.click_id:
        return "Paid Search"
    if referrer is None:
        return "Unassigned"
    host = _host(referrer)
    if not host or any(host == own or host.endswith("." + own) for own in own_hosts):
        return "Direct"
    site = _site(host)
    if site in _SEARCH_ENGINES:
        return "Organic Search"
    return "Social" if site in _SOCIAL_SITES else "Referral"


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:  # a malformed address names no host
        return ""


def _site(host: str) -> str:
    """The registrable label of a host: `google` of `www.google.co.uk`."""
    labels = host.split(".")
    if len(labels) >= 3 and labels[-2] in _SECOND_LEVEL and len(labels[-1]) == 2:
        return labels[-3]
    return labels[-2] if len(labels) >= 2 else host
