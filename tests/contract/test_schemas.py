"""The JSON Schemas in the repository are those of the contract."""

import json

import pytest

from streams.schemas import FOLDER, schemas

SCHEMAS = schemas()


@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_committed_schema_is_the_contracts(kind: str) -> None:
    committed = json.loads((FOLDER / f"{kind}.json").read_text())
    assert committed == SCHEMAS[kind], "run: make schemas"


def test_no_schema_is_left_of_a_kind_that_is_gone() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(SCHEMAS)
