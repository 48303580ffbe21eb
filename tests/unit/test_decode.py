import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from streams.decode import MAX_PAYLOAD_BYTES, Rejected, decode
from streams.events import Data, encode
from tests.builders import event

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.binary(max_size=200))
def test_decode_answers_any_bytes_without_raising(payload: bytes) -> None:
    assert isinstance(decode(payload), Rejected)


@given(
    st.dictionaries(st.sampled_from(["id", "time", "visitorid", "specversion", "data"]), ANYTHING)
)
def test_decode_answers_any_object_without_raising(attributes: dict[str, object]) -> None:
    message = {**json.loads(encode(event())), **attributes}
    found = decode(json.dumps(message).encode("utf-8", "surrogatepass"))
    assert not isinstance(found, Rejected) or found.errors


@pytest.mark.parametrize(
    ("payload", "failure"),
    [
        pytest.param(None, "malformed", id="no body"),
        pytest.param(b"", "malformed", id="empty"),
        pytest.param(b"[1]", "malformed", id="an array"),
        pytest.param(b'{"type":"page.viewed"', "malformed", id="cut off"),
        pytest.param(b'{"type":["page.viewed"]}', "unknown_kind", id="kind is a list"),
        pytest.param(b'{"data":' + b"[" * 50_000, "malformed", id="too deep"),
        pytest.param(b" " * (MAX_PAYLOAD_BYTES + 1), "too_large", id="too large"),
    ],
)
def test_a_message_that_is_no_event_is_rejected(payload: bytes | None, failure: str) -> None:
    found = decode(payload)
    assert isinstance(found, Rejected)
    assert found.failure == failure


def test_bytes_that_are_not_utf8_are_found_even_in_the_skipped_context() -> None:
    payload = encode(event(data=Data(context=Raw(b'{"note":"?"}')))).replace(b"?", b"\xff")
    found = decode(payload)
    assert isinstance(found, Rejected)
    assert "not UTF-8" in found.errors[0]


def test_unknown_attributes_are_no_mistake() -> None:
    payload = encode(event()).replace(b'"id"', b'"experiment":{"arm":2},"id"')
    assert decode(payload) == decode(encode(event()))
