"""`active-analytics publish` on a real broker."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from orchestration.commands.publishing import publish
from streams.events import encode
from streams.producer import read_topic
from streams.settings import StreamSettings
from tests.builders import event


def run(settings: StreamSettings, *arguments: str, given: bytes = b"") -> Result:
    environment = {
        "KAFKA_BROKERS": settings.kafka_brokers,
        "EVENTS_TOPIC": settings.events_topic,
        "TRIGGERS_TOPIC": settings.triggers_topic,
    }
    return CliRunner().invoke(publish, arguments, input=given, env=environment)


def test_a_file_with_a_broken_line_is_published_without_it_and_ends_with_1(
    stream_settings: StreamSettings, tmp_path: Path
) -> None:
    good = encode(event())
    path = tmp_path / "events.jsonl"
    path.write_bytes(good + b"\nbroken\n")

    result = run(stream_settings, str(path))

    assert result.exit_code == 1
    assert "line 2 rejected: not JSON" in result.stdout
    assert "1 events published, 1 lines rejected" in result.stdout
    topic = read_topic(stream_settings, stream_settings.events_topic)
    assert [(record.key, record.value) for record in topic] == [(b"v1", good)]


def test_a_pipe_is_published_and_told_to_a_script(
    stream_settings: StreamSettings,
) -> None:
    result = run(stream_settings, "-", "--json", given=encode(event()) + b"\n")
    assert result.exit_code == 0
    counts = {"published": 1, "rejected": 0, "rejected_lines": [], "warned": 0, "warnings": {}}
    assert json.loads(result.stdout) == counts
