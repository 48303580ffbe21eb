"""A digest of the code that makes rows of `analytics.events`, so that old rows are known as such.

Every module of ours that the making of rows imports counts, but for settings, whose values are
parts of their own. What counts of a module is what it does: comments, docstrings and the way it is
written on the page do not. A change that only moves code makes rows old as well; enriching them
anew then finds them equal and marks no day. Data that lies beside a module under its name, such as
nobody.yml beside nobody.py, counts as it is.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOTS = ("streams.rows", "streams.identity")
NO_RULES = frozenset({"streams.settings", "streams.code_digest"})
DATA_SUFFIXES = frozenset({".yml", ".txt", ".csv", ".tsv", ".json"})

_SOURCES = Path(__file__).parents[1]
_WITH_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def code_of_rows() -> str:
    """The digest, in hex; 0.2 CPU seconds, once per process."""
    digest = hashlib.sha256()
    for name in modules_of_rows():
        digest.update(f"{name}\n{meaning(_file(name).read_text())}\n".encode())
        for file in _data_beside(_file(name)):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


@cache
def modules_of_rows() -> tuple[str, ...]:
    """The modules that count, by name, in order."""
    found: set[str] = set()
    waiting = list(ROOTS)
    while waiting:
        name = waiting.pop()
        if name not in found and name not in NO_RULES:
            found.add(name)
            waiting += _imported(ast.parse(_file(name).read_text()))
    return tuple(sorted(found))


def meaning(source: str) -> str:
    """Source text as it reads without comments, docstrings and layout."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, _WITH_DOCSTRING) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def _imported(tree: ast.Module) -> Iterator[str]:
    """Modules of this package that a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if _is_ours(one.name))
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{one.name}" for one in node.names]
            yield from (one for one in (node.module, *names) if _is_ours(one))


def _is_ours(module: str) -> bool:
    return module.startswith("streams.") and _file(module).exists()


def _file(module: str) -> Path:
    place = _SOURCES.joinpath(*module.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def _data_beside(file: Path) -> list[Path]:
    """Rule tables of `enrich` bear digests of their own, of what they mean."""
    if file.parent.name == "enrich":
        return []
    return sorted(one for one in file.parent.glob(f"{file.stem}.*") if one.suffix in DATA_SUFFIXES)
