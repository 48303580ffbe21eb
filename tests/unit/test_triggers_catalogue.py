from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from orchestration.catalogue import CatalogueError, catalogue, complaint_about, definitions_in
from tests.unit.trigger_builders import ABANDONED_CART

OTHER = ABANDONED_CART.replace("abandoned_cart", "other_cart")


def test_the_triggers_in_force_can_all_be_used() -> None:
    shipped = catalogue()
    (abandoned_cart,) = shipped.definitions
    assert shipped.rejected == {}
    assert abandoned_cart.trigger == "abandoned_cart"
    assert abandoned_cart.wait == timedelta(hours=24)
    assert abandoned_cart.only_what_is_left


def test_a_bad_file_stops_only_itself_and_every_reason_of_every_file_is_named() -> None:
    read = definitions_in(
        {
            "a.yml": ABANDONED_CART.replace("once", "often"),
            "b.yml": "[]",
            "c.yml": ABANDONED_CART,
        }
    )
    assert [one.trigger for one in read.definitions] == ["abandoned_cart"]
    assert list(read.rejected) == ["a.yml", "b.yml"]
    complaint = complaint_about(read.rejected)
    assert complaint.startswith("triggers that cannot be used: a.yml: repeat: takes once")
    assert "; b.yml: takes a mapping" in complaint


def test_of_two_files_that_define_one_trigger_the_first_by_name_stands() -> None:
    titled = ABANDONED_CART.replace("Left", "Forgot")
    read = definitions_in({"b.yml": ABANDONED_CART, "a.yml": titled, "c.yml": OTHER})
    assert read.definitions[0].title.startswith("Forgot")
    assert read.rejected == {"b.yml": ("a.yml defines abandoned_cart; this file is left out",)}
    assert [one.trigger for one in read.definitions] == ["abandoned_cart", "other_cart"]


def test_a_copy_of_a_file_takes_nothing_from_the_one_that_bears_the_triggers_name() -> None:
    old = ABANDONED_CART.replace("Left", "Forgot")
    read = definitions_in(
        {"abandoned_cart (copy).yml": old, "abandoned_cart.yml": ABANDONED_CART, "z.yml": old}
    )
    (stands,) = read.definitions
    assert stands.title.startswith("Left")
    assert list(read.rejected) == ["abandoned_cart (copy).yml", "z.yml"]


def test_a_folder_of_definitions_is_read_as_it_is_now(tmp_path: Path) -> None:
    (tmp_path / "other_cart.yml").write_text(OTHER)
    (tmp_path / "latin.yml").write_bytes(b"title: caf\xe9")
    (tmp_path / "notes.txt").write_text("no definition")
    read = catalogue(tmp_path)
    assert [one.trigger for one in read.definitions] == ["other_cart"]
    assert read.rejected["latin.yml"][0].startswith("cannot be read")
    (tmp_path / "latin.yml").unlink()
    assert catalogue(tmp_path).rejected == {}


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="cannot be read"):
        catalogue(tmp_path / "away")
