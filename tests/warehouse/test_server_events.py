"""What a server tells is no visit: shops of a day each, all built at once on the real engine.

Each shop is one person's story, told in events with the names of the story; what the marts must say
of it stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from streams import events as contract
from streams.events import (
    CartData,
    Client,
    CustomerData,
    Data,
    Event,
    Identifiers,
    LetterData,
    OrderData,
    Page,
    Product,
)
from tests.builders import event
from tests.warehouse.marts_world import EVERY_DAY, MartsWorld, Message

# dbt's logger forgets to close the file it wrote
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")

TEN = datetime(2026, 11, 10, 18, tzinfo=UTC)  # ten o'clock in Los Angeles
MIDNIGHT = datetime(2026, 11, 11, 8, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
GAP = 30 * MINUTE
SHOP = "https://shop.example/"
NEWS, SPRING = "?utm_source=news&utm_medium=email", "?utm_source=facebook&utm_medium=cpc"
PHONE = Client(user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) Safari/604.1")


def page(at: datetime, query: str = "", referrer: str = "", **names: Any) -> Event:
    seen: Event = event(
        **{"time": at, "visitorid": "v", **names},
        data=Data(page=Page(url=SHOP + query, referrer=referrer)),
    )
    return seen


def server(kind: type[Any], at: datetime, data: Data | None = None, **names: Any) -> Event:
    """An event without page or client; of an order it is order `o1` unless told otherwise."""
    given: Event = event(
        kind, time=at, **{"visitorid": "", **names}, data=data or OrderData(order_id="o1")
    )
    return given


def order(at: datetime, order_id: str = "o1", **told: Any) -> Event:
    """An order on a page that says thank you."""
    thanks = Page(url=SHOP + "thanks")
    data = OrderData(order_id=order_id, revenue_minor=1_000, page=thanks)
    placed: Event = event(contract.OrderPlaced, **{"time": at, "visitorid": "v", **told}, data=data)
    return placed


LETTER = LetterData(letter_id="L1")
ADDED = CartData(products=[Product(sku="mug", quantity=1)])
KNOWN = {"visitorid": "v", "customerid": "c"}


@dataclass(frozen=True)
class Story:
    """Events of one person, and what the marts say: sessions in order of their beginning.

    `sessions` are (channel, events, server events); `touches` are channels on the way to order o1,
    in order; `outside` counts events outside of sessions; `order` is the channel of o1 and whether
    it lies in a session.
    """

    name: str
    events: Sequence[Event]
    sessions: Sequence[tuple[str, int, int]]
    outside: int = 0
    touches: Sequence[str] = ()
    order: tuple[str, bool] | None = None
    last_non_direct: str = ""


STORIES = [
    Story(
        "payment, shipment and letter are no visits",
        [
            page(TEN, NEWS, **KNOWN),
            order(TEN + 10 * MINUTE, "o0", **KNOWN),
            server(contract.OrderPaid, TEN + 130 * MINUTE, customerid="c"),
            server(contract.OrderShipped, TEN + 23 * HOUR, customerid="c"),
            server(contract.LetterSent, TEN + 47 * HOUR, LETTER, customerid="c"),
            page(TEN + 48 * HOUR, **KNOWN),
            order(TEN + 48 * HOUR + 5 * MINUTE, **KNOWN),
        ],
        [("Email", 2, 0), ("Direct", 2, 0)],
        outside=3,
        touches=["Email", "Direct"],
        order=("Direct", True),
        last_non_direct="Email",
    ),
    Story(
        "the channel of the first page and not of the server's cart",
        [
            server(contract.CartItemAdded, TEN - 2 * MINUTE, ADDED, visitorid="v"),
            page(TEN, NEWS),
            server(contract.OrderPlaced, TEN + 10 * MINUTE, visitorid="v"),
        ],
        [("Email", 1, 1)],
        outside=1,
        touches=["Email"],
        order=("Email", True),
        last_non_direct="Email",
    ),
    Story(
        "an app tells who it is before a page tells where he came from",
        [
            event(contract.CustomerLoggedIn, time=TEN, data=CustomerData(client=PHONE), **KNOWN),
            page(TEN + MINUTE, referrer="https://www.google.com/"),
            page(TEN + 2 * MINUTE, referrer=SHOP),
        ],
        [("Organic Search", 3, 0)],
    ),
    Story(
        "a letter opened with a client is none of the visitor's doing on the site",
        [
            event(
                contract.LetterOpened,
                time=TEN,
                data=LetterData(letter_id="L1", client=PHONE),
                **KNOWN,
            ),
            page(TEN + 5 * HOUR, **KNOWN),
        ],
        [("Direct", 1, 0)],
        outside=1,
    ),
    Story(
        "a call within the gap belongs to the visit and makes it no longer",
        [
            page(TEN, NEWS, **KNOWN),
            server(contract.CallReceived, TEN + GAP, contract.CallData(topic="size")),
            server(contract.CallReceived, TEN + GAP, contract.CallData(), customerid="c"),
            server(contract.CallReceived, TEN + GAP + MICROSECOND, contract.CallData(), **KNOWN),
            page(TEN + GAP + MINUTE, **KNOWN),
        ],
        [("Email", 1, 1), ("Direct", 1, 0)],
        outside=2,  # one names nobody
    ),
    Story(
        "a webhook names the visitor during the visit",
        [
            page(TEN, SPRING),
            server(contract.OrderPlaced, TEN + MINUTE, visitorid="v"),
            server(contract.OrderPaid, TEN + MINUTE, visitorid="v"),
            page(TEN + 2 * MINUTE, referrer=SHOP),
        ],
        [("Paid Social", 2, 2)],
        touches=["Paid Social"],
        order=("Paid Social", True),
        last_non_direct="Paid Social",
    ),
    Story(
        "staff subscribes a customer who never came",
        [
            server(
                contract.SubscriptionChanged,
                TEN,
                contract.SubscriptionData(name="news", is_subscribed=True),
                customerid="c",
            )
        ],
        [],
        outside=1,
    ),
    Story(
        "an order that a server tells twice and late belongs to the last touch",
        [
            page(TEN, NEWS, **KNOWN),
            page(TEN + DAY, referrer="https://www.google.com/", **KNOWN),
            server(contract.OrderPlaced, TEN + 2 * DAY, customerid="c"),
            server(contract.OrderPlaced, TEN + 3 * DAY, customerid="c"),
        ],
        [("Email", 1, 0), ("Organic Search", 1, 0)],
        outside=2,
        touches=["Email", "Organic Search"],
        order=("Organic Search", False),
        last_non_direct="Organic Search",
    ),
    Story(
        "the server's word outside and the page of thanks within",
        [
            server(contract.OrderPlaced, TEN - MICROSECOND, customerid="c"),
            page(TEN, NEWS, **KNOWN),
            order(TEN + MINUTE, **KNOWN),
        ],
        [("Email", 2, 0)],
        outside=1,
        touches=["Unassigned"],  # nothing led to it before it was placed
        order=("Email", True),
        last_non_direct="Unassigned",
    ),
    Story(
        "a server's event after midnight belongs to the visit of the day before",
        [
            page(MIDNIGHT - 10 * MINUTE, NEWS, **KNOWN),
            server(contract.OrderPlaced, MIDNIGHT + 20 * MINUTE, customerid="c"),
        ],
        [("Email", 1, 1)],
        touches=["Email"],
        order=("Email", True),
        last_non_direct="Email",
    ),
    Story(
        "of two visitors who are open at once the one that began last, unless one is named",
        [
            page(TEN, NEWS, visitid="w1", **KNOWN),
            page(TEN + 5 * MINUTE, SPRING, visitorid="v2", customerid="c", visitid="w2"),
            server(contract.OrderPaid, TEN + 6 * MINUTE, customerid="c"),
            server(contract.OrderPlaced, TEN + 5 * HOUR, customerid="c", visitid="w1"),
        ],
        [("Email", 1, 1), ("Paid Social", 1, 1)],
        touches=["Email", "Paid Social"],
        order=("Email", True),
        last_non_direct="Paid Social",
    ),
    Story(
        "a campaign that changes within a visit is a touch, back again another",
        [
            page(TEN, NEWS),
            page(TEN + MINUTE, NEWS),
            page(TEN + 2 * MINUTE, SPRING),
            page(TEN + 3 * MINUTE, referrer=SHOP),
            page(TEN + 4 * MINUTE, NEWS),
            order(TEN + 5 * MINUTE),
        ],
        [("Email", 6, 0)],
        touches=["Email", "Paid Social", "Email"],
        order=("Email", True),
        last_non_direct="Email",
    ),
    Story(
        "a click id alone is a campaign, and it may come after a direct page",
        [page(TEN), page(TEN + MINUTE, "?gclid=1"), order(TEN + 2 * MINUTE)],
        [("Direct", 3, 0)],
        touches=["Direct", "Paid Search"],
        order=("Direct", True),
        last_non_direct="Paid Search",
    ),
    Story(
        "a source that calls direct «(none)»",
        [
            page(TEN, channel="Newsletter"),
            page(TEN + HOUR, channel="(none)"),
            page(TEN + 2 * HOUR, channel="(NOT SET)"),
            server(contract.OrderPlaced, TEN + 3 * HOUR, visitorid="v"),
        ],
        [("Newsletter", 1, 0), ("(none)", 1, 0), ("(NOT SET)", 1, 0)],
        outside=1,
        touches=["Newsletter", "(none)", "(NOT SET)"],
        order=("(NOT SET)", False),
        last_non_direct="Newsletter",
    ),
    Story(
        "an order of nobody stands outside, page or not",
        [page(TEN), order(TEN + MINUTE, visitorid="")],
        [("Direct", 1, 0)],
        outside=1,
        touches=["Direct"],
        order=("Direct", False),
        last_non_direct="Direct",
    ),
    Story(
        "an e-mail address joins a payment to the visit that told it",
        [
            event(
                time=TEN,
                visitorid="v",
                data=Data(
                    page=Page(url=SHOP + NEWS), identifiers=Identifiers(email_sha256="ab" * 32)
                ),
            ),
            server(
                contract.OrderPaid,
                TEN + MINUTE,
                OrderData(order_id="o1", identifiers=Identifiers(email_sha256="ab" * 32)),
            ),
        ],
        [("Email", 1, 1)],
    ),
]


def placed(story: int, events: Iterable[Event]) -> list[Event]:
    """The story's events under names of its own."""

    def own(name: str) -> str:
        return name and f"{name}@{story}"

    return [
        replace(
            one,
            id=f"e{number}@{story}",
            visitorid=own(one.visitorid),
            customerid=own(one.customerid),
            data=_named(one.data, story),
        )
        for number, one in enumerate(events)
    ]


def _named(data: Any, story: int) -> Any:
    if data.identifiers is not None:
        address = f"{story:02x}" * 32
        data = replace(data, identifiers=Identifiers(email_sha256=address))
    return replace(data, order_id=f"{data.order_id}@{story}") if hasattr(data, "order_id") else data


def test_what_servers_tell_is_no_visit_in_any_of_the_stories(shop: MartsWorld) -> None:
    told = [one for number, story in enumerate(STORIES) for one in placed(number, story.events)]
    shop.arrive([Message(one, second) for second, one in enumerate(told)])
    tested = shop.attempt(EVERY_DAY)
    assert not tested.failure, tested.errors
    for number, story in enumerate(STORIES):
        at = f"endsWith(first_event, '@{number}')"
        sessions = shop.warehouse.rows(
            "select channel, event_count, server_event_count from marts.sessions"
            " inner join (select session_id, any(event_id) as first_event"
            " from intermediate.int_events_sessionized group by session_id) as ids using session_id"
            f" where {at} order by started_at"
        )
        assert sessions == list(story.sessions), story.name
        outside = shop.warehouse.scalar(
            "select countIf(not is_in_session) from intermediate.int_events_sessionized"
            f" where endsWith(event_id, '@{number}')"
        )
        assert outside == story.outside, story.name
        touches = shop.warehouse.rows(
            "select channel from intermediate.int_order_touchpoints"
            f" where order_id = 'o1@{number}' order by position"
        )
        expected = [story.order] if story.order else []
        of_order = shop.warehouse.rows(
            "select channel, session_id != toUUID('00000000-0000-0000-0000-000000000000')"
            f" from marts.orders where order_id = 'o1@{number}'"
        )
        assert [(channel, bool(within)) for channel, within in of_order] == expected, story.name
        if story.order:
            assert [channel for (channel,) in touches] == list(story.touches), story.name
            (last,) = shop.warehouse.rows(
                "select channel from marts.channel_attribution"
                f" where order_id = 'o1@{number}' and last_non_direct = 1"
            )
            assert last == (story.last_non_direct,), story.name


def test_a_merge_changes_an_attribute_and_no_session(shop: MartsWorld) -> None:
    pages = [page(TEN + number * 20 * MINUTE, visitorid=name) for number, name in enumerate("abab")]
    events = [replace(one, id=f"e{number}") for number, one in enumerate(pages)]
    shop.arrive([Message(one, 0) for one in events])
    shop.rebuild()
    before, persons = boundaries(shop), people(shop)
    logins = [
        server(contract.CustomerLoggedIn, TEN + 5 * DAY, CustomerData(), visitorid=name)
        for name in "ab"
    ]
    named = [
        replace(one, id=f"login {number}", customerid="7") for number, one in enumerate(logins)
    ]
    shop.arrive([Message(one, 1) for one in named])
    shop.rebuild()
    assert boundaries(shop) == before
    assert (persons, people(shop)) == ({"v:a", "v:b"}, {"c:7"})


def boundaries(shop: MartsWorld) -> set[tuple[object, ...]]:
    columns = "session_id, visitor_key, started_at, ended_at, event_count"
    return set(shop.warehouse.rows(f"select {columns} from marts.sessions"))


def people(shop: MartsWorld) -> set[str]:
    return {person for (person,) in shop.warehouse.rows("select person from marts.sessions")}
