"""What the URLs of pages say, remembered: the one reading that nearly every event pays for."""

from __future__ import annotations

from streams.enrich.campaign import Campaign
from streams.enrich.memory import LONGEST_REMEMBERED, Remembered
from streams.enrich.page import PageRules
from streams.enrich.page_url import page_url_of

# Campaign, clean URL, kind of page, zone of the site; without a page there is no campaign.
Seen = tuple[Campaign | None, str, str, str]


class Visited(Remembered[str, Seen]):
    """`visited[url]` is what a page's URL says; a plain tuple, for it is made for every event."""

    def __init__(self, pages: PageRules, partner_parameters: frozenset[str]) -> None:
        super().__init__(self._read)
        self._page_of = pages.page_of
        self._partner_parameters = partner_parameters
        self[""] = (None, "", "", "")

    def __missing__(self, url: str) -> Seen:
        seen = self._read(url)  # a call less than in general: it is the hottest of all
        if len(url) <= LONGEST_REMEMBERED:
            self[url] = seen
        return seen

    def forget_beyond(self, count: int) -> None:
        """Forget all but the page that is none."""
        super().forget_beyond(count)
        self[""] = (None, "", "", "")

    def _read(self, url: str) -> Seen:
        campaign, clean_url, _, _, target = page_url_of(url, self._partner_parameters)
        kind, zone = self._page_of(target)
        return campaign, clean_url, kind, zone
