"""The collector as a service of the machine, like the others: up, status, down."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from streams.events import encode
from streams.settings import StreamSettings
from tests.builders import event
from tests.collectors import Place
from tests.fixtures_kafka import free_port_pair
from tests.processes import COMMAND, answer, open_to_others


def test_up_starts_a_collector_where_its_port_is_set_and_down_finds_it_without(
    stream_settings: StreamSettings, tmp_path: Path
) -> None:
    told = {
        **os.environ,
        "LOCAL_HOME": str(tmp_path),
        "KAFKA_BROKERS": stream_settings.kafka_brokers,
        "EVENTS_TOPIC": stream_settings.events_topic,
        "WAREHOUSE_URL": "http://127.0.0.1:1",
    }
    earlier = tmp_path / "imports"  # as earlier versions left it
    earlier.mkdir(0o755)
    (earlier / "orders.csv.mistakes.csv").touch(0o644)
    port = free_port_pair()
    services = answer({**told, "COLLECTOR_PORT": str(port)}, "up", "--only", "collector")
    try:
        (collector,) = (one for one in services if one["service"] == "collector")
        place = Place(collector["address"], tmp_path / "collector")
        assert (collector["state"], place.url) == ("running", f"http://127.0.0.1:{port}")
        assert place.post("/v1/events", encode(event())).status == 202
        assert place.messages() == [encode(event())]
        assert open_to_others(tmp_path) == []
    finally:
        done = subprocess.run(
            [COMMAND, "down"], env=told, capture_output=True, text=True, check=True
        )
    assert "collector has stopped" in done.stdout
    assert "collector" not in {one["service"] for one in answer(told, "status")}
