"""Campaign tags and click ids: a case for each rule of the table and each way to write them."""

from base64 import b64encode, urlsafe_b64encode

import pytest

from streams.enrich.campaign import Campaign
from streams.enrich.page_url import campaign_of
from streams.enrich.parameters import CLICK_IDS, FIELDS, TRACKING, ClickId

SHOP = "https://shop.example/mugs"
PARTNERS = frozenset({"partner", "ref"})
MARK = "direct.yandex.ru;mugs;42;yandex.ru:premium"


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        pytest.param("", Campaign(), id="no query"),
        pytest.param("?color=red", Campaign(), id="no tag"),
        pytest.param("?utm_source=google", Campaign(source="google"), id="source"),
        pytest.param("?utm_medium=cpc", Campaign(medium="cpc"), id="medium"),
        pytest.param("?utm_campaign=spring", Campaign(name="spring"), id="name"),
        pytest.param("?utm_term=blue+mug", Campaign(term="blue mug"), id="term"),
        pytest.param("?utm_content=top", Campaign(content="top"), id="content"),
        pytest.param("?utm_id=77", Campaign(name="77"), id="number for a name"),
        pytest.param("?utm_id=77&utm_campaign=a", Campaign(name="a"), id="name before number"),
        pytest.param("?gad_campaignid=5", Campaign(name="5"), id="Google's campaign number"),
        pytest.param("?UTM_SOURCE=A", Campaign(source="A"), id="upper-case name"),
        pytest.param("?utm_source=&utm_source=b", Campaign(source="b"), id="first is empty"),
        pytest.param("?utm_source=a&utm_source=b", Campaign(source="a"), id="first counts"),
        pytest.param("?utm_source=%20&utm_source=b", Campaign(source="b"), id="first is a space"),
        pytest.param("?utm_source=%D1%8F", Campaign(source="я"), id="percent-encoded"),
        pytest.param("?utm_source=a%", Campaign(source="a%"), id="broken escape"),
        pytest.param("?x;utm_source=a", Campaign(), id="semicolons part nothing"),
        pytest.param("?utm_source", Campaign(), id="tag without a value"),
        pytest.param("?utm_source=a=b", Campaign(source="a=b"), id="equals sign in a value"),
        pytest.param("#utm_source=a&utm_medium=b", Campaign("a", "b"), id="in the fragment"),
        pytest.param("#?utm_source=a", Campaign("a"), id="query in the fragment"),
        pytest.param("#/mugs?utm_source=a", Campaign("a"), id="in a route"),
        pytest.param("?utm_source=a#utm_source=b", Campaign("a"), id="query before fragment"),
        pytest.param("?utm_medium=a#utm_source=b", Campaign("b", "a"), id="both"),
        pytest.param("?mtm_source=a&mtm_kwd=b", Campaign("a", term="b"), id="Matomo"),
        pytest.param("?pk_campaign=a", Campaign(name="a"), id="Matomo of old"),
        pytest.param("?partner=anna", Campaign(partner_track_id="anna"), id="partner"),
        pytest.param("?ref=&partner=b", Campaign(partner_track_id="b"), id="partner, other name"),
        pytest.param("?ref=a&partner=b", Campaign(partner_track_id="a"), id="partner named twice"),
        pytest.param("?from=yandex&etext=x", Campaign(), id="Yandex' labels without meaning"),
        pytest.param("?gclsrc=aw.ds", Campaign(), id="Google's label without an id"),
    ],
)
def test_tags_are_read_as_they_were_meant(ending: str, expected: Campaign) -> None:
    assert campaign_of(SHOP + ending, PARTNERS) == expected


@pytest.mark.parametrize("click", CLICK_IDS, ids=lambda click: click.parameter)
def test_a_click_id_names_its_network_and_what_it_implies(click: ClickId) -> None:
    campaign = campaign_of(f"{SHOP}?a=1&{click.parameter.upper()}=Xy-7_")
    assert (campaign.click_network, campaign.click_implies) == (click.network, click.implies)
    assert campaign.click_id == ("Xy-7_" if click.names_click else "")


@pytest.mark.parametrize(
    ("query", "network"),
    [
        pytest.param("fbclid=1&gclid=2", "Google Ads", id="an ad before a share"),
        pytest.param("gad_source=1&gclid=2", "Google Ads", id="an id before a label"),
        pytest.param("srsltid=1&msclkid=2", "Microsoft Advertising", id="an ad before a listing"),
        pytest.param("_hsmi=1&_hsenc=2", "HubSpot", id="a reader before a newsletter"),
    ],
)
def test_of_several_click_ids_the_surest_counts(query: str, network: str) -> None:
    campaign = campaign_of(f"{SHOP}?{query}")
    assert (campaign.click_network, campaign.click_id) == (network, "2")


@pytest.mark.parametrize(
    "mark",
    [
        pytest.param(MARK, id="as text"),
        pytest.param(MARK.replace(";", "%3B"), id="escaped"),
        pytest.param(b64encode(MARK.encode()).decode(), id="base64"),
        pytest.param(b64encode(MARK.encode()).decode().rstrip("="), id="base64 without its end"),
        pytest.param(urlsafe_b64encode(MARK.encode()).decode(), id="base64 for addresses"),
    ],
)
def test_an_openstat_mark_tells_service_campaign_and_advertisement(mark: str) -> None:
    expected = Campaign(
        source="direct.yandex.ru",
        name="mugs",
        content="42",
        click_network="Openstat",
        click_implies="paid",
    )
    assert campaign_of(f"{SHOP}?_openstat={mark}") == expected


@pytest.mark.parametrize("mark", ["a;b", "!!!", "////", "bm90IGEgbWFyaw"])
def test_what_is_no_openstat_mark_tells_nothing(mark: str) -> None:
    assert campaign_of(f"{SHOP}?_openstat={mark}") == Campaign()


def test_tags_win_over_an_openstat_mark() -> None:
    campaign = campaign_of(f"{SHOP}?_openstat={MARK}&utm_source=yandex&yclid=9")
    assert (campaign.source, campaign.name) == ("yandex", "mugs")
    assert (campaign.click_network, campaign.click_id) == ("Yandex Direct", "9")


def test_every_parameter_has_one_meaning_and_a_lower_case_name() -> None:
    names = [click.parameter for click in CLICK_IDS] + list(FIELDS) + sorted(TRACKING)
    assert len(names) == len(set(names))
    assert [name for name in names if name != name.lower()] == []
