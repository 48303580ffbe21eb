"""An edited project is parsed by whoever needs it next; a broken one leaves what was there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestration.dbt_project_files import PROJECT
from orchestration.marts.dbt import Dbt, DbtError
from orchestration.recipes import changed

# dbt's logger forgets to close the file it wrote
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


def test_edits_are_taken_in_and_a_broken_one_changes_nothing(tmp_path: Path) -> None:
    project = shutil.copytree(PROJECT, tmp_path / "project")
    dbt = Dbt(tmp_path / "target", project)
    assert dbt.parse_if_edited()
    assert not dbt.parse_if_edited()
    before = dbt.recipe()

    sessions = project / "models" / "marts" / "sessions.sql"
    good = sessions.read_text()
    sessions.write_text(good + "\nwhere {{ broken")
    with pytest.raises(DbtError, match=r"sessions\.sql"):
        dbt.parse_if_edited()
    assert dbt.recipe() == before

    sessions.write_text(good + "\n-- a comment\nlimit 1000000")
    assert dbt.parse_if_edited()
    assert changed(dbt.recipe().days, before.days) == ["model sessions"]
