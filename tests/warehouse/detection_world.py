"""A small shop on the real engine: carts and orders as the marts tell them, and a list as feed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from uuid import NAMESPACE_OID, UUID, uuid5

import yaml

from orchestration.detection import Report, detect
from orchestration.feed import Place
from orchestration.triggers.contents import CartEvent
from orchestration.triggers.decide import Answer, Cart, Clock
from orchestration.triggers.message import read_message
from orchestration.triggers.model import Definition
from tests.unit.trigger_builders import DAY, MONDAY, cart, definition
from warehouse.client import Warehouse

EVENTS = ("analytics.events", "staging.stg_events")
MODELS_READ = (
    "marts/cart_additions",
    "marts/identifiers",
    "staging/stg_events",
    "staging/stg_identity_edges",
)
FAR_FUTURE = datetime(2299, 12, 31, 23, 59, 59, tzinfo=UTC)  # what the mart says for «none»

TUESDAY = MONDAY + DAY
ABANDONED_CART = definition()

MODELS = Path(__file__).parents[2] / "dbt_project" / "models"


def contract(model: str) -> str:
    """The columns that a dbt model promises, as ClickHouse takes them."""
    (told,) = yaml.safe_load((MODELS / f"{model}.yml").read_text())["models"]
    return ", ".join(f"{column['name']} {column['data_type']}" for column in told["columns"])


def session_of(one: Cart) -> UUID:
    """The id that the mart has for a cart's session."""
    return uuid5(NAMESPACE_OID, one.session_id)


class Names(NamedTuple):
    """What an event says of whose it is."""

    visitor_id: str = ""
    customer_id: str = ""

    @property
    def both(self) -> list[str]:
        """As identifiers, the visitor's first."""
        told = zip(("v:", "c:"), self, strict=True)
        return [kind + value for kind, value in told if value]

    @property
    def raw_person(self) -> str:
        """What an event's row calls its person."""
        return next(iter(self.both), "")


class ShopWorld:
    """Writes what happened in a shop to the tables that detection reads."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self._numbers = count(1)
        for model in MODELS_READ:
            database, table = model.split("/")
            warehouse.execute(f"create database if not exists {database}")
            columns = contract(model)
            warehouse.execute(
                f"create table {database}.{table} ({columns}) engine = MergeTree order by tuple()"
            )

    def carts(self, carts: Sequence[Cart], shop_day: date | None = None) -> None:
        """Additions to carts, as the mart has them."""
        rows = [
            {name: told for name, told in asdict(one).items() if name != "also_of"}
            | {"added_on": shop_day or one.added_at.date()}
            | {"next_added_at": one.next_added_at or FAR_FUTURE}
            | {"session_id": session_of(one)}
            for one in carts
        ]
        columns = list(rows[0]) if rows else []
        self.warehouse.insert("marts.cart_additions", columns, [list(row.values()) for row in rows])

    def cart(self, **told: Any) -> None:
        """One addition."""
        self.carts([cart(**told)])

    def order(
        self,
        occurred_at: datetime,
        *,
        visitor_id: str = "ann",
        customer_id: str = "",
        kind: str = "order.placed",
        origin: str = "live",
        is_staged: bool = True,
    ) -> None:
        """An order event, as it arrived, and in staging unless it was not built yet."""
        names = Names(visitor_id, customer_id)
        self._order([(names, Answer(occurred_at, origin))], kind, is_staged)

    def happen(
        self, happened: Sequence[tuple[Names, CartEvent]], *, is_staged: bool = True
    ) -> None:
        """Things that changed carts, as they arrived, and in staging unless not built yet."""
        columns = (
            *("event_id", "kind", "occurred_at", "occurred_on", "visit_sequence", "origin"),
            *("visitor_id", "customer_id", "product_skus", "product_names", "product_urls"),
            *("product_quantities", "product_prices_minor"),
        )
        rows = [
            (
                *(one.event_id, one.kind, one.occurred_at, one.occurred_at.date()),
                *(one.visit_sequence, one.origin, *names),
                *([getattr(line, name) for line in one.lines] for name in ("sku", "name", "url")),
                [line.quantity for line in one.lines],
                [line.price_minor for line in one.lines],
                names.raw_person,
            )
            for names, one in happened
        ]
        self._store(columns, rows, is_staged)

    def subscribe(self, occurred_at: datetime, detail: str, **names: str) -> None:
        """A word about a subscription, such as `newsletter: off`, that no build knows yet."""
        row = {
            "event_id": f"subscription-{next(self._numbers)}",
            "kind": "subscription.changed",
            "occurred_at": occurred_at,
            "occurred_on": occurred_at.date(),
            "detail": detail,
            "origin": "live",
        } | names
        self.warehouse.insert("analytics.events", list(row), [list(row.values())])

    def resolve(self, persons: Mapping[str, str]) -> None:
        """Make these all the identifiers that share a person with others: person by identifier.

        Exchanges the table, as a build does.
        """
        rows = [(identifier, person, person, True) for identifier, person in persons.items()]
        columns = ("identifier", "person", "component", "is_merged")
        self.warehouse.execute("create table marts.new_identifiers as marts.identifiers")
        self.warehouse.insert("marts.new_identifiers", columns, rows)
        self.warehouse.execute("exchange tables marts.new_identifiers and marts.identifiers")
        self.warehouse.execute("drop table marts.new_identifiers sync")

    def meet(self, identifier: str, other_identifier: str) -> None:
        """Have an event name two identifiers together; no build knows of it yet."""
        columns = ("identifier", "other_identifier")
        rows = [(identifier, other_identifier)]
        self.warehouse.insert("staging.stg_identity_edges", columns, rows)

    def tell(
        self,
        carts: Sequence[Cart],
        orders: Sequence[tuple[Names, Answer]],
        happened: Sequence[tuple[Names, CartEvent]] = (),
    ) -> None:
        """Make these carts, orders and other happenings all there ever was; the ledger stays."""
        for table in ("marts.cart_additions", *EVENTS):
            self.warehouse.execute(f"truncate table {table}")
        self.carts(carts)
        self._order(orders)
        self.happen(happened)

    def forget_firings(self) -> None:
        """Empty the ledger."""
        for table in ("triggers.firings", "triggers.publications", "triggers.withdrawals"):
            self.warehouse.execute(f"truncate table {table}")

    def _order(
        self,
        orders: Sequence[tuple[Names, Answer]],
        kind: str = "order.placed",
        is_staged: bool = True,
    ) -> None:
        columns = ("event_id", "kind", "occurred_at", "occurred_on", "visitor_id")
        rows = [
            (
                *(
                    f"order-{next(self._numbers)}",
                    kind,
                    order.occurred_at,
                    order.occurred_at.date(),
                ),
                *(*names, order.origin, names.raw_person),
            )
            for names, order in orders
        ]
        columns = (*columns, "customer_id", "origin")
        self._store(columns, rows, is_staged)

    def _store(
        self, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]], is_staged: bool
    ) -> None:
        """Rows whose last value is the raw person, which staging calls `visitor_key`."""
        names = {"analytics.events": "person", "staging.stg_events": "visitor_key"}
        for table in EVENTS if is_staged else EVENTS[:1]:
            self.warehouse.insert(table, (*columns, names[table]), rows)

    def ledger(self) -> list[tuple[Any, ...]]:
        """Who was fired, due when."""
        return self.warehouse.rows(
            "select person, due_at from triggers.firings order by due_at, person"
        )


class ListFeed:
    """A feed that is a list."""

    topic = "shop.triggers"
    topic_id = "a list"

    def __init__(self) -> None:
        self.messages: list[tuple[bytes, bytes]] = []

    def publish(self, messages: Sequence[tuple[bytes, bytes]]) -> list[Place]:
        first = len(self.messages)
        self.messages += messages
        return [Place(0, first + number) for number in range(len(messages))]

    def after(self, offsets: Mapping[int, int]) -> Iterator[tuple[UUID, Place]]:
        for number in range(offsets.get(0, -1) + 1, len(self.messages)):
            yield read_message(self.messages[number][1]).id, Place(0, number)

    def persons(self) -> list[str]:
        """Visitors in the feed, in order."""
        return [read_message(value).visitorid for _, value in self.messages]


def run(
    world: ShopWorld, feed: ListFeed, clock: Clock, trigger: Definition = ABANDONED_CART
) -> Report:
    """Detect what is due to people who left a cart."""
    return detect(world.warehouse, feed, [trigger], clock)
