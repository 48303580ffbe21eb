"""Campaign tags and click ids of a landing page, as one answer.

Tags are the shop's own words and win over what a network adds; a network's click id is told beside
them, with what it implies, and the channel rules weigh the two.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Final, NamedTuple

from streams.enrich.parameters import ClickId, Field, Implied

_OPENSTAT: Final = "Openstat"


class Campaign(NamedTuple):
    """What a link says about the campaign that it belongs to; empty where it says nothing.

    `name` is the campaign's, or its number where it has no name. `click_implies` is what the click
    id's network, or an Openstat mark, tells about the kind of link.
    """

    source: str = ""
    medium: str = ""
    name: str = ""
    term: str = ""
    content: str = ""
    click_id: str = ""
    click_network: str = ""
    click_implies: Implied = ""
    partner_track_id: str = ""


NO_CAMPAIGN: Final = Campaign()


def declared_campaign(
    *, source: str, medium: str, name: str, term: str, content: str, click_id: str
) -> Campaign:
    """The campaign as the source of an event read it.

    Whose click id it is stays unknown. Without a medium it says that somebody paid for the click;
    with one the medium says more.
    """
    implies: Implied = "paid" if click_id and not medium else ""
    return Campaign(source, medium, name, term, content, click_id, click_implies=implies)


def campaign_from(
    tags: Mapping[Field, str], click: ClickId | None, click_value: str, partner_track_id: str
) -> Campaign:
    """The campaign that the parameters of one URL tell of.

    Args:
        tags: decoded values of campaign tags, none empty.
        click: the click id that counts, None where there is none.
        click_value: its decoded value.
        partner_track_id: decoded value of the partners' parameter.
    """
    tag = tags.get
    campaign = Campaign(
        tag("source", ""),
        tag("medium", ""),
        tag("name", "") or tag("id", ""),
        tag("term", ""),
        tag("content", ""),
        click_value if click and click.names_click else "",
        click.network if click else "",
        click.implies if click else "",
        partner_track_id,
    )
    return _with_openstat(campaign, tags["openstat"]) if "openstat" in tags else campaign


def _with_openstat(tags: Campaign, mark: str) -> Campaign:
    """Tags, filled from an Openstat mark `service;campaign;ad;place` where they are empty.

    The place on the page has no field here and is left out.
    """
    parts = _openstat_text(mark).split(";")
    if len(parts) != 4:
        return tags
    service, campaign, advertisement, _ = parts
    return tags._replace(
        source=tags.source or service.strip(),
        name=tags.name or campaign.strip(),
        content=tags.content or advertisement.strip(),
        click_network=tags.click_network or _OPENSTAT,
        click_implies=tags.click_implies or "paid",
    )


def _openstat_text(mark: str) -> str:
    if ";" in mark:
        return mark
    code = mark.replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return b64decode(code + "=" * (-len(code) % 4), validate=True).decode()
    except ValueError:  # no base64, or no text in it: a mark of somebody else's making
        return ""
