from __future__ import annotations

import json

from orchestration.schemas import FILE
from orchestration.triggers.decide import People, decide
from orchestration.triggers.message import message_of, read_message, schema
from tests.unit.trigger_builders import DAY, MONDAY, cart, definition, wall


def message(**told) -> tuple[bytes, bytes]:
    (firing,) = decide(definition(), [cart(**told)], People(), (), wall(MONDAY + DAY)).firings
    return message_of(firing)


def test_a_firing_is_a_cloud_event_that_says_who_what_and_why() -> None:
    _, value = message()
    told = json.loads(value)
    assert told["specversion"] == "1.0"
    assert told["type"] == "trigger.fired"
    assert told["source"] == "/active-analytics/triggers"
    assert told["id"] == told["data"]["firing_id"]
    assert told["time"] == told["data"]["due_at"] == "2016-08-02T12:00:00Z"
    assert told["visitorid"] == "ann"
    assert told["data"]["trigger"] == "abandoned_cart"
    assert told["data"]["facts"]["added_at"] == "2016-08-01T12:00:00Z"
    assert told["data"]["facts"]["names"] == ["A mug"]


def test_the_key_is_the_visitor_else_the_customer() -> None:
    assert message()[0] == b"ann"
    assert message(person="c:7", visitor_id="", customer_id="7")[0] == b"7"


def test_a_message_reads_back_as_it_was_written() -> None:
    _, value = message()
    assert read_message(value).data.facts.skus == ["MUG"]


def test_the_schema_beside_the_rules_is_the_one_of_the_messages() -> None:
    assert json.loads(FILE.read_text()) == schema()
