"""When dbt's project has to be parsed again."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.dbt_project_files import (
    PARSED,
    STAMP,
    digest_of_sources,
    is_edited,
    parsed_recipe,
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of one model."""
    place = tmp_path / "project"
    (place / "models").mkdir(parents=True)
    (place / "dbt_project.yml").write_text("vars: {gap: 1}")
    (place / "models" / "orders.sql").write_text("select 1")
    return place


@pytest.fixture
def target(tmp_path: Path, project: Path) -> Path:
    """Where that project was parsed to."""
    place = tmp_path / "target"
    place.mkdir()
    for name in PARSED:
        (place / name).write_text("{}")
    (place / STAMP).write_text(digest_of_sources(project))
    return place


def test_a_project_that_nobody_edited_is_not_parsed_again(target: Path, project: Path) -> None:
    assert not is_edited(target, project)


def test_what_dbt_itself_writes_is_no_edit(target: Path, project: Path) -> None:
    (project / "target").mkdir()
    (project / "target" / "compiled.sql").write_text("select 1")
    assert not is_edited(target, project)


def test_an_edited_a_new_and_a_deleted_model_are_edits(target: Path, project: Path) -> None:
    model = project / "models" / "orders.sql"
    model.write_text("select 12")
    assert is_edited(target, project)
    (target / STAMP).write_text(digest_of_sources(project))
    (project / "models" / "carts.sql").write_text("select 1")
    assert is_edited(target, project)
    (target / STAMP).write_text(digest_of_sources(project))
    model.unlink()
    assert is_edited(target, project)


def test_a_parse_that_was_lost_in_part_is_done_again(target: Path, project: Path) -> None:
    (target / "manifest.json").unlink()
    assert is_edited(target, project)
    assert parsed_recipe(target, project) is None


def test_a_project_that_was_never_parsed_is_parsed(tmp_path: Path, project: Path) -> None:
    assert is_edited(tmp_path / "elsewhere", project)
