"""The pages of a batch: what their URLs say, read by columns.

Page URLs are mostly unique, so whatever is done for each of them is paid for by nearly every event.
But they consist of few parts: the origin with the first step of the path, and a query that many
share. URLs are cut into these, each distinct part is read once, and the answers are spread over the
rows. What is written another way (a fragment, a session in the path, a host in capitals, what may
be personal in the path, a page that its first step does not tell) is read one by one: `page_url_of`
and `PageRules` say what is right, here is only the short way to the same answer, and a property
test holds them together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from streams.enrich.campaign import Campaign
from streams.enrich.cut import Texts
from streams.enrich.masked import may_be_personal, texts_of, with_texts
from streams.enrich.numbered import Numbered, Numbers
from streams.enrich.page import OTHER, Names
from streams.enrich.visited import Section, Visited


class PagesRead(NamedTuple):
    """What n URLs say; the campaign is None where there is no page.

    `shown_urls` are the URLs with all their parameters and nothing personal.
    """

    campaigns: Numbered[Campaign | None]
    clean_urls: pa.StringArray
    shown_urls: pa.StringArray
    kinds: Numbered[str]
    zones: Numbered[str]


def pages_read(urls: pa.StringArray, visited: Visited) -> PagesRead:
    """Read the URLs of a batch.

    Args:
        urls: (n,), empty where there is no page.
        visited: the rules in force, with what is remembered of earlier batches.
    """
    texts = Texts(urls)
    (query_at,) = texts.places_of_nth("?", 1)
    sections = _sections(texts, query_at, visited)
    is_clean = np.array([section is not None for section in sections.distinct], bool)
    is_usual = is_clean[sections.codes] & texts.end_in_ascii()
    is_usual &= ~(texts.has("#") | texts.has(";"))
    (path_at,) = texts.places_of_nth("/", 3)
    is_usual &= ~may_be_personal(texts.cut_between(np.minimum(path_at, query_at), query_at))
    campaigns, clean_urls, is_masked = _by_queries(texts, query_at, is_usual, visited)
    cleaned = Texts(clean_urls)
    (path_at,) = cleaned.places_of_nth("/", 3)
    named = _Named(sections.codes, is_usual, cleaned.cut_between(path_at, cleaned.ends))
    kinds = named.by([section and section.kinds for section in sections.distinct], OTHER)
    zones = named.by([section and section.zones for section in sections.distinct], "")

    masked = np.flatnonzero(is_masked)
    shown_urls = with_texts(urls, masked, [visited.shown[url] for url in texts_of(urls, masked)])
    read = PagesRead(campaigns, clean_urls, shown_urls, kinds, zones)
    return _with_pages_read_alone(read, urls, np.flatnonzero(~is_usual), visited)


def _with_pages_read_alone(
    read: PagesRead, urls: pa.StringArray, rows: Any, visited: Visited
) -> PagesRead:
    """The same with these rows read one by one; the codes are changed where they stand."""
    visits = [visited.visits[url] for url in texts_of(urls, rows)]
    read.campaigns.put(rows, [visit.campaign for visit in visits])
    read.kinds.put(rows, [visit.page.kind for visit in visits])
    read.zones.put(rows, [visit.page.zone for visit in visits])
    return read._replace(
        clean_urls=with_texts(read.clean_urls, rows, [visit.clean_url for visit in visits]),
        shown_urls=with_texts(read.shown_urls, rows, [visit.shown_url for visit in visits]),
    )


def _sections(texts: Texts, query_at: Any, visited: Visited) -> Numbered[Section | None]:
    """The section of each URL, by its beginning up to the / behind the first step of its path."""
    (step_end,) = texts.places_of_nth("/", 4)
    end = np.minimum(np.minimum(step_end + 1, query_at), texts.ends)
    beginnings = texts.cut_between(texts.begins, end).dictionary_encode()
    numbers = Numbers[Section | None]()
    of_beginning = [numbers[visited.sections[one]] for one in beginnings.dictionary.to_pylist()]
    return Numbered(np.array(of_beginning, np.int32)[beginnings.indices.to_numpy()], numbers)


def _by_queries(
    texts: Texts, query_at: Any, is_usual: Any, visited: Visited
) -> tuple[Numbered[Campaign | None], pa.StringArray, Any]:
    """The campaigns of usual URLs, these URLs with what stays of their queries, and in which
    something is masked, (n,) of bool.
    """
    begin = np.where(is_usual, np.minimum(query_at + 1, texts.ends), texts.ends)
    queries = texts.cut_between(begin, texts.ends).dictionary_encode()
    distinct = queries.dictionary.to_pylist()
    answers = [visited.queries[query] for query in distinct]
    campaigns = Numbers[Campaign | None]()
    of_query = np.array([campaigns[campaign] for campaign, _, _ in answers], np.int32)
    kept = pa.array([kept for _, kept, _ in answers], pa.string()).take(queries.indices)
    bare = texts.cut_between(texts.begins, query_at)
    with_kept = pc.binary_join_element_wise(bare, kept, "?")
    clean_urls = pc.if_else(pc.equal(kept, ""), bare, with_kept)
    codes = queries.indices.to_numpy()
    is_masked = np.array(
        [one[2] != query for one, query in zip(answers, distinct, strict=True)], bool
    )
    return Numbered(of_query[codes], campaigns), clean_urls, is_masked[codes]


class _Named(NamedTuple):
    """Names for the pages of n rows, by the section of each; of use only where a row is usual."""

    section_codes: Any
    is_usual: Any
    targets: pa.StringArray

    def by(self, names_of_sections: Sequence[Names | None], otherwise: str) -> Numbered[str]:
        numbers, ways = Numbers[str](), Numbers[Names | None]()
        of_section = np.array([ways[names] for names in names_of_sections], np.int32)
        way_codes = of_section[self.section_codes]
        codes = np.zeros(len(way_codes), np.int32)
        for way, names in enumerate(ways):
            if names is None:
                continue
            rows = np.flatnonzero(self.is_usual & (way_codes == way))
            if names.sole is not None:
                codes[rows] = numbers[names.sole or otherwise]
            else:
                found = names.names_of(texts_of(self.targets, rows))
                codes[rows] = [numbers[name or otherwise] for name in found]
        return Numbered(codes, numbers)
