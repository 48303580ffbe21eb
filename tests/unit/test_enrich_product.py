"""Category paths and search words, whatever way a shop writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.enrich.product import LONGEST_WORDS, category_path, search_words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("Mugs", "Mugs", id="one step"),
        pytest.param("Home/Apparel/Men's/", "Home/Apparel/Men's", id="slash at the end"),
        pytest.param("Home > Kitchen > Mugs", "Home/Kitchen/Mugs", id="greater-than signs"),
        pytest.param("Home»Kitchen » Mugs", "Home/Kitchen/Mugs", id="guillemets"),
        pytest.param("Home | Kitchen|Mugs", "Home/Kitchen/Mugs", id="bars"),
        pytest.param("Home::Kitchen", "Home/Kitchen", id="colons"),
        pytest.param("Home: Kitchen", "Home: Kitchen", id="one colon parts nothing"),
        pytest.param("/Home//Mugs/", "Home/Mugs", id="empty steps"),
        pytest.param(" Home /  Blue   mugs ", "Home/Blue mugs", id="spaces"),
        pytest.param("${productitem.product.origCatName}", "", id="template not filled in"),
        pytest.param("Home/${productitem.product.origCatName}", "", id="template within"),
        pytest.param("{{ category }}", "", id="template of another kind"),
        pytest.param("(not set)", "", id="Analytics' word for nothing"),
        pytest.param("%%category%%", "", id="template between percent signs"),
        pytest.param("50%% off", "50%% off", id="two percent signs are no template"),
        pytest.param("$100 gifts", "$100 gifts", id="a price is no template"),
    ],
)
def test_a_category_becomes_a_path(text: str, expected: str) -> None:
    assert category_path(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("Blue Mug", "blue mug", id="case"),
        pytest.param("  blue\t mug\n", "blue mug", id="white space"),
        pytest.param("blue-mug, 0.5l!", "blue mug 0 5l", id="punctuation"),
        pytest.param("STRASSE straße", "strasse strasse", id="folded letters"),
        pytest.param("ｂｌｕｅ　ｍｕｇ", "blue mug", id="full width"),
        pytest.param("Cafe\u0301", "café", id="composed"),
        pytest.param("голубая КРУЖКА", "голубая кружка", id="Cyrillic"),
        pytest.param("हिन्दी किताब", "हिन्दी किताब", id="vowel signs of Hindi"),
        pytest.param("เสื้อยืด", "เสื้อยืด", id="tone marks of Thai"),
        pytest.param("مُحَمَّد", "مُحَمَّد", id="vowelled Arabic"),
        pytest.param("می\u200cخواهم", "میخواهم", id="a joiner ends no word"),
        pytest.param("mug ❤\ufe0f 1\ufe0f\u20e3", "mug 1", id="emoji"),
        pytest.param("blue_mug", "blue mug", id="underscore"),
        pytest.param("???", "", id="nothing but punctuation"),
        pytest.param("a" * 400, "a" * LONGEST_WORDS, id="too long"),
    ],
)
def test_search_words_are_written_one_way(text: str, expected: str) -> None:
    assert search_words(text) == expected


@given(st.text(max_size=300))
def test_normalising_words_twice_changes_nothing_more(text: str) -> None:
    once = search_words(text)
    assert search_words(once) == once
    assert len(once) <= LONGEST_WORDS


@given(st.text(max_size=60))
def test_a_path_of_a_path_is_the_same_path(text: str) -> None:
    assert category_path(category_path(text)) == category_path(text)
