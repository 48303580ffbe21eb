"""dbt in this process, told to Dagster.

Not `DbtCliResource`: it starts dbt as a process of its own, and another one to ask its version,
which costs 11.4 CPU seconds for each call on an empty warehouse. The same build in a process that
is there already costs 1.0, and a run has two of them.

The project is parsed only when its files are other ones than those parsed last (`parse_if_edited`):
a code location mostly loads without dbt's parser, and a build does not parse again because its days
are other ones than those of the build before. What a parse made takes the place of the former at
its very end, so that a broken edit changes nothing, and nobody reads half of it.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt_common.events.base_types import EventMsg
from dbt_common.events.functions import msg_to_dict

from orchestration.dbt_project_files import (
    PARSED,
    PROJECT,
    STAMP,
    digest_of_sources,
    is_edited,
    parsed_recipe,
)
from orchestration.recipes import Recipe

FAILED = frozenset({"error", "fail", "runtime error"})

DbtEvent = (
    dg.Output[Any]
    | dg.AssetMaterialization
    | dg.AssetObservation
    | dg.AssetCheckResult
    | dg.AssetCheckEvaluation
)


class DbtError(Exception):
    """The project could not be parsed, or was not parsed yet; the message says what to do."""


@dataclass(frozen=True)
class Dbt:
    """A project, and the folder where dbt keeps what it made of it."""

    target: Path
    project: Path = PROJECT

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """The project as `parse` found it.

        Raises:
            DbtError: it was not parsed.
        """
        path = self.target / "manifest.json"
        if not path.exists():
            raise DbtError(f"there is no {path}: `active-analytics up` makes it")
        return dict(json.loads(path.read_text()))

    @property
    def models(self) -> frozenset[str]:
        """The names of all models."""
        nodes = self.manifest["nodes"].values()
        return frozenset(node["name"] for node in nodes if node["resource_type"] == "model")

    @property
    def step_count(self) -> int:
        """How many models and tests a build of everything has, unit tests left out."""
        kinds = Counter(node["resource_type"] for node in self.manifest["nodes"].values())
        return kinds["model"] + kinds["test"]

    def recipe(self) -> Recipe:
        """What a build that begins now is made by.

        Read from the disk each time (50 ms): others may have parsed the project since.

        Raises:
            DbtError: the project was not parsed.
        """
        recipe = parsed_recipe(self.target, self.project)
        if recipe is None:
            raise DbtError(f"there is no manifest in {self.target}: `active-analytics up` makes it")
        return recipe

    def parse_if_edited(self) -> bool:
        """Parse the project unless that was done since it was edited last; tells whether it was.

        Raises:
            DbtError: the project cannot be parsed; what was made of it before stays.
        """
        with self._alone():
            must_parse = is_edited(self.target, self.project)
            if must_parse:
                self._parse()
            return must_parse

    def parse(self) -> None:
        """Parse the project; only what changed since the last time is read again.

        Raises:
            DbtError: the project cannot be parsed; what was made of it before stays.
        """
        with self._alone():
            self._parse()

    def _parse(self) -> None:
        sources, scratch = digest_of_sources(self.project), self.target / "parsing"
        result = dbtRunner().invoke(["parse", "--quiet", *self._places(scratch)])
        if not result.success:
            raise DbtError(f"dbt cannot parse its project: {result.exception}")
        for name in PARSED:
            shutil.copy(scratch / name, self.target / f"{name}.new")
            (self.target / f"{name}.new").replace(self.target / name)
        (self.target / STAMP).write_text(sources)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two processes do not parse at once: the second one finds it done."""
        self.target.mkdir(parents=True, exist_ok=True)
        with (self.target / "parse.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def build(self, arguments: Sequence[str], listen: Callable[[EventMsg], None]) -> str:
        """Build and test.

        Args:
            arguments: which models, and with which variables.
            listen: told every event as it happens.

        Returns:
            What went wrong, by model and test; empty when nothing did.
        """
        parsed = Manifest.from_msgpack((self.target / "partial_parse.msgpack").read_bytes())
        runner = dbtRunner(manifest=parsed, callbacks=[listen])
        result = runner.invoke(["build", *self._places(self.target), *arguments])
        if not isinstance(result.result, RunExecutionResult):
            return f"dbt could not begin: {result.exception}"
        failed = [one for one in result.result.results if str(one.status) in FAILED]
        return "; ".join(f"{one.node.name}: {one.message}" for one in failed)

    def _places(self, target: Path) -> list[str]:
        return [
            *("--project-dir", str(self.project), "--profiles-dir", str(self.project)),
            *("--target-path", str(target), "--log-path", str(target)),
        ]


def build(
    context: dg.AssetExecutionContext,
    dbt: Dbt,
    translator: DagsterDbtTranslator,
    variables: Mapping[str, object],
    watch: Callable[[EventMsg], None],
) -> Iterator[DbtEvent]:
    """Build the selected models and run their tests.

    Args:
        context: of the step.
        dbt: the project.
        translator: from models to assets.
        variables: what dbt is told of the days.
        watch: told every event as it happens.

    Yields:
        An output per model built, a check result per test.

    Raises:
        dg.Failure: a model or a test failed; what depends on it was skipped.
    """
    models = [
        node["name"]
        for node in dbt.manifest["nodes"].values()
        if node["resource_type"] == "model"
        and translator.get_asset_key(node) in context.selected_asset_keys
    ]
    told: list[EventMsg] = []

    def listen(event: EventMsg) -> None:
        told.append(event)
        watch(event)

    arguments = ["--select", *models, "--indirect-selection", "buildable"]
    arguments += ["--exclude-resource-type", "unit_test", "--vars", json.dumps(variables)]
    failure = dbt.build(arguments, listen)
    for event in told:
        message = DbtCoreCliEventMessage(msg_to_dict(event), {})
        yield from message.to_default_asset_events(dbt.manifest, translator, context)
    if failure:
        raise dg.Failure(failure)
