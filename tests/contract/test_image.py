"""The Dockerfile, checked as far as that goes without building it."""

import ast
import re
from fnmatch import fnmatch

from tests.contract.containers import (
    OURS,
    PINNED,
    PROJECT,
    ROOT,
    SOURCE_IN_IMAGE,
    arguments_of,
    image_environment,
    instructions,
    source_of,
)

SHOWN = [
    line.removeprefix("!")
    for line in (ROOT / ".dockerignore").read_text().splitlines()
    if line.startswith("!")
]
COPIED = {
    source
    for rest in arguments_of("COPY")
    if not rest.startswith("--from=")
    for source in rest.split()[:-1]
}


def test_every_stage_begins_with_one_pinned_python_that_the_package_takes() -> None:
    (image,) = {rest.split(" AS ")[0] for rest in arguments_of("FROM")}
    assert PINNED.fullmatch(image)
    least = PROJECT["project"]["requires-python"].removeprefix(">=")
    assert image.startswith(f"python:{least}.")


def test_what_is_copied_exists_and_nothing_else_is_shown_to_the_build() -> None:
    assert set(SHOWN) == COPIED
    assert all((ROOT / source).exists() for source in COPIED)


def test_every_package_and_the_dbt_project_are_copied() -> None:
    packages = PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    for pattern in [*packages, "dbt_project"]:
        assert any(fnmatch(source, pattern) for source in COPIED), pattern


def test_a_stage_copies_from_stages_before_it_and_from_where_they_worked() -> None:
    stages: list[str] = []
    places: set[str] = set()
    for word, rest in instructions():
        if word == "FROM" and " AS " in rest:
            stages.append(rest.split(" AS ")[1])
        if word == "WORKDIR":
            places.add(rest)
        if word == "RUN":
            places.update(re.findall(r"-m venv .*?(/\S+)", rest))
        if word == "COPY" and rest.startswith("--from="):
            stage, source, target = rest.split()
            assert stage.removeprefix("--from=") in stages
            assert source == target
            assert source in places


def test_it_is_installed_by_the_constraints_and_without_extras() -> None:
    steps = [step for rest in arguments_of("RUN") for step in rest.split("&&")]
    installs = [step for step in steps if "pip install" in step]
    assert installs
    for step in installs:
        assert "-c constraints.txt" in step or "--no-deps" in step
        assert "[" not in step


def test_programs_are_found_where_they_were_installed() -> None:
    assert image_environment()["PATH"] == "/opt/venv/bin:$PATH"
    assert any("--python /opt/venv/bin/python" in rest for rest in arguments_of("RUN"))
    assert arguments_of("WORKDIR")[0] == SOURCE_IN_IMAGE


def test_what_is_prepared_while_it_is_built_is_made_by_functions_that_exist() -> None:
    programs = re.findall(r'python -c "([^"]+)"', " ".join(arguments_of("RUN")))
    assert programs
    for program in programs:
        for taken in ast.parse(program).body:
            if isinstance(taken, ast.ImportFrom):
                source = source_of(taken.module or "")
                assert source
                assert {name.name for name in taken.names} <= names_in(source.read_text())


def names_in(source: str) -> set[str]:
    """The classes and functions that a module defines."""
    return {
        one.name
        for one in ast.parse(source).body
        if isinstance(one, ast.ClassDef | ast.FunctionDef)
    }


def test_it_runs_as_somebody_who_may_write_only_at_home() -> None:
    assert arguments_of("USER")[-1] not in {"root", "0"}
    assert arguments_of("WORKDIR")[-1] == image_environment()["LOCAL_HOME"]
    mounts = {mount for service in OURS.values() for mount in service.get("volumes", [])}
    home = image_environment()["LOCAL_HOME"]
    assert mounts == {f"dagster:{home}/dagster", f"collector:{home}/collector"}
    assert any("mkdir dagster collector" in rest for rest in arguments_of("RUN"))
