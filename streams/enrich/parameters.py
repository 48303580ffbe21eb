"""What the parameters of a shop's URLs mean: campaign tags, click ids, and what only tracks.

To teach a new click id, add a line to `CLICK_IDS`; a new parameter that is to leave the URL, a name
to `TRACKING`. All names are lower case here, whatever the case in the URL. Of several click ids in
one URL the one listed first counts: what surely is an advertisement stands above what may be one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal, NamedTuple
from urllib.parse import unquote

Implied = Literal[
    "",
    "paid search",
    "paid social",
    "paid shopping",
    "paid",
    "display",
    "email",
    "affiliate",
    "social",
    "organic search",
    "organic shopping",
]
Field = Literal["source", "medium", "name", "id", "term", "content", "openstat"]


class ClickId(NamedTuple):
    """A parameter that a network adds to a link, whose it is and what it tells.

    `names_click` is False for a label that many clicks share and that is no id therefore.
    """

    parameter: str
    network: str
    implies: Implied
    reason: str
    names_click: bool = True


# fmt: off
CLICK_IDS: Final = (
    ClickId("gclid", "Google Ads", "paid search", "Analytics reads it as google / cpc"),
    ClickId("gbraid", "Google Ads", "paid search", "gclid's place on iOS, from app to web"),
    ClickId("wbraid", "Google Ads", "paid search", "gclid's place on iOS, from web to web"),
    ClickId("dclid", "Google Display & Video", "display", "Campaign Manager's display ads"),
    ClickId("msclkid", "Microsoft Advertising", "paid search", "added to clicks on ads only"),
    ClickId("yclid", "Yandex Direct", "paid search", "added to clicks on ads only"),
    ClickId("ymclid", "Yandex Market", "paid shopping", "offers on the market are paid per click"),
    ClickId("ef_id", "Adobe Advertising", "paid", "ads of several kinds share it"),
    ClickId("s_kwcid", "Adobe Advertising", "paid search", "names the keyword that was bought"),
    ClickId("ttclid", "TikTok Ads", "paid social", "added to clicks on ads only"),
    ClickId("twclid", "X Ads", "paid social", "added to clicks on ads only"),
    ClickId("li_fat_id", "LinkedIn Ads", "paid social", "added to clicks on ads only"),
    ClickId("rdt_cid", "Reddit Ads", "paid social", "added to clicks on ads only"),
    ClickId("sccid", "Snapchat Ads", "paid social", "added to clicks on ads only"),
    ClickId("rb_clickid", "VK Ads", "paid social", "the click of VK Ads and myTarget"),
    ClickId("qclid", "Quora Ads", "paid social", "added to clicks on ads only"),
    ClickId("tblci", "Taboola", "display", "paid recommendations among articles"),
    ClickId("dicbo", "Outbrain", "display", "paid recommendations among articles"),
    ClickId("obclid", "Outbrain", "display", "the same, by its older name"),
    ClickId("irclickid", "impact.com", "affiliate", "a partner is paid by it"),
    ClickId("cjevent", "CJ Affiliate", "affiliate", "a partner is paid by it"),
    ClickId("awc", "Awin", "affiliate", "a partner is paid by it"),
    ClickId("tduid", "Tradedoubler", "affiliate", "a partner is paid by it"),
    ClickId("admitad_uid", "Admitad", "affiliate", "a partner is paid by it"),
    ClickId("ransiteid", "Rakuten Advertising", "affiliate", "a partner is paid by it"),
    ClickId("sscid", "ShareASale", "affiliate", "a partner is paid by it"),
    ClickId("clickref", "Partnerize", "affiliate", "a partner is paid by it"),
    ClickId("mc_eid", "Mailchimp", "email", "names the reader of a newsletter"),
    ClickId("_hsenc", "HubSpot", "email", "names the reader of a newsletter"),
    ClickId("_hsmi", "HubSpot", "email", "names the newsletter, not the reader", names_click=False),
    ClickId("mkt_tok", "Marketo", "email", "names the reader of a newsletter"),
    ClickId("_kx", "Klaviyo", "email", "names the reader of a newsletter"),
    ClickId("dm_i", "Dotdigital", "email", "names the reader of a newsletter"),
    ClickId("vero_id", "Vero", "email", "names the reader of a newsletter"),
    ClickId("ck_subscriber_id", "Kit", "email", "names the reader of a newsletter"),
    ClickId("gad_source", "Google Ads", "paid search", "left when gclid is cut", names_click=False),
    ClickId("fbclid", "Meta", "social", "added to every link that leads out, paid or not"),
    ClickId("epik", "Pinterest", "social", "added to pins, paid or not"),
    ClickId("igshid", "Instagram", "social", "added when somebody shares a link"),
    ClickId("igsh", "Instagram", "social", "the same, by its newer name"),
    ClickId("srsltid", "Google Merchant Center", "organic shopping", "free product listings"),
    ClickId("ysclid", "Yandex", "organic search", "added to results that are no ads"),
)
# fmt: on

# Tags by which a shop names its campaigns: Analytics' own, Matomo's and Openstat's.
FIELDS: Final[dict[str, Field]] = {
    "utm_source": "source",
    "utm_medium": "medium",
    "utm_campaign": "name",
    "utm_id": "id",
    "gad_campaignid": "id",
    "utm_term": "term",
    "utm_content": "content",
    "mtm_source": "source",
    "mtm_medium": "medium",
    "mtm_campaign": "name",
    "mtm_cid": "id",
    "mtm_kwd": "term",
    "mtm_keyword": "term",
    "mtm_content": "content",
    "pk_source": "source",
    "pk_medium": "medium",
    "pk_campaign": "name",
    "pk_kwd": "term",
    "pk_keyword": "term",
    "pk_content": "content",
    "_openstat": "openstat",
}

# What says nothing to us and makes one page look like many.
TRACKING: Final = frozenset(
    [
        *("_ga", "_gl", "_gac", "_gid", "gclsrc", "gcl_au"),
        *("etext", "ybaip", "_ym_debug"),
        *("mc_cid", "mc_tc", "hsctatracking", "__hssc", "__hstc", "__hsfp", "hsfp"),
        *("vero_conv", "oly_anon_id", "oly_enc_id", "ml_subscriber", "ml_subscriber_hash"),
        *("mindbox-click-id", "mindbox-message-key", "sfmc_id", "sfmc_activityid", "bsft_clkid"),
        *("_branch_match_id", "_branch_referrer", "__s", "wickedid", "spm"),
        *("cjdata", "irgwc", "ranmid", "raneaid", "fb_action_ids", "fb_action_types", "fb_source"),
        *("phpsessid", "jsessionid", "cfid", "cftoken", "sessionid", "session_id", "osclsid"),
        *("zenid", "oscsid", "xtcsid", "pk_vid", "pk_cpn", "pk_cid"),
    ]
)
TRACKING_PREFIXES: Final = ("utm_", "mtm_", "hsa_", "aspsessionid", "__hs")

# A tag's field, the rank of a click id, or whether an unknown parameter only tracks.
Meaning = Field | int | Literal["keep", "drop"]

_RANKS: Final = {click.parameter: rank for rank, click in enumerate(CLICK_IDS)}


@lru_cache(maxsize=4096)
def meaning_of(parameter: str) -> Meaning:
    """What a parameter means, by its name as it stands in a URL."""
    name = unquote(parameter).lower()
    if name in FIELDS:
        return FIELDS[name]
    if name in _RANKS:
        return _RANKS[name]
    return "drop" if name in TRACKING or name.startswith(TRACKING_PREFIXES) else "keep"
