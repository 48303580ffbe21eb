"""A shop's file on its way into a real broker: killed half-way, resumed, and then at its end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from streams.decode import Rejected, decode
from streams.producer import end_offsets, read_topic
from streams.settings import StreamSettings
from tests.mapped_files import EVENTS, as_csv, visit
from tests.processes import environment, eventually
from warehouse.settings import WarehouseSettings

COMMAND = Path(sys.executable).with_name("active-analytics")
ROWS = 6_000


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A log in no order, with a bad row, and its mapping: the command's arguments."""
    folder = tmp_path_factory.mktemp("log")
    rows = [
        visit(at=f"2026-03-0{1 + number % 7}T{number % 24:02}:{number % 60:02}:00", who=str(number))
        for number in range(ROWS)
    ]
    (folder / "log.yml").write_text(EVENTS)
    file = as_csv(folder, [visit(at="soon"), *rows])
    return ["import", "events", str(file), "--mapping", str(folder / "log.yml")]


def test_a_killed_import_of_a_file_goes_on_and_loses_nothing(
    files: list[str], stream_settings: StreamSettings
) -> None:
    with start(files, stream_settings, "--rate", "1000") as process:
        try:
            eventually(lambda: published(stream_settings) > 0)
        finally:
            process.kill()
    told = imported(files, stream_settings)
    assert told["already"] + told["published"] == ROWS
    records = read_topic(stream_settings, stream_settings.events_topic)
    payloads = {record.value for record in records}
    events = [decode(one) for one in payloads]
    assert len(events) == ROWS
    assert not any(isinstance(one, Rejected) or one.event.origin != "import" for one in events)


def published(settings: StreamSettings) -> int:
    return sum(end_offsets(settings, settings.events_topic).values())


def imported(files: list[str], settings: StreamSettings) -> dict[str, Any]:
    """What a whole run tells; the bad row makes its exit code 3."""
    with start(files, settings, "--json") as process:
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 3
    told: dict[str, Any] = json.loads(output)
    return told


def start(files: list[str], settings: StreamSettings, *options: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [COMMAND, *files, *options],
        stdout=subprocess.PIPE,
        env=environment(settings, WarehouseSettings()),
    )
