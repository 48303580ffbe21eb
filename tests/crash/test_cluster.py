"""A cluster behind TLS, one broker killed after the other: nothing is lost or doubled."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestration.detection import detect
from orchestration.feed import KafkaFeed
from streams.producer import (
    BrokerError,
    BrokerRefusedError,
    EventProducer,
    end_offsets,
    ensure_topics,
    is_answering,
    read_topic,
)
from streams.settings import StreamSettings
from streams.verify import verify
from tests.certificates import make_certificates
from tests.collectors import CollectorProcess
from tests.crash.test_collector import Clients
from tests.crash.test_detection import TUESDAY, letters
from tests.crash.test_publisher import Shop
from tests.fixtures_kafka import free_port_pair
from tests.fixtures_warehouse import EmbeddedProcess
from tests.kafka_cluster import SecureCluster
from tests.processes import Worker, environment, eventually
from tests.unit.trigger_builders import cart, definition, shop
from tests.walk.test_stream import stored
from tests.warehouse.detection_world import ShopWorld
from warehouse.client import Warehouse
from warehouse.migrate import migrate
from warehouse.settings import WarehouseSettings

CARTS_AT_ONCE = 20
PATIENCE_SECONDS = 400  # a wait took 183 s beside a load of 20
EVENTS_AFTER_A_KILL = 2_000  # stored while a broker is away, before it comes back


@pytest.mark.long
def test_a_broker_behind_tls_lets_in_who_knows_the_password_and_nobody_else(
    tmp_path: Path,
) -> None:
    with SecureCluster(tmp_path, size=1) as broker:
        settings = broker.settings(tmp_path)
        ensure_topics(settings)
        with EventProducer(settings) as producer:
            producer.send(b"key", b"{}")
        assert [one.value for one in read_topic(settings, settings.events_topic)] == [b"{}"]
        other = make_certificates(folder_of(tmp_path / "other"))
        for wrong, reason in (
            ({"kafka_sasl_password": "another"}, "invalid credentials"),
            ({"kafka_ssl_cafile": str(other.authority)}, "CERTIFICATE_VERIFY_FAILED"),
            ({"kafka_sasl_mechanism": "PLAIN"}, "UnsupportedSaslMechanism"),
        ):
            with pytest.raises(BrokerRefusedError, match=f"{reason}.*see KAFKA_SECURITY_PROTOCOL"):
                is_answering(dataclasses.replace(settings, **wrong), budget_seconds=5)


def folder_of(path: Path) -> Path:
    """The folder, made."""
    path.mkdir()
    return path


class Detector(threading.Thread):
    """Carts are left all the time and letters fired for them; an error is for the next tick."""

    def __init__(self, warehouse: WarehouseSettings, stream: StreamSettings) -> None:
        super().__init__(name="detector")
        self._warehouse, self._stream = warehouse, stream
        self._ending = threading.Event()
        self.left: list[str] = []
        self.missed_ticks = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        """Tick until told to end, and then until every cart has had its letter."""
        try:
            with Warehouse.connect(self._warehouse, "detector") as warehouse:
                world = ShopWorld(warehouse)
                while not self._ending.is_set():
                    self._leave_carts(world)
                    self._tick(warehouse)
                while not self._tick(warehouse):
                    pass
        except BaseException as error:
            self.error = error
            raise

    def finish(self) -> None:
        """Wait for the last letters."""
        self._ending.set()
        self.join(PATIENCE_SECONDS)
        assert (self.is_alive(), self.error) == (False, None)

    def _leave_carts(self, world: ShopWorld) -> None:
        names = [f"{len(self.left) + number:05}" for number in range(CARTS_AT_ONCE)]
        world.carts(
            [
                cart(person=f"v:{name}", visitor_id=name, session_id=name, event_id=name)
                for name in names
            ]
        )
        self.left += names

    def _tick(self, warehouse: Warehouse) -> bool:
        try:
            with KafkaFeed(self._stream) as feed:
                detect(warehouse, feed, [definition()], shop(TUESDAY))
        except BrokerError:
            self.missed_ticks += 1
            return False
        return True


@contextmanager
def empty_warehouse(home: Path) -> Iterator[WarehouseSettings]:
    """A warehouse of its own process, with all tables."""
    home.mkdir()
    server = EmbeddedProcess(home)
    try:
        with Warehouse.connect(server.settings, "test") as warehouse:
            migrate(warehouse)
        yield server.settings
    finally:
        server.stop()


@pytest.mark.long
@pytest.mark.timeout(2400)
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_one_broker_of_three_is_killed_after_the_other_and_nothing_is_lost_or_doubled(
    tmp_path: Path,
) -> None:
    with (
        SecureCluster(tmp_path, size=3) as cluster,
        empty_warehouse(tmp_path / "events") as event_server,
        empty_warehouse(tmp_path / "carts") as cart_server,
        Warehouse.connect(event_server, "test") as warehouse,
    ):
        stream = cluster.settings(tmp_path)
        ensure_topics(stream)
        process = Shop(stream, tmp_path / "shop")
        collector = CollectorProcess(
            stream, tmp_path / "spool", free_port_pair(), **environment(stream, event_server)
        )
        collector.start()
        clients = Clients(collector)
        detector = Detector(cart_server, stream)
        detector.start()
        with (
            Worker(stream, event_server) as worker,
            clients.sending(),
            process.killed_after(EVENTS_AFTER_A_KILL),
        ):
            for node in range(1, cluster.size + 1):
                eventually(
                    cluster.is_whole, within_seconds=PATIENCE_SECONDS, tell=cluster.last_words
                )
                before, letters_before = stored(warehouse), len(detector.left)
                cluster.kill(node)
                wanted = before + EVENTS_AFTER_A_KILL
                eventually(
                    lambda wanted=wanted: stored(warehouse) >= wanted,
                    within_seconds=PATIENCE_SECONDS,
                    tell=worker.told,
                )
                eventually(
                    lambda wanted=letters_before: len(detector.left) >= wanted + CARTS_AT_ONCE,
                    within_seconds=PATIENCE_SECONDS,
                )
                cluster.start(node)
        detector.finish()
        process.send_the_rest()
        assert collector.stop() == 0, collector.told()
        published = sum(end_offsets(stream, stream.events_topic).values())
        with Worker(stream, event_server) as worker:
            eventually(
                lambda: stored(warehouse) == published,
                within_seconds=PATIENCE_SECONDS,
                tell=worker.told,
            )
        assert_all_stored_once(warehouse, stream, process, clients)
        due = [("abandoned_cart", visitor) for visitor in detector.left]
        assert letters(stream) == Counter(due)


def assert_all_stored_once(
    warehouse: Warehouse, stream: StreamSettings, process: Shop, clients: Clients
) -> None:
    """What was handed over is in the topic, and each of the topic's messages stored once."""
    verdict = verify(warehouse).as_json()
    assert (verdict["ok"], verdict["lost"], verdict["doubled"], verdict["gaps"]) == (True, 0, 0, 0)
    in_topic = [
        json.loads(one.value or b"{}")["id"] for one in read_topic(stream, stream.events_topic)
    ]
    handed_over = {f"e{number}" for number in process.told()} | clients.answered
    assert handed_over - set(in_topic) == set()
    rows = warehouse.rows("select event_id from analytics.events")
    assert Counter(row[0] for row in rows) == Counter(in_topic)
