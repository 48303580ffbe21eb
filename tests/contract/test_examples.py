"""Every example message is a test: the good ones are read, the bad ones say exactly why not."""

from pathlib import Path

import pytest
import yaml

from streams.decode import Decoded, Rejected, decode
from streams.events import KINDS, encode, kind_of

EXAMPLES = Path(__file__).parents[1] / "examples"
EXPECTED = yaml.safe_load((EXAMPLES / "expected.yml").read_text())


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_good_example_and_several_bad_ones(kind: str) -> None:
    assert (EXAMPLES / kind / "good.json").exists()
    assert list((EXAMPLES / kind).glob("bad-*.json"))
    assert list((EXAMPLES / kind).glob("warned-*.json"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_example_is_read_as_its_kind_and_survives_encoding(kind: str) -> None:
    decoded = decode((EXAMPLES / kind / "good.json").read_bytes())
    assert isinstance(decoded, Decoded)
    assert kind_of(decoded.event) == kind
    again = decode(encode(decoded.event))
    assert isinstance(again, Decoded)
    assert encode(again.event) == encode(decoded.event)


@pytest.mark.parametrize("name", [name for name in EXPECTED if "warnings" in EXPECTED[name]])
def test_an_example_with_a_bad_detail_is_kept_and_says_what_became_of_it(name: str) -> None:
    decoded = decode((EXAMPLES / name).read_bytes())
    assert isinstance(decoded, Decoded)
    warnings = [
        " ".join(filter(None, (code, field, hint and f"({hint})")))
        for code, field, hint in decoded.warnings
    ]
    assert warnings == EXPECTED[name]["warnings"]


@pytest.mark.parametrize("name", [name for name in EXPECTED if "errors" in EXPECTED[name]])
def test_a_bad_example_is_rejected_with_every_reason(name: str) -> None:
    found = decode((EXAMPLES / name).read_bytes())
    assert isinstance(found, Rejected)
    assert {"failure": found.failure, "errors": list(found.errors)} == EXPECTED[name]


def test_every_bad_example_is_expected() -> None:
    found = {str(path.relative_to(EXAMPLES)) for path in EXAMPLES.glob("*/*-*.json")}
    assert found == set(EXPECTED)
