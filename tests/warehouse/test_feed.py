from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from orchestration.commands.detecting import detect, feed
from orchestration.feed import KafkaFeed, Place
from orchestration.triggers.decide import People, decide
from orchestration.triggers.message import message_of
from streams.settings import StreamSettings
from tests.unit.trigger_builders import DAY, MONDAY, cart, definition, shop
from warehouse.settings import WarehouseSettings


@pytest.fixture
def environment(
    stream_settings: StreamSettings, warehouse_server: WarehouseSettings
) -> dict[str, str]:
    """What the commands read."""
    return {
        "KAFKA_BROKERS": stream_settings.kafka_brokers,
        "EVENTS_TOPIC": stream_settings.events_topic,
        "TRIGGERS_TOPIC": stream_settings.triggers_topic,
        "WAREHOUSE_URL": warehouse_server.url,
    }


def publish(stream: StreamSettings, *visitors: str) -> None:
    """Put a letter to each of them into the feed."""
    carts = [cart(person=f"v:{one}", visitor_id=one, event_id=one) for one in visitors]
    firings = decide(definition(), carts, People(), (), shop(MONDAY + DAY)).firings
    with KafkaFeed(stream) as opened:
        opened.publish([message_of(firing) for firing in firings])


def run(environment: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(feed, arguments, env=environment)


def test_the_feed_is_read_to_its_end_a_line_per_letter(environment, stream_settings) -> None:
    assert run(environment).output == ""
    publish(stream_settings, "ann", "bob")
    shown = run(environment).output.splitlines()
    assert [line.split()[:4] for line in shown] == [
        ["2016-08-02", "12:00", "abandoned_cart", "ann"],
        ["2016-08-02", "12:00", "abandoned_cart", "bob"],
    ]


def test_scripts_get_the_messages_themselves_and_as_many_as_they_ask_for(
    environment, stream_settings
) -> None:
    publish(stream_settings, "ann", "bob", "eve")
    lines = run(environment, "--json", "--limit", "2").output.splitlines()
    assert [json.loads(line)["visitorid"] for line in lines] == ["ann", "bob"]


def test_who_follows_sees_letters_arrive_and_leaves_with_ctrl_c(
    environment, stream_settings
) -> None:
    publish(stream_settings, "ann")
    with subprocess.Popen(
        [sys.executable, "-c", "from orchestration.cli import main; main()", "feed", "--follow"],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().split()[3] == "ann"
        publish(stream_settings, "bob")
        assert process.stdout.readline().split()[3] == "bob"
        process.send_signal(signal.SIGINT)
        rest, complaints = process.communicate(timeout=30)
    assert (process.returncode, rest, complaints) == (0, "", "")


def test_a_feed_that_is_not_there_is_said_plainly(environment) -> None:
    result = run({**environment, "TRIGGERS_TOPIC": "shop.nothing"})
    assert result.exit_code == 1
    assert result.output == "Error: there is no topic shop.nothing\n"


def test_a_feed_that_ends_before_what_was_noted_is_another_one_and_read_as_a_whole(
    stream_settings,
) -> None:
    publish(stream_settings, "ann")
    with KafkaFeed(stream_settings) as opened:
        assert [place for _, place in opened.after({0: 10_000})] == [Place(0, 0)]
        assert list(opened.after({0: 0})) == []


def test_messages_of_others_in_the_feed_are_no_firings(stream_settings) -> None:
    with KafkaFeed(stream_settings) as opened:
        opened.publish([(b"ann", b"{}"), (b"ann", b"not JSON")])
        assert list(opened.after({})) == []


def test_detect_tells_scripts_what_it_did_and_people_that_history_is_played(
    environment, warehouse
) -> None:
    result = CliRunner().invoke(detect, ["--shop-clock", "--json"], env=environment)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["note"] == "no event is stored yet"
    assert "on the shop's clock" in result.stderr


def test_detect_on_the_shops_clock_refuses_a_broker_elsewhere(environment) -> None:
    elsewhere = {**environment, "KAFKA_BROKERS": "kafka.example:9092"}
    result = CliRunner().invoke(detect, ["--shop-clock"], env=elsewhere)
    assert result.exit_code == 1
    assert "it needs a feed on this machine" in result.output
