"""A shop whose events arrive in the warehouse, and marts built of them: for tests of the marts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from orchestration.days import Stretch, arrivals, dirty_days, record_build
from orchestration.marts.assets import PERSON_MODELS, day_variables
from orchestration.marts.dbt import Dbt
from streams import ledger
from streams.decode import Decoded
from streams.events import Event, encode, key_of
from streams.identity import pair_rows
from streams.records import Origin, Record
from streams.rows import event_rows
from tests.builders import enrichment
from warehouse.client import Warehouse

if TYPE_CHECKING:
    from dbt_common.events.base_types import EventMsg

TOPIC = "shop.events"
ZONE = ZoneInfo("America/Los_Angeles")
BROKER_BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DBT_DATABASES = ("staging", "intermediate", "marts")
TABLES = (
    "staging.stg_events",
    "staging.stg_orders",
    "intermediate.int_events_sessionized",
    "intermediate.int_visits",
    "intermediate.int_order_touchpoints",
    "marts.sessions",
    "marts.orders",
    "marts.order_lines",
    "marts.customers",
    "marts.bought_together",
    "marts.channel_attribution",
    "marts.cart_additions",
    "marts.event_conflicts",
    "marts.event_warnings",
    "marts.order_conflicts",
    "marts.identifiers",
    "marts.unmerged_identifiers",
)
SESSIONS_ONLY = ("--select", "stg_events", "int_events_sessionized", "sessions")
UP_TO_SESSIONS = ("--select", "+sessions")  # who is who as well
EVERY_DAY = Stretch(date(1971, 1, 1), date(2100, 1, 1))


class Message(NamedTuple):
    """An event and the second at which the broker took it: only copies care which was first."""

    event: Event
    second: int


@dataclass
class Told:
    """What dbt said during a build."""

    failure: str = ""
    events: list[EventMsg] = field(default_factory=list)

    @property
    def errors(self) -> str:
        """What it said of failures, in one text."""
        said = [event.info.msg for event in self.events if event.info.level == "error"]
        return "\n".join([self.failure, *said]) if self.failure else ""

    @property
    def finished(self) -> Counter[str]:
        """How many models and tests came to an end, by what dbt calls them."""
        return Counter(
            event.data.node_info.resource_type
            for event in self.events
            if event.info.name == "NodeFinished"
        )


class MartsWorld:
    """Events go in as the stream writes them, ledger included; dbt is the one that Dagster runs."""

    def __init__(self, warehouse: Warehouse, dbt: Dbt) -> None:
        self.warehouse = warehouse
        self.dbt = dbt
        self._position = ledger.claim(warehouse, "id", TOPIC, 0, first_offset=0, owner="a test")

    def arrive(self, messages: Iterable[Message]) -> None:
        """Store messages as one range of the topic."""
        generation, first = self._position.generation, self._position.next_offset
        accepted = [
            (_record(offset, message), Decoded(message.event))
            for offset, message in enumerate(messages, first)
        ]
        table = event_rows(accepted, Origin(TOPIC, 0, generation), enrichment(ZONE.key))
        self.warehouse.insert_arrow("analytics.events", table)
        pairs = pair_rows(table)
        if pairs.num_rows:
            self.warehouse.insert_arrow("analytics.identity_pairs", pairs)
        self._record(Counter(table.column("occurred_on").to_pylist()), len(accepted))
        self._position = ledger.Position(generation, first + len(accepted))

    def build(
        self,
        stretch: Stretch,
        also_days: Iterable[date] = (),
        options: Iterable[str] = (),
        **variables: object,
    ) -> None:
        """Build the marts of some days without testing them or their contracts: `rebuild` does."""
        variables = {"check_contracts": False, **variables}
        told = self.attempt(stretch, also_days, ("--resource-type", "model", *options), **variables)
        assert not told.failure, told.errors

    def resolve(self, **variables: object) -> None:
        """Find out who is who, as a run of Dagster does first; its changes mark days."""
        told = Told()
        arguments = ["--quiet", "--resource-type", "model", "--select", *sorted(PERSON_MODELS)]
        variables = {"check_contracts": False, **variables}
        told.failure = self.dbt.build(
            [*arguments, "--vars", json.dumps(variables)], told.events.append
        )
        assert not told.failure, told.errors

    def decide(self, decision: str, identifier: str, other: str = "") -> None:
        """Record what somebody decided about identifiers."""
        columns = ("identifier", "other_identifier", "decision", "decided_at")
        row = (identifier, other, decision, datetime.now(UTC))
        self.warehouse.insert("reference.identity_decisions", columns, [row])

    def attempt(
        self,
        stretch: Stretch,
        also_days: Iterable[date] = (),
        options: Iterable[str] = ("--exclude-resource-type", "unit_test"),
        **variables: object,
    ) -> Told:
        """Build the marts of some days, test them, and tell what came of it."""
        told = Told()
        days = {**day_variables(stretch, list(also_days)), **variables}
        arguments = ["--quiet", *options, "--vars", json.dumps(days)]
        told.failure = self.dbt.build(arguments, told.events.append)
        return told

    def rebuild(self) -> None:
        """Forget every mart, build all days at once, and test them."""
        for database in DBT_DATABASES:
            self.warehouse.execute(f"drop database if exists {database} sync")
        told = self.attempt(EVERY_DAY)
        assert not told.failure, told.errors

    def digests(self, tables: Iterable[str] = TABLES) -> dict[str, tuple[int, int]]:
        """How many rows each table has, and a sum over their contents that knows no order."""
        return {
            table: self.warehouse.rows(f"select count(), sum(cityHash64(*)) from {table}")[0]
            for table in tables
        }

    def shop_days(self) -> list[date]:
        """Every shop day that has events, in order."""
        rows = self.warehouse.rows("select distinct occurred_on from analytics.events order by 1")
        return [day for (day,) in rows]

    def _record(self, arrivals: Counter[date], count: int) -> None:
        stored = ledger.StoredRange(
            topic_id="id",
            topic=TOPIC,
            partition=0,
            generation=self._position.generation,
            from_offset=self._position.next_offset,
            to_offset=self._position.next_offset + count - 1,
            event_count=count,
            dead_letter_count=0,
            gaps=(),
            arrivals=arrivals,
            occurred_max=BROKER_BEGAN,
        )
        ledger.record(self.warehouse, stored, BROKER_BEGAN)


def build_dirty_days(
    shop: MartsWorld,
    options: Iterable[str] = (),
    meanwhile: Iterable[Message] = (),
    **variables: object,
) -> list[date]:
    """What a run of Dagster does when days changed; tells which days it built.

    Args:
        shop: whose.
        options: of dbt.
        meanwhile: what arrives when persons are resolved and no day is built yet.
        variables: of dbt's project.
    """
    arrived = arrivals(shop.warehouse)
    shop.resolve(**variables)
    if meanwhile:
        shop.arrive(meanwhile)
    dirty = dirty_days(shop.warehouse).as_arrived(arrived)
    first, *others = dirty.days
    without_persons = ("--exclude", *sorted(PERSON_MODELS))
    shop.build(Stretch(first, first), others, (*options, *without_persons), **variables)
    record_build(shop.warehouse, dirty.counts, "a test")
    return dirty.days


def _record(offset: int, message: Message) -> Record:
    event = message.event
    return Record(offset, key_of(event), encode(event), (), _milliseconds(message.second))


def _milliseconds(second: int) -> int:
    return int((BROKER_BEGAN + second * SECOND).timestamp() * 1000)
