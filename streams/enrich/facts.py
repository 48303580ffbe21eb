"""What a channel is found by: the facts of one event, and what follows from them for rules."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from streams.enrich.campaign import Campaign
from streams.enrich.parameters import Implied
from streams.enrich.referrer import Referrer, ReferrerMedium
from streams.enrich.sites import site_of_source

Category = Literal["", "search", "social", "video", "shopping", "email", "ai", "ads", "referral"]

_NO_SOURCE: Final = ("", "internal", "payment")
_UNSET_MEDIUMS: Final = ("", "(none)", "(not set)")


class Facts(NamedTuple):
    """What is known of where an event came from, each fact empty when it is not.

    `has_page` is False for an event that knows of no page: it is not direct, it is not assigned.
    """

    source: str = ""
    medium: str = ""
    campaign: str = ""
    click_network: str = ""
    click_implies: Implied = ""
    referrer_medium: ReferrerMedium = ""
    referrer_source: str = ""
    partner_track_id: str = ""
    has_page: bool = True


def facts_of(campaign: Campaign, referrer: Referrer, *, has_page: bool) -> Facts:
    """The facts of an event with this campaign and this referrer."""
    return Facts(
        campaign.source,
        campaign.medium,
        campaign.name,
        campaign.click_network,
        campaign.click_implies,
        referrer.medium,
        referrer.source,
        campaign.partner_track_id,
        has_page,
    )


class Seen(NamedTuple):
    """Facts that rules ask for, with what follows from them."""

    source: str
    medium: str
    campaign: str
    click_network: str
    click_implies: str
    referrer_medium: str
    referrer_source: str
    source_category: str
    has_partner_track_id: bool
    is_direct: bool


def seen_in(facts: Facts) -> Seen:
    """Facts as rules look at them."""
    return Seen(
        facts.source,
        facts.medium,
        facts.campaign,
        facts.click_network,
        facts.click_implies,
        facts.referrer_medium,
        facts.referrer_source,
        _category(facts.source, facts.referrer_medium),
        facts.partner_track_id != "",
        _is_direct(facts),
    )


def _category(source: str, referrer_medium: str) -> str:
    if not source:
        return "" if referrer_medium in _NO_SOURCE else referrer_medium
    site = site_of_source(source)
    return site.medium if site and site.medium != "payment" else ""


def _is_direct(facts: Facts) -> bool:
    if facts.source or facts.medium:
        return facts.source == "(direct)" and facts.medium in _UNSET_MEDIUMS
    if facts.campaign or facts.click_network or facts.click_implies or facts.partner_track_id:
        return False
    return facts.has_page and facts.referrer_medium in _NO_SOURCE
