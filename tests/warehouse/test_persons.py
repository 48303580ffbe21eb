"""Who is who, on the real engine: who is joined, who is kept apart, and which days it concerns."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest

from orchestration.days import unseen_days
from streams.events import (
    CustomerData,
    CustomerLoggedIn,
    Data,
    Event,
    Identifiers,
    OrderData,
    OrderPlaced,
)
from tests.builders import activity
from tests.warehouse.marts_world import (
    EVERY_DAY,
    SESSIONS_ONLY,
    MartsWorld,
    Message,
    build_dirty_days,
)

# dbt's logger forgets to close the file it wrote
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")

MARCH = date(2026, 3, 1)
DAY = timedelta(days=1)
PAIR_COLUMNS = ("identifier", "other_identifier", "first_seen_at", "last_seen_at")


def day(number: int) -> date:
    return MARCH + (number - 1) * DAY


def noon(number: int) -> datetime:
    at = day(number)
    return datetime(at.year, at.month, at.day, 20, tzinfo=UTC)  # noon in Los Angeles


def seen(visitor: str, number: int, **told: object) -> Event:
    """A page viewed by a visitor at noon of a day."""
    given = {"id": f"{visitor} {number}", "visitorid": visitor, "time": noon(number)}
    return activity(**{**given, **told})


def login(visitor: str, customer: str, number: int) -> Event:
    told = {"id": f"login {visitor} {number}", "customerid": customer, "data": CustomerData()}
    return seen(visitor, number, kind=CustomerLoggedIn, **told)


def arrive(shop: MartsWorld, events: Iterable[Event]) -> None:
    shop.arrive([Message(one, 0) for one in events])


def paired(shop: MartsWorld, pairs: Iterable[tuple[str, str]]) -> None:
    rows = [(*pair, noon(1), noon(1)) for pair in pairs]
    shop.warehouse.insert("analytics.identity_pairs", PAIR_COLUMNS, rows)


def persons(shop: MartsWorld) -> dict[str, str]:
    return dict(shop.warehouse.rows("select identifier, person from marts.identifiers"))


def sizes(shop: MartsWorld) -> set[tuple[int, int]]:
    """How many persons have how many identifiers."""
    return set(
        shop.warehouse.rows(
            "select size, count() from"
            " (select count() as size from marts.identifiers group by person) group by size"
        )
    )


def marked(shop: MartsWorld) -> list[date]:
    rows = shop.warehouse.rows("select distinct shop_day from operations.day_marks order by 1")
    return [one for (one,) in rows]


def test_long_chains_and_hubs_become_one_person_each_or_nobody_at_all(shop: MartsWorld) -> None:
    rng = Random(1)
    names = [f"v:{rng.getrandbits(60):x}" for _ in range(900)]
    rising, any_order = sorted(names[:300]), names[300:600]
    low, high = sorted(names[600:750]), sorted(names[750:])
    paired(shop, pairwise(rising))
    paired(shop, pairwise(any_order))
    paired(shop, zip(low, high, strict=True))
    paired(shop, zip(high, low[1:], strict=False))
    paired(shop, [("v:zzz", f"t:{number}") for number in range(301)])
    large = {"person_max_identifiers": 300, "identifier_max_partners_per_day": 1000}
    shop.resolve(**large)
    assert sizes(shop) == {(300, 3), (1, 302)}
    only = ("--select", "unmerged_identifiers")
    shop.build(EVERY_DAY, options=only, **large)
    assert shop.warehouse.rows(
        "select reason, component_size, most_connected[1], count() from marts.unmerged_identifiers"
        " group by all"
    ) == [("too large", 302, "v:zzz", 302)]


def test_a_login_merges_all_of_the_past_as_if_it_had_come_first(shop: MartsWorld) -> None:
    told = {"kind": OrderPlaced, "data": OrderData(order_id="o1", revenue_minor=900)}
    arrive(shop, [seen("a", 1), seen("b", 1, time=ten_past_noon(1)), seen("a", 9, **told)])
    shop.decide("apart", "v:kiosk")
    arrive(shop, [seen("kiosk", 20, customerid="8"), seen("kiosk", 22, customerid="9")])
    build_dirty_days(shop)
    at_kiosk = [("c:8", day(20), 1), ("c:9", day(22), 1)]
    assert sessions(shop) == [
        *(("v:a", day(1), 1), ("v:b", day(1), 1), ("v:a", day(9), 1)),
        *at_kiosk,
    ]
    arrive(shop, [login("a", "1", 5), login("b", "1", 6)])
    build_dirty_days(shop)
    merged = [("c:1", day(one), 1) for one in (1, 1, 5, 6, 9)]  # a merge joins no sessions
    assert sessions(shop) == [*merged, *at_kiosk]
    columns = "person, person_class, session_count, order_count"
    assert shop.warehouse.rows(f"select {columns} from marts.customers order by person") == [
        ("c:1", "customer", 5, 1),
        ("c:8", "customer", 1, 0),
        ("c:9", "customer", 1, 0),
    ]
    after = shop.digests()
    shop.rebuild()
    assert shop.digests() == after


def test_a_decision_separates_and_another_one_takes_it_back(shop: MartsWorld) -> None:
    arrive(shop, [seen("a", 1), seen("b", 1, time=ten_past_noon(1)), seen("a", 9)])
    arrive(shop, [login("a", "1", 5), login("b", "1", 6)])
    build_dirty_days(shop, SESSIONS_ONLY)
    merged = sessions(shop)
    shop.decide("apart", "c:1", "v:b")
    assert build_dirty_days(shop, SESSIONS_ONLY) == [day(1)]
    assert persons(shop) == {"c:1": "c:1", "v:a": "c:1", "v:b": "v:b"}
    assert sessions(shop) == [
        ("c:1", day(1), 1),
        ("v:b", day(1), 1),
        ("c:1", day(5), 1),
        ("c:1", day(6), 1),  # the login itself names the customer
        ("c:1", day(9), 1),
    ]
    shop.decide("joined", "v:b", "c:1")
    build_dirty_days(shop, SESSIONS_ONLY)
    assert sessions(shop) == merged


def ten_past_noon(number: int) -> datetime:
    return noon(number) + timedelta(minutes=10)


def sessions(shop: MartsWorld) -> list[tuple[str, date, int]]:
    return shop.warehouse.rows(
        "select person, began_on, event_count from marts.sessions order by began_on, person"
    )


def test_a_merge_of_customers_marks_the_days_of_their_events_at_a_shared_visitor(
    shop: MartsWorld,
) -> None:
    arrive(shop, [seen("kiosk", 2 * one - 1, customerid=str(one)) for one in (1, 2, 3)])
    shop.decide("apart", "v:kiosk")
    build_dirty_days(shop, SESSIONS_ONLY)
    assert not marked(shop)
    mail = {"data": Data(identifiers=Identifiers(email_sha256="ab" * 32))}
    arrive(shop, [seen("tab", 11, customerid="2", **mail), seen("phone", 21, **mail)])
    arrive(shop, [seen("phone", 23, customerid="3")])
    build_dirty_days(shop, SESSIONS_ONLY)
    assert marked(shop) == [day(5), day(21), day(23)]
    assert [person for person, _, _ in sessions(shop)] == ["c:1", *["c:2"] * 5]


def test_a_merge_across_thirty_days_rebuilds_just_the_touched_days(shop: MartsWorld) -> None:
    others = [seen(f"other {number}", number) for number in range(1, 41)]
    arrive(shop, [*others, *(seen("a", number) for number in (3, 17, 18, 32))])
    build_dirty_days(shop, SESSIONS_ONLY)
    before = parts(shop)
    arrive(shop, [login("a", "1", 35)])
    touched = [3, 17, 18, 32]
    neighbours = {number + side for number in [*touched, 35] for side in (-1, 0, 1)}
    assert build_dirty_days(shop, SESSIONS_ONLY) == [day(number) for number in sorted(neighbours)]
    assert marked(shop) == [day(number) for number in touched]
    assert not unseen_days(shop.warehouse)
    rebuilt = {one for name, one in before ^ parts(shop) if name.startswith("sessions")}
    assert rebuilt == {str(day(number)) for number in neighbours}
    assert all(
        person == "c:1"
        for (person,) in shop.warehouse.rows(
            "select person from staging.stg_events where visitor_id = 'a'"
        )
    )


def parts(shop: MartsWorld) -> set[tuple[str, str]]:
    """Name and day of each part of the models that have days."""
    return set(
        shop.warehouse.rows(
            "select table || name, partition from system.parts where active and rows > 0"
            " and partition != 'tuple()' and database = 'marts'"
        )
    )


def test_persons_who_stay_who_they_are_mark_no_day(shop: MartsWorld) -> None:
    arrive(shop, [seen("a", 1), login("a", "1", 1), seen("b", 2)])
    shop.resolve()
    assert marked(shop) == [day(1)]
    arrive(shop, [seen("a", 3), seen("b", 4), login("a", "1", 5)])
    shop.resolve()
    assert marked(shop) == [day(1)]
    arrive(shop, [seen("b", 6, data=Data(identifiers=Identifiers(email_sha256="ab" * 32)))])
    shop.resolve()
    assert marked(shop) == [day(1), day(2), day(4)]  # what tells an e-mail is its person's anyhow


def test_a_login_that_comes_while_days_are_built_is_not_forgotten(shop: MartsWorld) -> None:
    arrive(shop, [seen("a", 1), seen("b", 5)])
    meanwhile = [Message(login("a", "1", 5), 0)]
    build_dirty_days(shop, SESSIONS_ONLY, meanwhile)
    assert list(unseen_days(shop.warehouse)) == [day(5)]
    build_dirty_days(shop, SESSIONS_ONLY)
    assert sessions(shop) == [("c:1", day(1), 1), ("c:1", day(5), 1), ("v:b", day(5), 1)]
    assert not unseen_days(shop.warehouse)


def test_a_build_that_ends_between_the_marks_and_the_exchange_is_done_again(
    shop: MartsWorld,
) -> None:
    arrive(shop, [seen("a", 1), login("a", "1", 3)])
    shop.resolve()
    known = persons(shop)
    shop.warehouse.execute("truncate table marts.identifiers")  # as before the exchange
    shop.resolve()
    assert persons(shop) == known
    assert {one: counts.marks for one, counts in unseen_days(shop.warehouse).items()} == {
        day(1): {"persons": 2},
        day(3): {},  # a login is the customer's whoever the visitor is
    }
