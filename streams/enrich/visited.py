"""What the URLs of pages say, and their parts, remembered from batch to batch."""

from __future__ import annotations

from typing import NamedTuple

from streams.enrich.campaign import Campaign
from streams.enrich.masks import Masks
from streams.enrich.memory import Remembered
from streams.enrich.page import Names, Page, PageRules
from streams.enrich.page_url import page_url_of, plain_host, query_of
from streams.enrich.shown_url import shown_url


class Visit(NamedTuple):
    """What a page's URL says; without a page there is no campaign."""

    campaign: Campaign | None
    clean_url: str
    shown_url: str
    page: Page


class Section(NamedTuple):
    """What the beginning of a URL says of all that begin so: by what their pages are named."""

    kinds: Names
    zones: Names


class Visited:
    """Rules at work on the URLs of pages.

    `visits[url]` reads a whole URL, `sections[beginning]` one up to the / behind the first step of
    its path (None where it is not clean as it stands), `queries[query]` says what a query tells,
    what of it stays and how the whole may be shown, and `shown[url]` how any URL may be.
    """

    def __init__(self, pages: PageRules, partner_parameters: frozenset[str], masks: Masks) -> None:
        self._pages = pages
        self._masks = masks
        self._partner_parameters = partner_parameters
        self.visits = Remembered(self._visit)
        self.sections = Remembered(self._section)
        self.queries = Remembered(self._query)
        self.shown = Remembered(self._shown)

    def forget_beyond(self, count: int) -> None:
        """Forget what is remembered of a part when it is more than so many answers."""
        for remembered in (self.visits, self.sections, self.queries, self.shown):
            remembered.forget_beyond(count)

    def _visit(self, url: str) -> Visit:
        if not url:
            return Visit(None, "", "", Page("", ""))
        read = page_url_of(url, self._partner_parameters, self._masks)
        page = self._pages.page_of(read.target)
        return Visit(read.campaign, read.clean_url, self._shown(url), page)

    def _section(self, beginning: str) -> Section | None:
        path_at = beginning.find("/", 8)  # behind https:// and at least one character of a host
        if path_at < 0 or not plain_host(beginning[:path_at]):
            return None
        return Section(*self._pages.names_below(beginning[path_at:]))

    def _query(self, query: str) -> tuple[Campaign, str, str]:
        return query_of(query, self._partner_parameters, self._masks)

    def _shown(self, url: str) -> str:
        return shown_url(url, self._partner_parameters, self._masks)
