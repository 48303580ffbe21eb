"""What the generated shop's people did, written down as events, and what was bought in truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from streams.events import Data, Event


@dataclass(frozen=True, slots=True)
class Person:
    """A visitor of the shop; `customer_id` is empty for those who never register."""

    visitor_id: str
    customer_id: str


@dataclass(frozen=True, slots=True)
class Purchase:
    """An order as it truly was, however often and badly it is told; revenue None is never told."""

    order_id: str
    revenue_minor: int | None
    skus: frozenset[str]


@dataclass(slots=True)
class Chronicle:
    """The events of a month, in the order of telling; what lies beyond its end is not told."""

    begins_at: datetime
    ends_at: datetime
    events: list[Event] = field(default_factory=list)
    purchases: list[Purchase] = field(default_factory=list)

    @property
    def length(self) -> timedelta:
        """From its beginning to its end."""
        return self.ends_at - self.begins_at

    def tell(
        self,
        kind: Callable[..., Event],
        data: Data,
        at: datetime,
        *,
        source: str,
        visitor_id: str = "",
        customer_id: str = "",
        **visit: Any,
    ) -> None:
        """Write down one event; ids count up, so that the same month has the same ids."""
        if at >= self.ends_at:
            return
        event = kind(
            specversion="1.0",
            id=f"sim-{len(self.events) + 1:06}",
            source=source,
            time=at,
            visitorid=visitor_id,
            customerid=customer_id,
            origin="import",
            data=data,
            **visit,
        )
        self.events.append(event)
