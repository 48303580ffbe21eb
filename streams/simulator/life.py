"""The month of one person: visits, a registration, orders, letters, calls."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from streams import events as contract
from streams.events import CallData, CustomerData, Data, LetterData, Page, SubscriptionData
from streams.simulator import order
from streams.simulator.chronicle import Chronicle, Person
from streams.simulator.shop import NEWSLETTER, SITE, Shop, way_of_coming
from streams.simulator.visit import Visit


@dataclass(slots=True)
class Life:
    """What a person does from the first visit on, told to the chronicle."""

    rng: Random
    shop: Shop
    chronicle: Chronicle
    person: Person
    registered_at: datetime | None = None

    def live(self) -> None:
        """Come, look, buy, come again, or not."""
        at = self.chronicle.begins_at + self.rng.random() * self.chronicle.length
        number = 1
        while at < self.chronicle.ends_at:
            visit = self._visit(number, at)
            at = visit.at + timedelta(hours=self.rng.expovariate(1 / 90))
            number += 1
            if self.rng.random() < 0.45:
                break
        if self.registered_at is not None:
            self._call(self.registered_at)
            self._subscribe(self.registered_at)

    def _visit(self, number: int, at: datetime) -> Visit:
        way = way_of_coming(self.rng)
        visit = Visit(self.rng, self.shop, self.chronicle, self.person, number, way, at)
        visit.is_known = self.registered_at is not None and self.rng.random() < 0.3
        if visit.walk():
            if self.person.customer_id and not visit.is_known:
                self._identify(visit)
            order.follow_up(visit, order.place(visit))
        return visit

    def _identify(self, visit: Visit) -> None:
        """At the checkout a customer registers or logs in: from here on the visitor is known."""
        visit.is_known = True
        address = hashlib.sha256(f"{self.person.customer_id}@example.com".encode()).hexdigest()
        is_new = self.registered_at is None
        kind = contract.CustomerRegistered if is_new else contract.CustomerLoggedIn
        self.registered_at = self.registered_at or visit.at
        visit.tell(kind, CustomerData(email_sha256=address))

    def _call(self, after: datetime) -> None:
        if self.rng.random() < 0.12:
            at = after + timedelta(days=self.rng.uniform(0.1, 9))
            call = CallData(topic="delivery", duration_seconds=self.rng.randrange(30, 900))
            self.chronicle.tell(contract.CallReceived, call, at, **self._customer())
        if self.rng.random() < 0.1:
            at = after + timedelta(days=self.rng.uniform(1, 20))
            self.chronicle.tell(contract.CustomerUpdated, CustomerData(), at, **self._customer())

    def _subscribe(self, after: datetime) -> None:
        """A newsletter every seven days, sometimes read, sometimes a reason to come."""
        if self.rng.random() < 0.4:
            return
        newsletter = SubscriptionData(name="newsletter", is_subscribed=True)
        at = after + timedelta(minutes=2)
        self.chronicle.tell(contract.SubscriptionChanged, newsletter, at, **self._customer())
        for issue in range(1, 5):
            at += timedelta(days=7)
            self._receive(issue, at)

    def _receive(self, issue: int, at: datetime) -> None:
        letter = LetterData(letter_id=f"newsletter-{issue}-{self.person.customer_id}")
        self.chronicle.tell(contract.LetterSent, letter, at, **self._customer())
        at += timedelta(minutes=self.rng.uniform(5, 900))
        if self.rng.random() < 0.4:
            self.chronicle.tell(contract.LetterOpened, letter, at, **self._customer())
            at += timedelta(seconds=self.rng.randrange(2, 40))
            if self.rng.random() < 0.3:
                self.chronicle.tell(contract.LetterClicked, letter, at, **self._customer())
                number = 50 + issue  # a numbering of its own: it falls between the other visits
                at += timedelta(seconds=1)
                Visit(
                    self.rng, self.shop, self.chronicle, self.person, number, NEWSLETTER, at
                ).walk()

    def _customer(self) -> dict[str, str]:
        return {"source": "/shop/crm", "customer_id": self.person.customer_id}


def watch_prices(chronicle: Chronicle, begins_at: datetime, ends_at: datetime) -> None:
    """A visitor that is a program: a page every 20 minutes for days, without a pause."""
    page = Data(page=Page(url=f"{SITE}/sale", title="Sale"))
    at = begins_at
    while at < ends_at:
        chronicle.tell(
            contract.PageViewed, page, at, source="/shop/web", visitor_id="price-watcher"
        )
        at += timedelta(minutes=20)
