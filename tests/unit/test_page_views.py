"""The processes of a shop and their spools, without any broker."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from streams.events import encode
from streams.examples.page_views import own_publisher, page_view, visitor_in
from streams.framing import Message
from streams.publisher import Publisher
from streams.spool import Spool, SpoolTakenError
from tests.builders import event
from tests.collectors import NOWHERE
from tests.processes import eventually
from tests.topics import Topic


@pytest.mark.parametrize("signal", ["sec-gpc", "dnt"])
def test_a_page_view_of_who_asks_not_to_be_followed_names_nobody(signal: str) -> None:
    asked = {signal: "1", "Cookie": f"aa_visitor={'ab' * 16}"}
    assert visitor_in(asked) == ""
    seen = page_view("", "https://shop.example/", "203.0.113.5", asked)
    assert (seen.visitorid, seen.data.client.address) == ("", "203.0.113.0")


def test_every_process_of_a_shop_has_a_spool_of_its_own(topic: Topic, tmp_path: Path) -> None:
    spools = [tmp_path / str(number) for number in range(3)]
    others = [Publisher(NOWHERE, spool) for spool in spools]  # as other processes have them
    own_publisher(NOWHERE, tmp_path).close()
    assert sorted(os.listdir(tmp_path)) == ["0", "1", "2", "3"]
    for publisher in others:
        publisher.close()
    assert topic.values == []


def test_where_fewer_processes_start_the_spools_of_the_others_are_sent_too(
    topic: Topic, tmp_path: Path
) -> None:
    left = [encode(event(id=f"of process {number}")) for number in range(3)]
    for number, message in enumerate(left):
        _left_behind(tmp_path / str(number), message)
    living = Publisher(NOWHERE, tmp_path / "1")
    publisher = own_publisher(NOWHERE, tmp_path)
    eventually(lambda: sorted(topic.values) == left)
    eventually(lambda: _is_free(tmp_path / "2"))
    publisher.close()
    living.close()
    assert sorted(os.listdir(tmp_path)) == ["0", "1", "2"]


def _left_behind(folder: Path, message: bytes) -> None:
    """A spool of a process that was killed before it could send."""
    spool = Spool(folder, max_bytes=10_000)
    spool.append(Message(b"visitor", message))
    spool.close()


def _is_free(folder: Path) -> bool:
    try:
        Spool(folder, max_bytes=10_000).close()
    except SpoolTakenError:
        return False
    return True
