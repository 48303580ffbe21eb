"""No event costs much to enrich, however large and hostile its texts are."""

from __future__ import annotations

import pytest

from bench.worst_enrichment import FILLINGS, LONGEST, Input, costs_of, enrichment, inputs
from streams.enrich.page import EXAMINED_CHARACTERS as PAGE_CHARACTERS
from streams.enrich.page import PageRules
from streams.enrich.page_url import clean_url
from streams.enrich.product import (
    EXAMINED_CHARACTERS,
    LONGEST_CATEGORY,
    LONGEST_WORDS,
    category_path,
    search_words,
)
from streams.enrich.query import MOST_PARAMETERS
from streams.enrich.referrer import NO_REFERRER, Referrer, referrer_of

# A bound against what has no bound, and no measurement: on the state before these took 23 to 62 ms.
BOUND_MS = 10.0
DEAREST = [
    Input("search", "marks", ("\u0315\u0300\u05ae" * LONGEST)[:LONGEST]),
    Input("search", "ligatures", "\ufdfa" * LONGEST),
    Input("referrer", "words", ("https://www.google.com/search?q=" + "\ufdfa" * LONGEST)[:LONGEST]),
    Input("referrer", "labels", ("https://webmail." + "a." * LONGEST)[:LONGEST]),
    Input("referrer", "dots", ("https://" + "." * LONGEST)[:LONGEST]),
    Input("referrer", "a bare name", "a" * LONGEST),
    Input("page", "parameters", ("https://shop.example/?q=" + "&" * LONGEST)[:LONGEST]),
    Input("agent", "emoji", ("\U0001f469\u200d" * LONGEST)[:LONGEST]),
    Input("product", "steps", ">" * LONGEST),
]


@pytest.mark.long
def test_the_dearest_inputs_known_cost_little() -> None:
    found = {one.input.name: one.milliseconds for one in costs_of(iter(DEAREST), enrichment())}
    assert {name: cost for name, cost in found.items() if cost > BOUND_MS} == {}


@pytest.mark.long
def test_no_input_costs_much() -> None:
    dearest = costs_of(inputs(mixtures=300, seed=7), enrichment())[0]
    assert dearest.milliseconds < BOUND_MS, dearest.input.name


def test_the_inputs_are_of_the_contracts_size() -> None:
    given = list(inputs(mixtures=20, seed=7))
    assert {len(one.text) for one in given} == {LONGEST}
    assert len(given) > 10 * len(FILLINGS)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param(126, Referrer("referral", "a." * 126 + "x"), id="253 characters"),
        pytest.param(127, NO_REFERRER, id="more than names on the net can have"),
    ],
)
def test_a_host_is_no_longer_than_names_on_the_net_can_be(labels: int, expected: Referrer) -> None:
    host = "a." * labels + "x"
    assert referrer_of(f"https://{host}/page", frozenset()) == expected
    assert referrer_of(f"https://{host}/", frozenset({"x"})).medium == (
        "internal" if labels == 126 else ""
    )


def test_only_the_beginning_of_a_text_is_looked_at() -> None:
    assert search_words("." * (EXAMINED_CHARACTERS - 3) + "mug") == "mug"
    assert search_words("." * EXAMINED_CHARACTERS + "mug") == ""
    assert len(search_words("\ufdfa" * LONGEST)) <= LONGEST_WORDS
    assert category_path(">" * LONGEST_CATEGORY + "Mugs") == ""
    assert clean_url("/?" + "a&" * MOST_PARAMETERS + "b=1") == "/?" + "&".join(
        "a" * MOST_PARAMETERS
    )
    rules = PageRules.read()
    path = "/?" + "a" * PAGE_CHARACTERS + "&route=checkout/cart"
    assert rules.page_of(path).kind == rules.page_of("/?a").kind
