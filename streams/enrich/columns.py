"""The enriched columns of a batch: what its events do not say, but their parts do.

Each source (user agent, address, referrer, campaign) is numbered by its distinct values first; what
follows from it is computed per number and spread over the rows by Arrow. Only the page's URL, which
is mostly unique, is read per event.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from streams import events as contract
from streams.enrich.campaign import NO_CAMPAIGN, Campaign
from streams.enrich.coded import encoded, text_column, text_columns
from streams.enrich.enrichment import Enrichment
from streams.enrich.facts import Facts, facts_of
from streams.enrich.referrer import INTERNAL, Referrer
from streams.events import Client, Data, Event, Page

_AGENT = ("device_class", "device_brand", "browser", "browser_version", "os", "os_version")
_CAMPAIGN = {  # column: field of a campaign
    **{f"campaign_{field}": field for field in ("source", "medium", "name", "term", "content")},
    **{field: field for field in ("click_id", "click_network", "partner_track_id")},
}
_PLACE = ("network", "country", "region", "time_zone")
_REFERRER = ("referrer_medium", "referrer_source", "referrer_term")
_NOBODYS = Client()
_NOWHERE = Page()


def enriched_columns(
    events: Sequence[Event], data: Sequence[Data], searches: Sequence[int], by: Enrichment
) -> dict[str, Any]:
    """Columns of `analytics.events` that enrichment fills, each (n,) in the order of the events.

    Args:
        events: of the batch, (n,).
        data: of each, (n,).
        searches: the rows that are searches on the site, ascending.
        by: the tables in force.
    """
    by.begin_batch()
    words = [""] * len(data)
    for row in searches:
        words[row] = by.searches[data[row].query]  # type: ignore[attr-defined]  # as told above
    return {
        **_client_columns([one.client or _NOBODYS for one in data], by),
        **_page_columns(events, data, by),
        "search_words": pa.array(words, pa.string()),
    }


def _client_columns(clients: Sequence[Client], by: Enrichment) -> dict[str, Any]:
    agents = encoded([one.user_agent for one in clients])
    found = [by.agents[agent] for agent in agents.dictionary.to_pylist()]
    addresses = encoded([one.address for one in clients])
    places = [by.places[address] for address in addresses.dictionary.to_pylist()]
    languages = encoded([one.language for one in clients])
    liked = [by.languages[language] for language in languages.dictionary.to_pylist()]
    reasons = pa.array([one.bot_reasons for one in found], pa.list_(pa.string()))
    return {
        "user_agent": agents,
        **text_columns(agents.indices, [one[:6] for one in found], _AGENT),
        "bot_verdict": text_column(agents.indices, [one.bot_verdict for one in found]),
        "bot_reasons": reasons.take(agents.indices),
        "language": text_column(languages.indices, liked),
        **text_columns(addresses.indices, places, _PLACE),
    }


def _page_columns(events: Sequence[Event], data: Sequence[Data], by: Enrichment) -> dict[str, Any]:
    pages = [one.page or _NOWHERE for one in data]
    urls = [page.url for page in pages]
    visited = [by.visited[url] for url in urls]
    campaigns = _numbered(
        [
            seen[0] if one.campaign is None else _declared(one.campaign, seen[0], by)
            for one, seen in zip(data, visited, strict=True)
        ]
    )
    referring = [page.referrer for page in pages]
    sites = _numbered(_referrers(referring, by))
    kinds = [page.kind or seen[2] for page, seen in zip(pages, visited, strict=True)]
    zones = [page.zone or seen[3] for page, seen in zip(pages, visited, strict=True)]
    return {
        **_channel_columns(events, campaigns, sites, by),
        "page_url": pa.array(urls, pa.string()),
        "page_url_clean": pa.array([seen[1] for seen in visited], pa.string()),
        "page_title": pa.array([page.title for page in pages], pa.string()),
        "page_kind": encoded(kinds),
        "site_zone": encoded(zones),
        "referrer": pa.array(referring, pa.string()),
        **text_columns(sites.codes, sites.distinct, _REFERRER),
        **text_columns(
            campaigns.codes, [_tags(one) for one in campaigns.distinct], list(_CAMPAIGN)
        ),
    }


def _declared(told: contract.Campaign, read: Campaign | None, by: Enrichment) -> Campaign:
    """The campaign as the source read it; only the URL tells a partner's track id."""
    campaign = by.told_campaigns[told]
    if read is None or not read.partner_track_id:
        return campaign
    return campaign._replace(partner_track_id=read.partner_track_id)


def _referrers(urls: Sequence[str], by: Enrichment) -> list[Referrer]:
    """What the referring URLs tell. Most are other pages of the shop, where the origin says all."""
    own, known = by.own_origins, by.referrers
    return [
        INTERNAL if (end := url.find("/", 8)) > 0 and own[url[:end]] else known[url] for url in urls
    ]


def _channel_columns(
    events: Sequence[Event],
    campaigns: Numbered[Campaign | None],
    sites: Numbered[Referrer],
    by: Enrichment,
) -> dict[str, Any]:
    """The channel by our rules; and the one that counts, which is the declared one if there is."""
    count = len(sites.distinct)
    both = pc.add(pc.multiply(campaigns.codes, count), sites.codes).dictionary_encode()
    derived = [
        by.channels[_facts(campaigns.distinct[one // count], sites.distinct[one % count])]
        for one in both.dictionary.to_pylist()
    ]
    derived_channel = text_column(both.indices, derived)
    declared = encoded([event.channel for event in events])
    is_declared = pc.not_equal(declared, "")
    channel = pc.if_else(is_declared, declared.cast(pa.string()), derived_channel.cast(pa.string()))
    source = pc.if_else(is_declared, "declared", "derived")
    return {
        "channel": channel.dictionary_encode(),
        "channel_source": source.dictionary_encode(),
        "derived_channel": derived_channel,
    }


def _facts(campaign: Campaign | None, referrer: Referrer) -> Facts:
    return facts_of(campaign or NO_CAMPAIGN, referrer, has_page=campaign is not None)


def _tags(campaign: Campaign | None) -> Sequence[str]:
    return [getattr(campaign or NO_CAMPAIGN, name) for name in _CAMPAIGN.values()]


Value = TypeVar("Value", bound=Hashable)


class Numbered(NamedTuple, Generic[Value]):
    """The values of a batch as numbers: row i holds `distinct[codes[i]]`."""

    codes: pa.Array
    distinct: Sequence[Value]


def _numbered(values: Sequence[Value]) -> Numbered[Value]:
    """Number values in the order they come."""
    distinct = dict.fromkeys(values)
    numbers = {value: number for number, value in enumerate(distinct)}
    return Numbered(pa.array([numbers[value] for value in values], pa.int64()), list(distinct))
