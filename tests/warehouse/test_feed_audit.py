"""`verify` compares the ledger of firings with the feed of a real broker, by ids."""

from __future__ import annotations

import json
from dataclasses import replace

from click.testing import CliRunner, Result

from orchestration.cli import cli
from orchestration.feed import KafkaFeed
from orchestration.feed_audit import audit_feed
from orchestration.firing_ledger import mark_published, record
from orchestration.firing_publication import publish
from orchestration.triggers.decide import People, decide
from orchestration.triggers.firing import Firing
from orchestration.triggers.message import message_of
from streams.settings import StreamSettings
from tests.unit.trigger_builders import DAY, MONDAY, cart, definition, wall
from warehouse.client import Warehouse
from warehouse.settings import WarehouseSettings

NOTHING = {
    "doubled": 0,
    "unrecorded": 0,
    "missing": 0,
    "expired": 0,
    "elsewhere": 0,
    "unpublished": 0,
    "repeated_rows": 0,
}


def firings(*visitors: str) -> list[Firing]:
    carts = [cart(person=f"v:{one}", visitor_id=one, event_id=one) for one in visitors]
    return list(decide(definition(), carts, People(), (), wall(MONDAY + DAY)).firings)


def found(warehouse: Warehouse, stream: StreamSettings) -> dict[str, object]:
    """What the audit counts, as far as it is not 0."""
    counts = audit_feed(warehouse, stream).as_json()
    assert counts.keys() == {"ok", "letters", *NOTHING}
    return {name: count for name, count in counts.items() if count}


def test_the_audit_finds_each_way_in_which_ledger_and_feed_differ(
    warehouse: Warehouse, stream_settings: StreamSettings
) -> None:
    ann, bob, eve = firings("ann", "bob", "eve")
    assert found(warehouse, stream_settings) == {"ok": True}
    with KafkaFeed(stream_settings) as feed:
        record(warehouse, [ann])
        assert found(warehouse, stream_settings) == {"ok": True, "unpublished": 1}
        publish(warehouse, feed, [ann])
        assert found(warehouse, stream_settings) == {"ok": True, "letters": 1}
        record(warehouse, [ann])
        assert found(warehouse, stream_settings) == {"ok": True, "letters": 1, "repeated_rows": 1}
        feed.publish([message_of(ann)])
        assert found(warehouse, stream_settings) == {"letters": 1, "repeated_rows": 1, "doubled": 1}
        places = feed.publish([message_of(bob)])
        assert found(warehouse, stream_settings)["unrecorded"] == 1
        record(warehouse, [bob, eve])
        mark_published(warehouse, feed, [(eve.firing_id, places[0])])
        assert found(warehouse, stream_settings)["missing"] == 1


def test_what_lies_before_the_first_offset_or_in_another_topic_is_not_said_to_be_lost(
    warehouse: Warehouse, stream_settings: StreamSettings
) -> None:
    ann, bob = firings("ann", "bob")
    with KafkaFeed(stream_settings) as feed:
        record(warehouse, [ann, bob])
        publish(warehouse, feed, [ann])
        feed.topic_id = "of a topic that was made anew since"
        mark_published(warehouse, feed, [(bob.firing_id, feed.publish([(b"", b"{}")])[0])])
    assert found(warehouse, stream_settings) == {"ok": True, "letters": 1, "elsewhere": 1}
    delete_records(stream_settings)
    assert found(warehouse, stream_settings) == {"ok": True, "expired": 1, "elsewhere": 1}


def delete_records(stream: StreamSettings) -> None:
    """Have the feed's retention pass everything that is there."""
    from kafka import KafkaAdminClient, TopicPartition

    from streams.producer import end_offsets

    ends = end_offsets(stream, stream.triggers_topic)
    admin = KafkaAdminClient(bootstrap_servers=stream.kafka_brokers)
    admin.delete_records(
        {TopicPartition(stream.triggers_topic, one): end for one, end in ends.items()}
    )
    admin.close()


def verify(warehouse: WarehouseSettings, stream: StreamSettings, *arguments: str) -> Result:
    environment = {
        "KAFKA_BROKERS": stream.kafka_brokers,
        "EVENTS_TOPIC": stream.events_topic,
        "TRIGGERS_TOPIC": stream.triggers_topic,
        "WAREHOUSE_URL": warehouse.url,
    }
    return CliRunner().invoke(cli, ["verify", *arguments], env=environment)


def test_verify_ends_with_3_when_a_letter_is_twice_in_the_feed_and_says_what_repair_did(
    warehouse: Warehouse, warehouse_server: WarehouseSettings, stream_settings: StreamSettings
) -> None:
    (ann,) = firings("ann")
    with KafkaFeed(stream_settings) as feed:
        for _ in range(2):
            record(warehouse, [ann])
        publish(warehouse, feed, [ann])
        repaired = verify(warehouse_server, stream_settings, "--repair", "--json")
        assert repaired.exit_code == 0
        assert json.loads(repaired.stdout)["repeated_firings_deleted"] == 1
        shown = verify(warehouse_server, stream_settings)
        assert (shown.exit_code, "each of 1 stands once" in shown.stdout) == (0, True)
        feed.publish([message_of(ann)])
    shown = verify(warehouse_server, stream_settings)
    assert (shown.exit_code, "1 twice in the feed" in shown.stdout) == (3, True)


def test_verify_without_a_feed_says_so_and_how_to_check_the_events_alone(
    warehouse: Warehouse, warehouse_server: WarehouseSettings, stream_settings: StreamSettings
) -> None:
    nowhere = replace(stream_settings, triggers_topic="shop.nothing")
    shown = verify(warehouse_server, nowhere)
    assert (shown.exit_code, "there is no topic shop.nothing" in shown.output) == (1, True)
    assert "--no-feed" in shown.output
    shown = verify(warehouse_server, nowhere, "--no-feed")
    assert (shown.exit_code, "Letters: not checked" in shown.stdout) == (0, True)
