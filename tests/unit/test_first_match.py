import pytest

from streams.enrich.first_match import first_match

NAME_OF = first_match([("shoes", "boot|shoe"), ("", "^no"), ("leather", "(?i:leather)")])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("leather boots", "shoes"),
        ("a LEATHER bag", "leather"),
        ("no leather", ""),
        ("a hat", ""),
        ("", ""),
    ],
    ids=["earlier rule", "later rule", "rule that ends the search", "no rule", "no text"],
)
def test_the_earlier_rule_names_the_text(text: str, name: str) -> None:
    assert NAME_OF(text) == name


def test_a_name_may_hold_what_expressions_give_a_meaning_to() -> None:
    assert first_match([("$1 (a|b)", "(a)")])("cab") == "$1 (a|b)"


def test_no_rules_name_nothing() -> None:
    assert first_match([])("boots") == ""
