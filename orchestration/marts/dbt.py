"""dbt in this process, told to Dagster.

Not `DbtCliResource`: it starts dbt as a process of its own, and another one to ask its version,
which costs 11.4 CPU seconds for each call on an empty warehouse. The same build in a process that
is there already costs 1.0, and a run has two of them.

The project is parsed beforehand (`parse`): a code location loads without dbt's parser, and a build
does not parse again because its days are other ones than those of the build before.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
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

FAILED = frozenset({"error", "fail", "runtime error"})
PROJECT = Path(__file__).parents[2] / "dbt_project"

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
    """Our project, and the folder where dbt keeps what it made of it."""

    target: Path

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

    def parse(self) -> None:
        """Parse the project; only what changed since the last time is read again.

        Raises:
            DbtError: the project cannot be parsed.
        """
        result = dbtRunner().invoke(["parse", "--quiet", *self._places()])
        if not result.success:
            raise DbtError(f"dbt cannot parse its project: {result.exception}")

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
        result = runner.invoke(["build", *self._places(), *arguments])
        if not isinstance(result.result, RunExecutionResult):
            return f"dbt could not begin: {result.exception}"
        failed = [one for one in result.result.results if str(one.status) in FAILED]
        return "; ".join(f"{one.node.name}: {one.message}" for one in failed)

    def _places(self) -> list[str]:
        return [
            *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
            *("--target-path", str(self.target), "--log-path", str(self.target)),
        ]


def build(
    context: dg.AssetExecutionContext,
    dbt: Dbt,
    translator: DagsterDbtTranslator,
    variables: Mapping[str, object],
) -> Iterator[DbtEvent]:
    """Build the selected models and run their tests.

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

    arguments = ["--select", *models, "--indirect-selection", "buildable"]
    arguments += ["--exclude-resource-type", "unit_test", "--vars", json.dumps(variables)]
    failure = dbt.build(arguments, told.append)
    for event in told:
        message = DbtCoreCliEventMessage(msg_to_dict(event), {})
        yield from message.to_default_asset_events(dbt.manifest, translator, context)
    if failure:
        raise dg.Failure(failure)
