"""What the URLs of pages say, and their parts, remembered from batch to batch."""

from __future__ import annotations

from typing import NamedTuple

from streams.enrich.campaign import Campaign
from streams.enrich.memory import Remembered
from streams.enrich.page import Names, Page, PageRules
from streams.enrich.page_url import page_url_of, plain_host, query_of


class Visit(NamedTuple):
    """What a page's URL says; without a page there is no campaign."""

    campaign: Campaign | None
    clean_url: str
    page: Page


class Section(NamedTuple):
    """What the beginning of a URL says of all that begin so: by what their pages are named."""

    kinds: Names
    zones: Names


class Visited:
    """Rules at work on the URLs of pages.

    `visits[url]` reads a whole URL, `sections[beginning]` one up to the / behind the first step of
    its path (None where it is not clean as it stands), and `queries[query]` says what a query tells
    and what of it stays.
    """

    def __init__(self, pages: PageRules, partner_parameters: frozenset[str]) -> None:
        self._pages = pages
        self._partner_parameters = partner_parameters
        self.visits = Remembered(self._visit)
        self.sections = Remembered(self._section)
        self.queries = Remembered(self._query)

    def forget_beyond(self, count: int) -> None:
        """Forget what is remembered of a part when it is more than so many answers."""
        for remembered in (self.visits, self.sections, self.queries):
            remembered.forget_beyond(count)

    def _visit(self, url: str) -> Visit:
        if not url:
            return Visit(None, "", Page("", ""))
        read = page_url_of(url, self._partner_parameters)
        return Visit(read.campaign, read.clean_url, self._pages.page_of(read.target))

    def _section(self, beginning: str) -> Section | None:
        path_at = beginning.find("/", 8)  # behind https:// and at least one character of a host
        if path_at < 0 or not plain_host(beginning[:path_at]):
            return None
        return Section(*self._pages.names_below(beginning[path_at:]))

    def _query(self, query: str) -> tuple[Campaign, str]:
        return query_of(query, self._partner_parameters)
