"""What a shop is told by its publisher, without any broker."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from streams.events import Data, OrderData, OrderPlaced, Page
from streams.publisher import RETRY_SECONDS, EventRefusedError, Publisher
from streams.settings import StreamSettings
from streams.spool import SpoolError, SpoolFullError, SpoolTakenError
from tests.builders import NOON, event
from tests.processes import eventually
from tests.topics import Topic

NOWHERE = StreamSettings(kafka_brokers="127.0.0.1:1")


def test_an_event_against_the_contract_is_refused_with_every_reason(tmp_path: Path) -> None:
    publisher = Publisher(NOWHERE, tmp_path)
    broken = event(OrderPlaced, id="", time=NOON.replace(year=1016), data=OrderData(order_id="o1"))
    with pytest.raises(EventRefusedError, match=r"`id` '' is none; `time` 1016-"):
        publisher.publish(broken)
    assert publisher.counts().refused_by_contract == 1
    assert publisher.counts().kept == 0
    assert publisher.close() == 0


def test_a_full_spool_refuses_loudly_and_counts_it(tmp_path: Path) -> None:
    publisher = Publisher(NOWHERE, tmp_path, max_bytes=400)
    publisher.publish(event(id="e1"))
    with pytest.raises(SpoolFullError, match="of at most 400 bytes"):
        publisher.publish(event(data=Data(page=Page(title="long" * 100))))
    publisher.publish(event(id="e2"))
    counts = publisher.counts()
    assert (counts.kept, counts.unsent, counts.refused_for_space) == (2, 2, 1)
    assert counts.is_sending
    assert publisher.close(budget_seconds=0) == 2


def test_a_disk_that_fails_for_a_moment_does_not_end_the_sending(
    topic: Topic, tmp_path: Path
) -> None:
    publisher = Publisher(NOWHERE, tmp_path / "spool")
    (segment,) = (tmp_path / "spool").glob("*.spool")
    away = segment.rename(
        tmp_path / "away"
    )  # opening it fails, as when no more files are to be had
    publisher.publish(event(id="e1"))
    time.sleep(0.1)
    assert (topic.values, publisher.counts().is_sending) == ([], True)
    away.rename(segment)
    eventually(lambda: publisher.counts().sent == 1)
    assert publisher.close() == 0


def test_a_place_that_cannot_be_noted_has_nothing_sent_again(topic: Topic, tmp_path: Path) -> None:
    in_the_way = tmp_path / "position.new"
    in_the_way.mkdir()
    publisher = Publisher(NOWHERE, tmp_path)
    publisher.publish(event(id="e1"))
    time.sleep(2.5 * RETRY_SECONDS)
    publisher.publish(event(id="e2"))
    eventually(lambda: publisher.counts().unsent == 0)
    assert len(topic.values) == publisher.counts().sent == 2
    in_the_way.rmdir()
    eventually((tmp_path / "position").exists)
    publisher.close()
    assert Publisher(NOWHERE, tmp_path).close() == 0


def test_a_closed_publisher_keeps_nothing_and_says_so(tmp_path: Path) -> None:
    publisher = Publisher(NOWHERE, tmp_path)
    publisher.close()
    with pytest.raises(SpoolError, match="was closed"):
        publisher.publish(event())
    assert not publisher.counts().is_sending


def test_two_publishers_do_not_share_a_folder(tmp_path: Path) -> None:
    publisher = Publisher(NOWHERE, tmp_path)
    with pytest.raises(SpoolTakenError, match="give each its own folder"):
        Publisher(NOWHERE, tmp_path)
    publisher.close()


def test_a_publisher_used_after_a_fork_says_so_instead_of_losing_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = Publisher(NOWHERE, tmp_path)
    with monkeypatch.context() as forked:
        forked.setattr(os, "getpid", lambda: -1)
        with pytest.raises(RuntimeError, match="make it after the fork"):
            publisher.publish(event())
    publisher.close()


def test_a_shop_that_embeds_it_imports_nothing_of_the_rest_of_the_system() -> None:
    code = "import sys, streams.publisher; print(*{name.split('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    strangers = {
        "faust",
        "aiokafka",
        "dagster",
        "dbt",
        "pyarrow",
        "clickhouse_connect",
        "warehouse",
    }
    assert not strangers & set(run.stdout.split())
