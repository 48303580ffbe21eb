from __future__ import annotations

from datetime import timedelta

import pytest

from orchestration.catalogue import CatalogueError, catalogue, definitions_in
from tests.unit.trigger_builders import ABANDONED_CART


def test_the_triggers_in_force_can_all_be_used() -> None:
    (abandoned_cart,) = catalogue()
    assert abandoned_cart.trigger == "abandoned_cart"
    assert abandoned_cart.wait == timedelta(hours=24)


def test_every_reason_of_every_file_is_named_at_once() -> None:
    bad = {
        "a.yml": ABANDONED_CART.replace("once", "often"),
        "b.yml": "[]",
        "c.yml": ABANDONED_CART,
    }
    with pytest.raises(CatalogueError) as refusal:
        definitions_in(bad)
    assert str(refusal.value).startswith("triggers that cannot be used: a.yml: repeat: takes once")
    assert "; b.yml: takes a mapping" in str(refusal.value)


def test_two_files_cannot_define_one_trigger() -> None:
    with pytest.raises(CatalogueError, match=r"b\.yml: another file defines abandoned_cart"):
        definitions_in({"a.yml": ABANDONED_CART, "b.yml": ABANDONED_CART})
