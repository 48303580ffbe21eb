"""Bodies of requests: which messages lie in them, and what cannot be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.collector.bodies import Refusal, messages_in, unreadable
from streams.json_text import items_of

DEEP = b"[" * 5_000 + b"]" * 5_000
JSON = "application/json"


@pytest.mark.parametrize(
    ("media", "body", "messages"),
    [
        pytest.param("application/cloudevents+json", b'{"a":1}', [b'{"a":1}'], id="one event"),
        pytest.param(JSON, b' {"a":1}\n', [b' {"a":1}\n'], id="one event as it stands"),
        pytest.param(JSON, b'\n[{"a": 1} , 2]', [b'{"a": 1}', b"2"], id="an array"),
        pytest.param("application/cloudevents-batch+json", b"[]", [], id="an empty batch"),
        pytest.param(
            "text/plain;charset=UTF-8", b'[{"a":1}]', [b'{"a":1}'], id="what sendBeacon sends"
        ),
        pytest.param(
            "application/x-ndjson", b'{"a":1}\r\n\n{"b":2}', [b'{"a":1}', b'{"b":2}'], id="lines"
        ),
        pytest.param("application/cloudevents+json", b"[1]", [b"[1]"], id="an array is no event"),
        pytest.param(JSON, b"nonsense", [b"nonsense"], id="left to the contract"),
    ],
)
def test_the_messages_of_a_body(media: str, body: bytes, messages: list[bytes]) -> None:
    assert messages_in(media, body, at_most=10) == messages


@pytest.mark.parametrize(
    ("media", "body", "status", "reason"),
    [
        pytest.param(JSON, b"", 400, "the body is empty", id="empty"),
        pytest.param(JSON, b" \n", 400, "the body is empty", id="only spaces"),
        pytest.param(
            "application/cloudevents-batch+json", b"{}", 400, "an array was expected", id="no batch"
        ),
        pytest.param(JSON, b"[1,2,3,4]", 413, "4 events in one request, at most 3", id="too many"),
        pytest.param("application/x-ndjson", b"1\n" * 4, 413, "at most 3", id="too many lines"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_with_the_reason(
    media: str, body: bytes, status: int, reason: str
) -> None:
    refusal = messages_in(media, body, at_most=3)
    assert isinstance(refusal, Refusal)
    assert refusal.status == status
    assert reason in refusal.reason


@pytest.mark.parametrize(
    ("media", "encoding"),
    [
        pytest.param("", "", id="no type"),
        pytest.param("application/x-www-form-urlencoded", "", id="a form"),
        pytest.param("application/json; charset=latin-1", "", id="another charset"),
        pytest.param(JSON, "gzip", id="compressed"),
    ],
)
def test_other_types_are_refused_before_the_body_is_read(media: str, encoding: str) -> None:
    refusal = unreadable(media, encoding)
    assert refusal
    assert refusal.status == 415


@pytest.mark.parametrize("media", [JSON, 'Application/JSON; charset="UTF-8"', "text/plain"])
def test_types_are_taken_however_they_are_written(media: str) -> None:
    assert unreadable(media) is None


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        pytest.param(b'[{"a":"\xff"},2]', [b'{"a":"\xff"}', b"2"], id="not UTF-8"),
        pytest.param(
            b'[1, {"t":"Mug \\ud83d"} , 3]',
            [b"1", b'{"t":"Mug \\ud83d"}', b"3"],
            id="half an emoji",
        ),
        pytest.param(b'[1,{"a":NaN}]', [b"1", b'{"a":NaN}'], id="NaN"),
        pytest.param(b'[{"a":1},{"a":', [b'{"a":1}', b'{"a":'], id="cut short"),
        pytest.param(b"[1]]", [b"1", b"]"], id="more than one array"),
        pytest.param(b'[1,{"a":bad},3]', [b"1", b'{"a":bad}', b"3"], id="no JSON in the middle"),
        pytest.param(b"[{", [b"{"], id="cut short in the first"),
        pytest.param(b"[1," + DEEP + b",3]", [b"1", DEEP, b"3"], id="endless nesting"),
        pytest.param(
            b'[1,{"a":"],[\\"\xff"},3]', [b"1", b'{"a":"],[\\"\xff"}', b"3"], id="brackets"
        ),
        pytest.param(b"\xef\xbb\xbf[1,2]", [b"1", b"2"], id="a byte order mark"),
    ],
)
def test_one_message_that_cannot_be_read_costs_no_other(body: bytes, messages: list[bytes]) -> None:
    assert messages_in(JSON, body, at_most=3) == messages


@given(
    st.lists(st.sampled_from([b'{"a":1}', b'{"t":"Mug \\ud83d"}', b'{"b":bad}', DEEP, b'"]\xff"']))
)
def test_an_array_is_cut_into_its_items_whatever_these_are(items: list[bytes]) -> None:
    assert list(items_of(b" [" + b" , ".join(items) + b"]\n")) == items


@given(st.binary(max_size=100))
def test_any_bytes_are_cut_without_raising(body: bytes) -> None:
    assert isinstance(messages_in(JSON, b"[" + body, at_most=1_000), list)
