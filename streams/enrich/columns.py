"""The enriched columns of a batch: what its events do not say, but their parts do.

Each source (user agent, address, referrer, campaign) is numbered by its distinct values first; what
follows from it is computed per number and spread over the rows by Arrow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from streams import events as contract
from streams.enrich.campaign import NO_CAMPAIGN, Campaign
from streams.enrich.coded import text_column, text_columns
from streams.enrich.cut import Texts
from streams.enrich.enrichment import Enrichment
from streams.enrich.facts import Facts, facts_of
from streams.enrich.masked import shown_texts, shown_urls
from streams.enrich.numbered import Numbered, Numbers
from streams.enrich.pages_read import pages_read
from streams.enrich.referrer import INTERNAL, Referrer
from streams.told import SEARCHES, Told

_AGENT = ("device_class", "device_brand", "browser", "browser_version", "os", "os_version")
_CAMPAIGN = {  # column: field of a campaign
    **{f"campaign_{field}": field for field in ("source", "medium", "name", "term", "content")},
    **{field: field for field in ("click_id", "click_network", "partner_track_id")},
}
_AREA = ("country", "region", "time_zone")
_AREA_OF = attrgetter(*_AREA)
_REFERRER = ("referrer_medium", "referrer_source", "referrer_term")


def enriched_columns(told: Told, by: Enrichment) -> dict[str, Any]:
    """Columns of `analytics.events` that enrichment fills, each (n,) in the order of the events.

    Args:
        told: what the events of the batch say, n of them.
        by: the tables in force.
    """
    by.begin_batch()
    said = told.columns
    return {
        **_client_columns(said, by),
        **_page_columns(told, by),
        **_search_columns(said["kind"], said["detail"], by),
        "product_categories": _categories(said["product_categories"], by),
        "product_urls": pa.ListArray.from_arrays(
            said["product_urls"].offsets, shown_urls(said["product_urls"].flatten(), by.visited)
        ),
    }


def _client_columns(said: Mapping[str, Any], by: Enrichment) -> dict[str, Any]:
    agents = said["user_agent"].dictionary_encode()
    found = [by.agents[agent] for agent in agents.dictionary.to_pylist()]
    addresses = said["address"].dictionary_encode()
    places = [by.places[address] for address in addresses.dictionary.to_pylist()]
    areas = Numbers[tuple[str, ...]]()
    area_of_address = pa.array([areas[area] for area in map(_AREA_OF, places)], pa.int32())
    languages = said["language"].dictionary_encode()
    liked = [by.languages[language] for language in languages.dictionary.to_pylist()]
    reasons = pa.array([one.bot_reasons for one in found], pa.list_(pa.string()))
    return {
        "user_agent": agents,
        **text_columns(agents.indices, [one[:6] for one in found], _AGENT),
        "bot_verdict": text_column(agents.indices, [one.bot_verdict for one in found]),
        "bot_reasons": reasons.take(agents.indices),
        "language": text_column(languages.indices, liked),
        "network": text_column(addresses.indices, [place.network for place in places]),
        **text_columns(area_of_address.take(addresses.indices), list(areas), _AREA),
    }


def _page_columns(told: Told, by: Enrichment) -> dict[str, Any]:
    said = told.columns
    read = pages_read(said["page_url"], by.visited)
    campaigns = _with_declared(read.campaigns, told.campaigns, by)
    sites = referrers_read(said["referrer"], by)
    tags = [_tags(one) for one in campaigns.distinct]
    return {
        **_channel_columns(said["channel"], campaigns, sites, by),
        "page_url": read.shown_urls,
        "page_url_clean": read.clean_urls,
        "referrer": shown_urls(said["referrer"], by.visited),
        "page_kind": _told_or(said["page_kind"], pa.array(read.kinds.codes), read.kinds.distinct),
        "site_zone": _told_or(said["site_zone"], pa.array(read.zones.codes), read.zones.distinct),
        **text_columns(pa.array(sites.codes), sites.distinct, _REFERRER),
        **text_columns(pa.array(campaigns.codes), tags, list(_CAMPAIGN)),
    }


def _told_or(told: pa.StringArray, codes: pa.Array, texts: Sequence[str]) -> pa.DictionaryArray:
    """What the source says; where it says nothing `texts[codes[i]]`."""
    known = text_column(codes, texts)
    is_told = pc.not_equal(told, "")
    if not pc.any(is_told).as_py():
        return known
    return pc.if_else(is_told, told, known.cast(pa.string())).dictionary_encode()


def _with_declared(
    read: Numbered[Campaign | None], declared: Mapping[int, contract.Campaign], by: Enrichment
) -> Numbered[Campaign | None]:
    """Campaigns of the URLs, but those that the sources read where there are any."""
    if not declared:
        return read
    distinct = read.distinct
    told = [
        _declared(campaign, distinct[read.codes[row]], by) for row, campaign in declared.items()
    ]
    read.put(list(declared), told)
    return read


def _declared(told: contract.Campaign, read: Campaign | None, by: Enrichment) -> Campaign:
    """The campaign as the source read it; only the URL tells a partner's track id."""
    campaign = by.told_campaigns[told]
    if read is None or not read.partner_track_id:
        return campaign
    return campaign._replace(partner_track_id=read.partner_track_id)


def referrers_read(urls: pa.StringArray, by: Enrichment) -> Numbered[Referrer]:
    """What the referring URLs tell. Most are other pages of the shop, where the origin says all."""
    texts = Texts(urls)
    (path_at,) = texts.places_of_nth("/", 3)
    origins = texts.cut_between(texts.begins, path_at).dictionary_encode()
    own = np.array([by.own_origins[origin] for origin in origins.dictionary.to_pylist()], bool)
    is_own = own[origins.indices.to_numpy()] & (path_at < texts.ends)
    foreign = np.flatnonzero(~is_own)
    distinct = urls.take(pa.array(foreign)).dictionary_encode()
    sites = Numbers[Referrer]()
    codes = np.full(texts.count, sites[INTERNAL], np.int32)
    site_of_url = [sites[by.referrers[url]] for url in distinct.dictionary.to_pylist()]
    codes[foreign] = np.array(site_of_url, np.int32)[distinct.indices.to_numpy()]
    return Numbered(codes, sites)


def _channel_columns(
    told: pa.StringArray,
    campaigns: Numbered[Campaign | None],
    sites: Numbered[Referrer],
    by: Enrichment,
) -> dict[str, Any]:
    """The channel by our rules; and the one that counts, which is the declared one if there is."""
    read, referring = campaigns.distinct, sites.distinct
    count = len(referring)
    both = pa.array(campaigns.codes.astype(np.int64) * count + sites.codes).dictionary_encode()
    derived = [
        by.channels[_facts(read[one // count], referring[one % count])]
        for one in both.dictionary.to_pylist()
    ]
    is_told = pc.not_equal(told, "")
    channels = _told_or(told, both.indices, derived)
    is_direct = [by.tables.channels.is_direct(one) for one in channels.dictionary.to_pylist()]
    return {
        "channel": channels,
        "is_channel_direct": pa.array(is_direct, pa.bool_()).take(channels.indices),
        "channel_source": pc.if_else(is_told, "declared", "derived").dictionary_encode(),
        "derived_channel": text_column(both.indices, derived),
    }


def _facts(campaign: Campaign | None, referrer: Referrer) -> Facts:
    return facts_of(campaign or NO_CAMPAIGN, referrer, has_page=campaign is not None)


def _tags(campaign: Campaign | None) -> Sequence[str]:
    return [getattr(campaign or NO_CAMPAIGN, name) for name in _CAMPAIGN.values()]


def _categories(told: pa.ListArray, by: Enrichment) -> pa.ListArray:
    """The categories of each event's products, written one way."""
    categories = told.flatten().dictionary_encode()
    paths = [by.categories[category] for category in categories.dictionary.to_pylist()]
    return pa.ListArray.from_arrays(
        told.offsets, text_column(categories.indices, paths).cast(pa.string())
    )


def _search_columns(kinds: pa.Array, details: pa.StringArray, by: Enrichment) -> dict[str, Any]:
    """The words of those events that are searches on the site, as they stand and normalised."""
    is_search = pa.array(SEARCHES[kinds.to_numpy()])
    queries = details.filter(is_search)
    nothing = pa.repeat(pa.scalar("", pa.string()), len(kinds))
    words = pa.array([by.searches[query] for query in queries.to_pylist()], pa.string())
    return {
        "detail": pc.replace_with_mask(details, is_search, shown_texts(queries)),
        "search_words": pc.replace_with_mask(nothing, is_search, words),
    }
