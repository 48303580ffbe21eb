"""The real month, from its files to the letters, by the commands an operator types.

The worker is killed five times while the month is being imported; the figures are those of
`expected/`, which were computed independently.
"""

from __future__ import annotations

import csv
import dataclasses
import json
import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from streams.producer import ensure_topics, read_topic
from streams.settings import StreamSettings
from tests.august import AUGUST, needs
from tests.fixtures_kafka import settings_on
from tests.fixtures_warehouse import EmbeddedProcess
from tests.processes import COMMAND, Worker, answer, environment, eventually
from tests.unit.trigger_builders import ABANDONED_CART
from warehouse.client import Warehouse
from warehouse.migrate import migrate

pytestmark = [pytest.mark.august, pytest.mark.long, needs(AUGUST)]
EVENTS = 459_705
KILLS = 5


@dataclass(frozen=True)
class Played:
    """The month, stored, built and detected."""

    stream: StreamSettings
    server: EmbeddedProcess
    told: dict[str, str]
    warehouse: Warehouse
    summary: dict[str, Any]


@pytest.fixture(scope="module")
def played(kafka_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    home = tmp_path_factory.mktemp("august")
    server = EmbeddedProcess(home)
    stream = dataclasses.replace(
        settings_on(kafka_server, home),
        shop_time_zone="America/Los_Angeles",
        shop_hosts="googlemerchandisestore.com",
    )
    ensure_topics(stream)
    told = environment(stream, server.settings)
    with Warehouse.connect(server.settings, "august") as warehouse:
        migrate(warehouse)
        store_under_fire(stream, server, warehouse, told)
        answer(told, "build")
        triggers = home / "triggers"
        triggers.mkdir()
        (triggers / "abandoned_cart.yml").write_text(ABANDONED_CART)  # the plain rule
        answer(told | {"TRIGGER_DEFINITIONS": str(triggers)}, "detect", "--shop-clock")
        yield Played(stream, server, told, warehouse, answer(told, "summary"))
    server.stop()


def store_under_fire(
    stream: StreamSettings, server: EmbeddedProcess, warehouse: Warehouse, told: dict[str, str]
) -> None:
    """Import the month while the worker is killed at five random points of it."""
    chance = random.Random(2016)
    goals = sorted(chance.randrange(1, EVENTS * 9 // 10) for _ in range(KILLS))
    importing = subprocess.Popen(
        [COMMAND, "import", "ga-hits", str(AUGUST), "--json"], env=told, stdout=subprocess.DEVNULL
    )
    worker = Worker(stream, server.settings)
    for goal in goals:
        worker.start()
        eventually(
            lambda goal=goal: stored(warehouse) >= goal, within_seconds=240, tell=worker.told
        )
        worker.kill()
    with worker:
        assert importing.wait(300) == 0
        eventually(lambda: stored(warehouse) == EVENTS, within_seconds=240, tell=worker.told)


def stored(warehouse: Warehouse) -> int:
    return int(warehouse.scalar("select sum(event_count) from event_store.stored_ranges"))


def digests(warehouse: Warehouse) -> dict[str, tuple[int, int]]:
    """Rows and content of every mart, whatever their order."""
    marts = warehouse.rows("select name from system.tables where database = 'marts'")
    return {
        mart: warehouse.rows(f"select count(), sum(cityHash64(*)) from marts.{mart}")[0]
        for (mart,) in marts
    }


def test_nothing_was_lost_or_doubled_by_five_kills(played: Played) -> None:
    found = answer(played.told, "verify")
    assert (found["ok"], found["lost"], found["doubled"], found["gaps"]) == (True, 0, 0, 0)
    assert sum(one["stored"] for one in found["partitions"]) == EVENTS


def test_the_figures_are_those_computed_independently(played: Played) -> None:
    expected = json.loads((AUGUST / "expected" / "summary.json").read_text())
    found = played.summary
    assert found["events_read"] == found["events_stored"] == expected["rows"]["hits"]
    assert found["dead_letters"] == 0
    assert found["sessions"] == expected["sessions_inactivity_gt_30min"]
    assert found["orders"] == expected["transactions_distinct"]
    assert found["orders_without_revenue"] == expected["tx_null_revenue"]
    assert found["order_lines"] == expected["baskets"]["lines"]
    assert found["order_revenue"] == expected["revenue_distinct_tx_max"]
    assert found["pairs_min5"] == expected["pairs_min5"]


def test_channels_of_our_rules_differ_from_the_declared_ones_where_we_know_why(
    played: Played,
) -> None:
    """GA4 parts videos from social sites; sources that the export masks look direct; and a link
    from google.co.* without tags is a search, whatever its medium says.
    """
    found = answer(played.told, "channels")
    assert sum(row["sessions"] for row in found) == played.summary["sessions"]
    others = [
        (row["declared"], row["derived"]) for row in found if row["declared"] != row["derived"]
    ]
    assert others[0] == ("Social", "Organic Video")
    assert set(others[1:4]) == {
        ("Referral", "Direct"),
        ("Referral", "Organic Search"),
        ("Social", "Organic Social"),
    }


def test_pairs_equal_those_expected_in_support_confidence_and_lift(played: Played) -> None:
    with (AUGUST / "expected" / "bought_together_min5.csv").open() as rows:
        expected = {
            (row["sku_a"], row["sku_b"]): (
                int(row["together"]),
                float(row["support"]),
                float(row["confidence_a_b"]),
                float(row["lift"]),
            )
            for row in csv.DictReader(rows)
        }
    found = played.warehouse.rows(
        "select sku_a, sku_b, orders_together, support, confidence_a_b, lift"
        " from marts.bought_together where orders_together >= 5"
    )
    assert {(a, b) for a, b, *_ in found} == set(expected)
    for a, b, *figures in found:
        assert figures == pytest.approx(expected[a, b], rel=1e-4, abs=1e-6)


def test_attribution_equals_that_expected_by_every_model(played: Played) -> None:
    with (AUGUST / "expected" / "attribution_30d.csv").open() as rows:
        expected = {row.pop("channel"): row for row in csv.DictReader(rows)}
    assert {row["channel"] for row in played.summary["attribution"]} == set(expected)
    for row in played.summary["attribution"]:
        for model in ("first_touch", "last_touch", "linear", "last_non_direct"):
            assert row[model] == pytest.approx(float(expected[row["channel"]][model]), abs=1e-4)


def test_every_letter_is_in_the_feed_once(played: Played) -> None:
    expected = json.loads((AUGUST / "expected" / "triggers.json").read_text())
    letters = expected["abandoned_cart_24h"]["visitors_once_ever"]
    feed = read_topic(played.stream, played.stream.triggers_topic)
    visitors = [json.loads(letter.value or b"{}")["visitorid"] for letter in feed]
    assert len(visitors) == len(set(visitors)) == letters
    assert played.summary["letters"] == played.summary["letters_published"] == letters


@pytest.mark.long
def test_importing_the_month_once_more_changes_no_mart(played: Played) -> None:
    before = digests(played.warehouse)
    again = [COMMAND, "import", "ga-hits", str(AUGUST), "--again", "--json"]
    subprocess.run(again, env=played.told, stdout=subprocess.DEVNULL, check=True)
    with Worker(played.stream, played.server.settings) as worker:
        eventually(
            lambda: stored(played.warehouse) == 2 * EVENTS, within_seconds=240, tell=worker.told
        )
    assert len(answer(played.told, "build")["runs"]) == 1
    assert digests(played.warehouse) == before
    assert answer(played.told, "detect", "--shop-clock")["fired"] == 0
    assert answer(played.told, "verify")["ok"] is True
