"""The files of dbt's project and what a parse made of them, without importing dbt."""

from __future__ import annotations

import json
import os
from importlib.metadata import version
from pathlib import Path

import yaml

from orchestration.recipes import Recipe, digest_of, recipe_of

PROJECT = Path(__file__).parents[1] / "dbt_project"
PARSED = ("partial_parse.msgpack", "manifest.json")  # in the order in which they are replaced
MADE_BY_DBT = frozenset({"target", "logs", "dbt_packages"})
STAMP = "sources.digest"


def is_edited(target: Path, project: Path = PROJECT) -> bool:
    """Whether a project has to be parsed: it never was, or not since it was edited last.

    Args:
        target: where a parse puts what it made.
        project: where the project is.
    """
    stamp = target / STAMP
    is_parsed = stamp.exists() and all((target / name).exists() for name in PARSED)
    return not is_parsed or stamp.read_text() != digest_of_sources(project)


def digest_of_sources(project: Path) -> str:
    """Changes with every file that is written, added or removed, and with dbt itself."""
    files = [
        (str(place), place.stat().st_size, place.stat().st_mtime_ns)
        for place in sorted(project.rglob("*"))
        if place.is_file() and not MADE_BY_DBT.intersection(place.relative_to(project).parts)
    ]
    return digest_of([version("dbt-core"), version("dbt-clickhouse"), files])


def parsed_recipe(target: Path, project: Path = PROJECT) -> Recipe | None:
    """What a build that begins now is made by; None when the project was never parsed.

    Variables are read from the project each time, and settings from the environment, as dbt does.
    """
    manifest = target / "manifest.json"
    if not manifest.exists():
        return None
    declared = yaml.safe_load((project / "dbt_project.yml").read_text()) or {}
    return recipe_of(json.loads(manifest.read_text()), declared.get("vars") or {}, os.environ)
