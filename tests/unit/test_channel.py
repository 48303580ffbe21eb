import pytest

from streams.channel import Tags, channel_of, tags_of

OWN = frozenset({"shop.example"})


@pytest.mark.parametrize(
    ("tags", "referrer", "channel"),
    [
        pytest.param(Tags(), "", "Direct", id="nothing at all"),
        pytest.param(Tags(), "https://www.shop.example/cart", "Direct", id="own site"),
        pytest.param(Tags(), "https://www.google.co.uk/", "Organic Search", id="search engine"),
        pytest.param(Tags(), "https://m.facebook.com/", "Social", id="social site"),
        pytest.param(Tags(), "https://blog.example.org/mugs", "Referral", id="any other site"),
        pytest.param(Tags("news", "email"), "https://www.google.com/", "Email", id="tags win"),
        pytest.param(Tags(click_id="abc"), "https://www.google.com/", "Paid Search", id="click id"),
        pytest.param(Tags("x", "skywriting"), "", "(Other)", id="a medium nobody knows"),
        pytest.param(Tags(), "http://[broken", "Direct", id="malformed referrer"),
        pytest.param(Tags(), None, "Unassigned", id="an event without a page"),
    ],
)
def test_the_channel_is_derived(tags: Tags, referrer: str | None, channel: str) -> None:
    assert channel_of("", tags, referrer, OWN) == (channel, "derived")


def test_a_declared_channel_wins() -> None:
    found = channel_of("Affiliates", Tags("x", "email"), "https://www.google.com/", OWN)
    assert found == ("Affiliates", "declared")


def test_tags_are_read_from_the_query() -> None:
    url = "https://shop.example/?utm_source=a&utm_medium=cpc&utm_campaign=spring&gclid=G"
    assert tags_of(url) == Tags("a", "cpc", "spring", "G")
