"""What the marts are made by, in parts that have names: models, macros, seeds, variables, settings.

Each part bears a digest of what can change a row: a model's SQL without comments and white space,
its columns with their types, its configuration; a variable's value. Descriptions and tests do not
count. So two recipes tell which of their parts differ, and a build can say why it is needed.

Days are made by the models of shop days and all that these read, but for the models before
`identifiers`: persons are resolved in every build, and where they change they mark their days. All
other models are made anew in every build, whichever days it is of: they are roll-ups here.

Variables are recognised where SQL names them in quotes: var('session_gap_seconds').
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# What only says which days are built, and how much at once.
OF_ONE_BUILD = frozenset(
    {"from_day", "to_day", "also_stretches", "slice_events", "check_contracts"}
)
SHAPING = (
    "materialized",
    "engine",
    "order_by",
    "partition_by",
    "primary_key",
    "unique_key",
    "meta",
)
OF_DAYS = "shop_days"
OF_PERSONS = "persons"

_TOKEN = re.compile(
    r"""
    (?P<comment>\{\#.*?\#\} | --[^\n]*? (?=-?[%}]\}|\n|\Z) | /\*.*?\*/)
    | (?P<token>'(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.)*" | `[^`]*` | \w+ | [^\w\s])
    """,
    re.VERBOSE | re.DOTALL,
)
_VARIABLE = re.compile(r"""\bvar\(\s*['"](\w+)['"]""")
_SETTING = re.compile(r"""\benv_var\(\s*['"](\w+)['"]\s*(?:,\s*['"]([^'"]*)['"])?""")


@dataclass(frozen=True, slots=True)
class Recipe:
    """Parts by name, each with a digest or a value: those that make days, and those of roll-ups."""

    days: Mapping[str, str]
    roll_ups: Mapping[str, str]

    @property
    def days_digest(self) -> str:
        """What is noted of a built day."""
        return digest_of(self.days)

    @property
    def roll_ups_digest(self) -> str:
        """What is noted of a finished run."""
        return digest_of(self.roll_ups)


def recipe_of(
    manifest: Mapping[str, Any], variables: Mapping[str, object], environ: Mapping[str, str]
) -> Recipe:
    """The recipe of a project.

    Args:
        manifest: as dbt writes it.
        variables: dbt's, of the project.
        environ: the environment in which models are built.
    """
    models = [one for one in manifest["nodes"].values() if one["resource_type"] == "model"]
    of_days = _with_parents(
        [one for one in models if one["config"]["materialized"] == OF_DAYS], manifest
    )
    others = [one for one in models if one["unique_id"] not in of_days]
    reading = _Reading(manifest, variables, environ)
    return Recipe(reading.parts(of_days.values()), reading.parts(others))


def changed(parts: Mapping[str, str], earlier: Mapping[str, str]) -> list[str]:
    """The names of parts that are new or other ones than earlier, in order.

    A part that is gone changes nothing by itself: whatever used it is another one too.
    """
    return sorted(name for name, digest in parts.items() if earlier.get(name) != digest)


def normalised(sql: str) -> str:
    """SQL or a template of it as words and signs only: comments and white space make no odds."""
    return "\n".join(match["token"] for match in _TOKEN.finditer(sql) if match["token"])


def digest_of(parts: object) -> str:
    """A short digest of whatever JSON can hold, in hex."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _with_parents(
    models: Iterable[Mapping[str, Any]], manifest: Mapping[str, Any]
) -> dict[str, Mapping[str, Any]]:
    """Models and seeds by id, with everything they read, up to the table of persons."""
    found: dict[str, Mapping[str, Any]] = {}
    waiting = list(models)
    while waiting:
        node = waiting.pop()
        if node["unique_id"] in found or node["config"]["materialized"] == OF_PERSONS:
            continue
        found[node["unique_id"]] = node
        parents = node.get("depends_on", {}).get("nodes", ())
        waiting += [manifest["nodes"][one] for one in parents if one in manifest["nodes"]]
    return found


@dataclass(frozen=True, slots=True)
class _Reading:
    manifest: Mapping[str, Any]
    variables: Mapping[str, object]
    environ: Mapping[str, str]

    def parts(self, nodes: Iterable[Mapping[str, Any]]) -> dict[str, str]:
        """The parts of nodes: themselves, the macros of ours behind them, what both ask for."""
        macros: dict[str, Mapping[str, Any]] = {}
        parts: dict[str, str] = {}
        for node in nodes:
            parts[f"{node['resource_type']} {node['name']}"] = _digest_of_node(node)
            parts.update(self._asked_for(node.get("raw_code") or ""))
            self._gather(self._macros_of(node), macros)
        for macro in macros.values():
            parts[f"macro {macro['name']}"] = digest_of(normalised(macro["macro_sql"]))
            parts.update(self._asked_for(macro["macro_sql"]))
        return parts

    def _macros_of(self, node: Mapping[str, Any]) -> list[str]:
        kind = node["config"]["materialized"]
        own = f"macro.{node['package_name']}.materialization_{kind}_clickhouse"
        return [*node.get("depends_on", {}).get("macros", ()), own]

    def _gather(self, ids: Iterable[str], gathered: dict[str, Mapping[str, Any]]) -> None:
        for macro_id in ids:
            macro = self.manifest["macros"].get(macro_id)
            if macro and self._is_ours(macro) and macro_id not in gathered:
                gathered[macro_id] = macro
                self._gather(macro["depends_on"]["macros"], gathered)

    def _is_ours(self, macro: Mapping[str, Any]) -> bool:
        return bool(macro["package_name"] == self.manifest["metadata"]["project_name"])

    def _asked_for(self, sql: str) -> Iterator[tuple[str, str]]:
        for name in _VARIABLE.findall(sql):
            if name not in OF_ONE_BUILD:
                yield name, json.dumps(self.variables.get(name), default=str)
        for name, default in _SETTING.findall(sql):
            yield name, self.environ.get(name, default)


def _digest_of_node(node: Mapping[str, Any]) -> str:
    columns = [(one["name"], one["data_type"]) for one in node["columns"].values()]
    shape = {name: node["config"].get(name) for name in SHAPING}
    content = node["checksum"]["checksum"] if node["resource_type"] == "seed" else ""
    return digest_of([normalised(node.get("raw_code") or ""), columns, shape, content])
