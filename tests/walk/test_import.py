"""Imports into a real broker: resumed after kill -9, repeated, and ordered for each visitor."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from streams.importers import ga_hits, run
from streams.importers.run import message_of
from streams.producer import EventProducer, end_offsets, read_topic
from streams.settings import StreamSettings
from streams.simulator import simulate
from tests.ga_export import export, hit, session
from tests.processes import environment, eventually
from warehouse.settings import WarehouseSettings

COMMAND = Path(sys.executable).with_name("active-analytics")
VISITORS = 25


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30,000 hits of a few visitors."""
    began_at = datetime(2016, 8, 1)
    hits = [
        hit(
            visitor_id=f"0{number % VISITORS}",
            hit_number=number // VISITORS + 1,
            ts=began_at + timedelta(seconds=number),
        )
        for number in range(30_000)
    ]
    return export(tmp_path_factory.mktemp("export"), hits, [session()])


def test_an_import_publishes_every_event_once_and_then_has_nothing_to_do(
    folder: Path, stream_settings: StreamSettings
) -> None:
    told = imported(folder, stream_settings, "--json")
    assert (told["events"], told["already"], told["published"]) == (30_000, 0, 30_000)
    assert imported(folder, stream_settings, "--json")["published"] == 0
    wanted = sorted(map(message_of, ga_hits.events(folder)))
    assert sorted(stored(stream_settings)) == wanted


def test_an_import_done_again_repeats_the_same_messages(
    folder: Path, stream_settings: StreamSettings
) -> None:
    imported(folder, stream_settings, "--json", "--limit", "500")
    told = imported(folder, stream_settings, "--json", "--limit", "500", "--again")
    assert (told["already"], told["published"]) == (0, 500)
    messages = stored(stream_settings)
    assert len(messages) == 1_000
    assert len(set(messages)) == 500


def test_a_killed_import_goes_on_and_keeps_the_order_of_each_visitor(
    folder: Path, stream_settings: StreamSettings
) -> None:
    checkpoints = stream_settings.local_home / "imports"
    with start(folder, stream_settings, "--rate", "3000") as process:
        try:
            eventually(lambda: any(checkpoints.glob("*.json")))
            reached = published(stream_settings)
            eventually(lambda: published(stream_settings) > reached)
        finally:
            process.kill()
    told = imported(folder, stream_settings, "--json")
    assert 0 < told["already"] < 30_000
    assert told["already"] + told["published"] == 30_000
    messages = stored(stream_settings)
    repeated = len(messages) - 30_000
    assert 0 < repeated <= run.CHECKPOINT_EVENTS
    assert first_copies(messages) == first_copies(map(message_of, ga_hits.events(folder)))


def test_a_generated_month_arrives_as_it_was_made(stream_settings: StreamSettings) -> None:
    month = simulate(days=2, visitors=60)
    checkpoint = run.Checkpoint.of(stream_settings.local_home, "month", month.digest, "any")
    with EventProducer(stream_settings) as producer:
        run.import_messages(month.messages, producer, name="month", checkpoint=checkpoint)
    assert sorted(stored(stream_settings)) == sorted(month.messages)


def first_copies(messages: Any) -> dict[bytes, list[bytes]]:
    """The payloads of each key in the order of their first copies."""
    copies: dict[bytes, dict[bytes, None]] = defaultdict(dict)
    for key, payload in messages:
        copies[key].setdefault(payload)
    return {key: list(payloads) for key, payloads in copies.items()}


def stored(settings: StreamSettings) -> list[tuple[bytes, bytes]]:
    records = read_topic(settings, settings.events_topic)
    return [(record.key or b"", record.value or b"") for record in records]


def published(settings: StreamSettings) -> int:
    return sum(end_offsets(settings, settings.events_topic).values())


def imported(folder: Path, settings: StreamSettings, *options: str) -> dict[str, Any]:
    with start(folder, settings, *options) as process:
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    told: dict[str, Any] = json.loads(output)
    return told


def start(folder: Path, settings: StreamSettings, *options: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [COMMAND, "import", "ga-hits", folder, *options],
        stdout=subprocess.PIPE,
        env=environment(settings, WarehouseSettings()),
    )
