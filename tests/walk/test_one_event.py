"""One event's walk: from bytes on real Kafka, through every folder, to the trigger feed."""

import json

from streams.producer import EventProducer, read_topic
from streams.settings import StreamSettings
from tests.processes import Worker, answer, environment, eventually
from warehouse.client import Warehouse
from warehouse.settings import WarehouseSettings

CART = b"""{
    "specversion": "1.0", "id": "cart-1", "source": "/shop.example", "type": "cart.item_added",
    "time": "2026-03-14T09:26:53.589Z", "visitorid": "007", "channel": "Email",
    "data": {
        "page": {"url": "https://shop.example/p/mug-blue"},
        "products": [{"sku": "MUG-BLUE", "name": "Blue mug", "price_minor": 1290, "quantity": 1}],
        "context": {"stock": 14}
    }
}"""
A_DAY_LATER = b"""{
    "specversion": "1.0", "id": "page-1", "source": "/shop.example", "type": "page.viewed",
    "time": "2026-03-15T10:00:00Z", "visitorid": "007",
    "data": {"page": {"url": "https://shop.example/"}}
}"""
BROKEN = b'{"specversion": "1.0", "type": "cart.item_aded"'


def test_one_event_walks_from_the_topic_to_the_feed(
    stream_settings: StreamSettings, warehouse_server: WarehouseSettings, warehouse: Warehouse
) -> None:
    with EventProducer(stream_settings) as producer:
        for payload in (CART, BROKEN, A_DAY_LATER):
            producer.send(b"007", payload)
        producer.flush()

    with Worker(stream_settings, warehouse_server) as worker:
        ledger = "select sum(event_count + dead_letter_count) from event_store.stored_ranges"
        eventually(lambda: warehouse.scalar(ledger) == 3, tell=worker.told)
    kept = warehouse.rows("select payload from event_store.event_log order by offset")
    assert [_bytes(payload) for (payload,) in kept] == [CART, BROKEN, A_DAY_LATER]
    assert warehouse.scalar("select failure from event_store.dead_letters") == "malformed"

    told = environment(stream_settings, warehouse_server)
    assert len(answer(told, "build")["runs"]) == 1
    assert answer(told, "build")["runs"] == []
    sessions = warehouse.rows("select person, channel, event_count from marts.sessions order by 2")
    assert sessions == [("v:007", "Direct", 1), ("v:007", "Email", 1)]

    assert answer(told, "detect", "--shop-clock")["fired"] == 1
    assert answer(told, "detect", "--shop-clock")["fired"] == 0
    letters = [
        json.loads(one.value) for one in read_topic(stream_settings, stream_settings.triggers_topic)
    ]
    assert [letter["visitorid"] for letter in letters] == ["007"]
    assert letters[0]["time"] == "2026-03-15T09:26:53.589000Z"
    assert letters[0]["data"]["facts"]["skus"] == ["MUG-BLUE"]

    assert answer(told, "verify")["ok"] is True
    found = answer(told, "summary")
    assert (found["events_read"], found["events_stored"], found["dead_letters"]) == (3, 2, 1)
    assert (found["sessions"], found["letters"], found["letters_published"]) == (2, 1, 1)


def _bytes(payload: str | bytes) -> bytes:
    return payload.encode() if isinstance(payload, str) else payload
