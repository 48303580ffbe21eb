"""What enrichment depends on: the shop's settings and tables, of one state that has a name.

Another state may enrich another way, so each is numbered (`streams.versions`), and every row of
`analytics.events` says under which number it was made. A new state reaches old rows by
`streams.anew`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from zoneinfo import ZoneInfo

from streams import events as contract
from streams.code_digest import code_of_rows
from streams.enrich.campaign import Campaign, declared_campaign
from streams.enrich.channel import ChannelRules
from streams.enrich.geography import Geography
from streams.enrich.masks import Masks
from streams.enrich.memory import Remembered
from streams.enrich.page import PageRules
from streams.enrich.product import category_path, search_words
from streams.enrich.referrer import INTERNAL, Referrer, referrer_of
from streams.enrich.sites import shipped_sites
from streams.enrich.user_agent import user_agent_of, user_agent_tables
from streams.enrich.visited import Visited
from streams.nobody import NobodyIds
from streams.personal import masked_emails, plain_digest
from streams.settings import StreamSettings

MOST_REMEMBERED = 50_000  # per kind of value: 10 to 20 MB of usual ones, 80 of the longest kept


@dataclass(frozen=True, slots=True)
class Tables:
    """Settings and rule tables of one state.

    Args:
        zone: the shop's time zone.
        own_hosts: its host names, lower case; a link from one of them is no referrer.
        payment_hosts: of payment gateways beyond those known to us; neither are they referrers.
        partner_parameters: lower-case names of URL parameters that bear a partner's track id.
        channels: from campaign and referrer to channel.
        pages: from address to kind of page and zone of the site.
        geography: from address to country.
        nobody: identifiers that name nobody.
        masks: what of URLs and search words is not held.
    """

    zone: ZoneInfo
    own_hosts: frozenset[str] = frozenset()
    payment_hosts: frozenset[str] = frozenset()
    partner_parameters: frozenset[str] = frozenset()
    channels: ChannelRules = field(default_factory=ChannelRules.read)
    pages: PageRules = field(default_factory=PageRules.read)
    geography: Geography = field(default_factory=lambda: Geography.open(None))
    nobody: NobodyIds = field(default_factory=NobodyIds.read)
    masks: Masks = field(default_factory=Masks.read)

    @classmethod
    def of(cls, settings: StreamSettings) -> Tables:
        """Read the tables that settings name.

        Raises:
            ChannelRulesError, PageRulesError, GeographyError, NobodyIdsError,
                MaskedParametersError: a file is not what it should be.
        """
        return cls(
            zone=settings.zone,
            own_hosts=settings.own_hosts,
            payment_hosts=settings.payment_hosts_known,
            partner_parameters=settings.partner_parameter_names,
            channels=ChannelRules.read(settings.channel_rules),
            pages=PageRules.read(settings.page_rules),
            geography=Geography.open(settings.geo_database),
            nobody=NobodyIds.read(settings.nobody_ids),
            masks=Masks.read(settings.masked_parameters),
        )

    def parts(self) -> dict[str, str]:
        """What a row's enrichment depends on, by name: equal parts give equal rows."""
        return {
            "code": code_of_rows(),
            "time zone": self.zone.key,
            "own hosts": " ".join(sorted(self.own_hosts)),
            "payment hosts": " ".join(sorted(self.payment_hosts)),
            "partner parameters": " ".join(sorted(self.partner_parameters)),
            "channel rules": self.channels.digest,
            "page rules": self.pages.digest,
            "geography": self.geography.digest,
            "nobody ids": self.nobody.digest,
            "masked parameters": self.masks.digest,
            "user agents": user_agent_tables(),
            "sites": shipped_sites().digest,
            "public suffixes": version("publicsuffixlist"),
        }


class Enrichment:
    """Tables at work: their answers remembered, under the number that rows will bear."""

    def __init__(self, tables: Tables, version: int = 0) -> None:
        self.tables = tables
        self.version = version
        self.agents = Remembered(user_agent_of)
        self.places = Remembered(tables.geography.place_of)
        self.visited = Visited(tables.pages, tables.partner_parameters, tables.masks)
        self.referrers = Remembered(self.referrer)
        self.channels = Remembered(tables.channels.channel_of)
        self.categories = Remembered(category_path)
        self.searches = Remembered(search_words)
        self.languages = Remembered(language_of)
        self.told_campaigns = Remembered(campaign_told)
        self.own_origins = Remembered(self._is_own)
        self._names_nobody = tables.nobody.names_nobody
        self.identifiers = Remembered(self._identifier)

    @property
    def zone(self) -> ZoneInfo:
        """The shop's time zone."""
        return self.tables.zone

    def begin_batch(self) -> None:
        """Keep memory bounded."""
        for remembered in vars(self).values():
            if isinstance(remembered, Remembered | Visited):
                remembered.forget_beyond(MOST_REMEMBERED)

    def referrer(self, url: str) -> Referrer:
        """What a referring URL tells."""
        return referrer_of(url, self.tables.own_hosts, self.tables.payment_hosts)

    def _identifier(self, identifier: str) -> str:
        """An identifier as the base holds it: empty, or a digest, where it is to be another."""
        if self._names_nobody(identifier):
            return ""
        return plain_digest(identifier) or identifier

    def _is_own(self, origin: str) -> bool:
        return self.referrer(f"{origin}/") is INTERNAL  # with what stands behind it in a URL


def campaign_told(told: contract.Campaign) -> Campaign:
    """The campaign as the source read it: it saw more than the page's URL, perhaps."""
    return declared_campaign(
        source=masked_emails(told.source),
        medium=masked_emails(told.medium),
        name=masked_emails(told.name),
        term=masked_emails(told.term),
        content=masked_emails(told.content),
        click_id=masked_emails(told.click_id),
    )


def language_of(text: str) -> str:
    """The language a browser likes best, such as `de-at`, of an Accept-Language header or a tag."""
    return text.split(",", 1)[0].split(";", 1)[0].strip().lower().replace("_", "-")[:35]


def differing(parts: Mapping[str, str], others: Mapping[str, str]) -> list[str]:
    """The names of the parts in which two states differ, in order."""
    return sorted(name for name in {*parts, *others} if parts.get(name, "") != others.get(name, ""))
