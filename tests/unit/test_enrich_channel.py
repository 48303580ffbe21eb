"""Channels: Analytics' definitions line by line, what we add, and mistakes in a shop's table."""

from pathlib import Path

import pytest

from streams.enrich.campaign import declared_campaign
from streams.enrich.channel import ChannelRules, ChannelRulesError
from streams.enrich.facts import Facts, facts_of
from streams.enrich.page_url import campaign_of
from streams.enrich.referrer import NO_REFERRER, referrer_of

SHIPPED = ChannelRules.read()


def tagged(source: str = "", medium: str = "", campaign: str = "") -> Facts:
    return Facts(source, medium, campaign)


def landed(query: str, referrer: str = "") -> Facts:
    """The facts of a visitor who comes to the shop by a link."""
    campaign = campaign_of(f"https://shop.example/mugs?{query}", frozenset({"partner"}))
    place = referrer_of(referrer, frozenset({"shop.example"}))
    return facts_of(campaign, place, has_page=True)


def declared(source: str = "", medium: str = "", click_id: str = "7") -> Facts:
    campaign = declared_campaign(
        source=source, medium=medium, name="", term="", content="", click_id=click_id
    )
    return facts_of(campaign, NO_REFERRER, has_page=True)


@pytest.mark.parametrize(
    ("facts", "channel"),
    [
        # As the help of Google Analytics 4 defines them.
        pytest.param(tagged("(direct)", "(none)"), "Direct", id="said to be direct"),
        pytest.param(tagged("(direct)", "(not set)"), "Direct", id="direct, medium not set"),
        pytest.param(
            tagged("any", "any", "a-cross-network-b"), "Cross-network", id="cross-network"
        ),
        pytest.param(tagged("amazon", "cpc"), "Paid Shopping", id="shopping site, paid"),
        pytest.param(
            tagged("any", "retargeting", "shopping"), "Paid Shopping", id="shopping campaign"
        ),
        pytest.param(tagged("any", "ppc", "my shop"), "Paid Shopping", id="shop campaign"),
        pytest.param(tagged("any", "ppc", "workshop"), "Paid Other", id="a workshop is no shop"),
        pytest.param(tagged("any", "ppc", "eshop"), "Paid Shopping", id="an eshop is one"),
        pytest.param(tagged("google", "cpc"), "Paid Search", id="search site, paid"),
        pytest.param(tagged("Bing", "PPC"), "Paid Search", id="case does not matter"),
        pytest.param(tagged("google", "paid-brand"), "Paid Search", id="medium begins with paid"),
        pytest.param(tagged("yandex", "retargeting"), "Paid Search", id="retargeting"),
        pytest.param(tagged("facebook", "cpc"), "Paid Social", id="social site, paid"),
        pytest.param(tagged("ig", "paid_social"), "Paid Social", id="short name, paid"),
        pytest.param(tagged("youtube.com", "cpv"), "Paid Video", id="paid per view"),
        pytest.param(tagged("youtube.com", "cpc"), "Paid Video", id="video site, paid"),
        pytest.param(tagged("google", "cpm"), "Paid Search", id="cpm from a search site is paid"),
        pytest.param(tagged("dfa", "display"), "Display", id="display"),
        pytest.param(tagged("any", "banner"), "Display", id="banner"),
        pytest.param(tagged("dfa", "cpm"), "Display", id="cpm"),
        pytest.param(tagged("any", "interstitial"), "Display", id="interstitial"),
        pytest.param(tagged("any", "cpc"), "Paid Other", id="paid, unknown site"),
        pytest.param(tagged("", "cpa"), "Paid Other", id="paid, no source"),
        pytest.param(tagged("Google Shopping"), "Organic Shopping", id="shopping site"),
        pytest.param(tagged("any", "", "shopping-week"), "Organic Shopping", id="unpaid campaign"),
        pytest.param(tagged("facebook"), "Organic Social", id="social site"),
        pytest.param(tagged("any", "social-media"), "Organic Social", id="social medium"),
        pytest.param(tagged("any", "sm"), "Organic Social", id="sm"),
        pytest.param(tagged("vimeo.com", "referral"), "Organic Video", id="video site"),
        pytest.param(tagged("any", "video-intro"), "Organic Video", id="video medium"),
        pytest.param(tagged("duckduckgo"), "Organic Search", id="search site"),
        pytest.param(tagged("any", "organic"), "Organic Search", id="organic medium"),
        pytest.param(tagged("news", "email"), "Email", id="email medium"),
        pytest.param(tagged("e-mail", "spring"), "Email", id="email source"),
        pytest.param(tagged("any", "e mail"), "Email", id="email with a space"),
        pytest.param(tagged("any", "affiliate"), "Affiliates", id="affiliate medium"),
        pytest.param(tagged("news.example", "referral"), "Referral", id="referral medium"),
        pytest.param(tagged("any", "app"), "Referral", id="app medium"),
        pytest.param(tagged("any", "audio"), "Audio", id="audio"),
        pytest.param(tagged("sms", "any"), "SMS", id="sms source"),
        pytest.param(tagged("any", "sms"), "SMS", id="sms medium"),
        pytest.param(tagged("any", "web-push"), "Mobile Push Notifications", id="ends with push"),
        pytest.param(tagged("any", "notification"), "Mobile Push Notifications", id="notification"),
        pytest.param(tagged("firebase"), "Mobile Push Notifications", id="firebase"),
        pytest.param(tagged("any", "any", "any"), "Unassigned", id="nothing known"),
        pytest.param(tagged("newsletter"), "Unassigned", id="a source that is no site"),
        # By referrer alone.
        pytest.param(landed(""), "Direct", id="typed in"),
        pytest.param(landed("", "https://shop.example/"), "Direct", id="from itself"),
        pytest.param(landed("", "https://www.paypal.com/"), "Direct", id="back from paying"),
        pytest.param(landed("", "https://www.google.nl/"), "Organic Search", id="search result"),
        pytest.param(landed("", "https://l.facebook.com/"), "Organic Social", id="social link"),
        pytest.param(landed("", "https://www.youtube.com/"), "Organic Video", id="video link"),
        pytest.param(landed("", "https://www.ebay.de/"), "Organic Shopping", id="marketplace link"),
        pytest.param(landed("", "https://chatgpt.com/"), "AI Assistant", id="assistant's link"),
        pytest.param(landed("", "https://mail.google.com/"), "Email", id="webmail"),
        pytest.param(landed("", "https://news.example.com/"), "Referral", id="any other site"),
        pytest.param(landed("", "https://ad.doubleclick.net/"), "Display", id="ad server"),
        # By click ids, and where they meet tags and referrers.
        pytest.param(landed("gclid=1"), "Paid Search", id="gclid alone"),
        pytest.param(
            landed("gclid=1", "https://www.google.de/"), "Paid Search", id="gclid, search"
        ),
        pytest.param(
            landed("gclid=1", "https://www.youtube.com/"), "Paid Video", id="gclid, video"
        ),
        pytest.param(
            landed("gclid=1", "https://ad.doubleclick.net/"), "Display", id="gclid, server"
        ),
        pytest.param(landed("gclid=1&utm_medium=cpm"), "Display", id="gclid, display medium"),
        pytest.param(landed("dclid=1"), "Display", id="dclid"),
        pytest.param(landed("ymclid=1"), "Paid Shopping", id="Yandex Market's click"),
        pytest.param(landed("ttclid=1"), "Paid Social", id="TikTok's click"),
        pytest.param(landed("fbclid=1"), "Organic Social", id="fbclid alone is no ad"),
        pytest.param(
            landed("fbclid=1&utm_source=news&utm_medium=email"), "Email", id="a mail, shared"
        ),
        pytest.param(
            landed("fbclid=1&utm_source=facebook&utm_medium=cpc"), "Paid Social", id="fbclid, paid"
        ),
        pytest.param(landed("srsltid=1"), "Organic Shopping", id="free listing"),
        pytest.param(landed("mc_eid=1"), "Email", id="newsletter's reader"),
        pytest.param(landed("awc=1"), "Affiliates", id="affiliate's click"),
        pytest.param(landed("partner=anna"), "Affiliates", id="partner's track id"),
        pytest.param(
            landed("_openstat=direct.yandex.ru;1;2;3"), "Paid Search", id="Openstat, search"
        ),
        pytest.param(landed("_openstat=other.example;1;2;3"), "Paid Other", id="Openstat, other"),
        pytest.param(
            landed("utm_source=chatgpt.com", "https://chatgpt.com/"), "AI Assistant", id="assistant"
        ),
        pytest.param(
            landed("utm_source=news", "https://www.google.de/"),
            "Unassigned",
            id="tag hides referrer",
        ),
        # A click id that the source declares, of a network that it does not name.
        pytest.param(declared("google"), "Paid Search", id="declared click, search site"),
        pytest.param(declared(), "Paid Other", id="declared click alone"),
        pytest.param(declared("facebook", "social"), "Organic Social", id="declared, with medium"),
        # Words that shops use and Analytics does not know.
        pytest.param(tagged("any", "partner"), "Affiliates", id="partner medium"),
        pytest.param(tagged("any", "smm"), "Organic Social", id="smm medium"),
        pytest.param(tagged("any", "newsletter"), "Email", id="newsletter medium"),
        # Without a page.
        pytest.param(Facts(has_page=False), "Unassigned", id="no page"),
        pytest.param(Facts(medium="email", has_page=False), "Email", id="no page, but tags"),
    ],
)
def test_the_first_rule_that_holds_gives_the_channel(facts: Facts, channel: str) -> None:
    assert SHIPPED.channel_of(facts) == channel


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "channels.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_shops_own_table_takes_the_place_of_ours(tmp_path: Path) -> None:
    text = """
rules:
  - {channel: Radio, source: [radio, fm], campaign_matches: "^spring"}
  - {channel: Friends, has_partner_track_id: true}
  - {channel: Bing, referrer_medium: [search], referrer_source: [Bing]}
otherwise: Rest
"""
    rules = ChannelRules.read(table(tmp_path, text))
    assert rules.channel_of(tagged("FM", "", "Spring sale")) == "Radio"
    assert rules.channel_of(tagged("fm", "", "late spring")) == "Rest"
    assert rules.channel_of(Facts(partner_track_id="a")) == "Friends"
    assert rules.channel_of(Facts(referrer_medium="search", referrer_source="Bing")) == "Bing"


def test_every_mistake_of_a_table_is_named_with_rule_and_field(tmp_path: Path) -> None:
    text = """
rules:
  - {channel: A, medium: email}
  - {channel: B, mediun: [email]}
  - {medium: [email]}
  - {channel: D, medium_matches: "(", source_category: [serch]}
  - {channel: E}
  - just a word
defaults: Rest
otherwise: 7
"""
    with pytest.raises(ChannelRulesError) as complaint:
        ChannelRules.read(table(tmp_path, text))
    lines = [line.strip() for line in str(complaint.value).splitlines()[1:]]
    assert [line.split(":")[0] for line in lines] == [
        "defaults",
        "rule 1, medium",
        "rule 2, mediun",
        "rule 3, channel",
        "rule 4, medium_matches",
        "rule 4, source_category",
        "rule 5",
        "rule 6",
        "otherwise",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("rules: [", "cannot be read", id="no YAML"),
        pytest.param("[1, 2]", "takes a mapping", id="no mapping"),
        pytest.param("rules: []\nrules: []", "stands there 2 times", id="a key twice"),
        pytest.param("rules: all", "takes a list of rules", id="no list"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ChannelRulesError, match=reason):
        ChannelRules.read(table(tmp_path, text))


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ChannelRulesError, match=r"nowhere\.yml"):
        ChannelRules.read(tmp_path / "nowhere.yml")


def test_the_digest_follows_the_rules_and_not_the_comments(tmp_path: Path) -> None:
    text = "rules:\n  - {channel: A, medium: [a]}\n"
    first = ChannelRules.read(table(tmp_path, text)).digest
    assert ChannelRules.read(table(tmp_path, f"# why\n{text}")).digest == first
    assert ChannelRules.read(table(tmp_path, text.replace("[a]", "[b]"))).digest != first
