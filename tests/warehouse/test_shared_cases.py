"""Cases that other shops reported, all in one warehouse, each asked by its own question."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from streams.decode import Decoded, decode
from streams.events import Event
from tests.mapped_files import made
from tests.warehouse.marts_world import EVERY_DAY, MartsWorld, Message

CASES = Path(__file__).parents[3] / "shared" / "cases"
LIVE = ""  # instead of a mapping: messages as the shop publishes them

# dbt's logger forgets to close the file it wrote
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is not beside the project"),
]


class Case(NamedTuple):
    """Files of a case with the mappings that read them, a question and the answer wanted."""

    name: str
    files: dict[str, str]
    question: str
    wanted: list[tuple[Any, ...]]


LINES = "select order_id, sku, toFloat64(quantity), revenue_minor from marts.order_lines"
ORDERS = "select order_id, gross_revenue_minor from marts.orders"
RETURNED = "select order_id, returned_revenue_minor, net_revenue_minor from marts.orders"
NULLS = "'null', 'undefined', '0', '[object Object]', 'guest'"

TABLE = [
    Case(
        "fractional-quantity",
        {"segment.jsonl": "segment", "ga4.jsonl": "ga4", "snowplow.tsv": "snowplow"},
        f"{LINES} where sku = 'CLOTH'",
        [("FQ-1", "CLOTH", 1.5, 1875), ("GF-1", "CLOTH", 1.5, 1875), ("SPT-2", "CLOTH", 1.5, 1875)],
    ),
    Case(
        "fractional-quantity",
        {},
        f"{ORDERS} where order_id in ('FQ-1', 'GF-1', 'SPT-2')",
        [("FQ-1", 1875), ("GF-1", 1875), ("SPT-2", 1875)],
    ),
    Case(
        "item-without-id",
        {"input.jsonl": "ga4"},
        f"{ORDERS} where order_id = 'GI-1'",
        [("GI-1", 4000)],
    ),
    Case(
        "item-without-id",
        {},
        f"{LINES} where sku in ('', '(not set)')",
        [],
    ),
    Case(
        "lines-without-revenue",
        {"input.jsonl": "segment", "live.jsonl": LIVE},
        f"{LINES} where order_id in ('Z-1', 'Z-2', 'Z-3', 'LNR-1')",
        [
            ("LNR-1", "A", 2.0, 5000),
            ("Z-1", "GIFT", 1.0, 0),
            ("Z-2", "J", 2.0, 1000),
            ("Z-3", "K", 1.0, 1234),
        ],
    ),
    Case(
        "long-url",
        {"input.jsonl": LIVE},
        f"{ORDERS} where order_id = 'LON-1'",
        [("LON-1", 1000)],
    ),
    Case(
        "lower-case-currency",
        {"input.jsonl": "segment"},
        "select distinct currency from analytics.events where order_id = 'LC-1'",
        [("EUR",)],
    ),
    Case(
        "lower-case-currency",
        {},
        f"{ORDERS} where order_id = 'LC-1'",
        [("LC-1", 5000)],
    ),
    Case(
        "nil-uuid",
        {"input.tsv": "snowplow"},
        "select uniqExact(person), countIf(person like '%00000000-0000%') from marts.sessions"
        " where campaign_source in ('n0', 'n1', 'n2') and toDate(started_at) = '2026-11-20'",
        [(3, 0)],
    ),
    Case(
        "no-consent-purchase",
        {"ga4.jsonl": "ga4", "snowplow.tsv": "snowplow"},
        "select order_id, gross_revenue_minor, count() over (partition by person) as order_count"
        " from marts.orders where order_id in ('CN-1', 'CN-2', 'SPT-1')",
        [("CN-1", 4000, 1), ("CN-2", 1000, 1), ("SPT-1", 3000, 1)],
    ),
    Case(
        "null-ids",
        {"input.jsonl": LIVE},
        "select person, session_count, order_count from marts.customers"
        f" where person like 'v:nul%' or substring(person, 3) in ({NULLS})",
        [(f"v:nul{number}", 1, 1) for number in range(7)],
    ),
    Case(
        "order-edited",
        {"input.jsonl": "segment", "live.jsonl": LIVE},
        f"{LINES} where order_id = 'OU-1'",
        [("OU-1", "A", 2.0, 2500)],
    ),
    Case(
        "order-edited",
        {},
        f"{ORDERS} where order_id = 'OU-1'",
        [("OU-1", 2500)],
    ),
    Case(
        "refund-told-twice",
        {"input.jsonl": LIVE},
        f"{RETURNED} where order_id = 'RET-1'",
        [("RET-1", 2500, 2500)],
    ),
    Case(
        "refund-without-amount",
        {"segment.jsonl": "segment", "segment-partial.jsonl": "segment", "ga4.jsonl": "ga4"},
        f"{RETURNED} where order_id in ('RF-1', 'RP-1', 'GR-1')",
        [("GR-1", 4000, 0), ("RF-1", 5000, 0), ("RP-1", 1250, 3750)],
    ),
    Case(
        "same-number-two-shops",  # numbers are unique over all sources unless a shop says otherwise
        {"input.jsonl": LIVE},
        "select distinct order_id from marts.order_conflicts where order_id = '1001'",
        [("1001",)],
    ),
    Case(
        "server-events-as-visits",
        {"input.jsonl": LIVE},
        "select toString(toDate(started_at)), page_view_count, channel from marts.sessions"
        " where person = 'c:ATT'",
        [("2026-11-10", 1, "Email"), ("2026-11-12", 1, "Direct")],
    ),
    Case(
        "server-events-as-visits",
        {},
        "select channel, last_non_direct from marts.channel_attribution"
        " where order_id = 'ATT-2' and last_non_direct > 0",
        [("Email", 1.0)],
    ),
    Case(
        "session-channel-of-first-page",
        {"input.jsonl": LIVE},
        "select person, channel, campaign_source from marts.sessions"
        " where person in ('v:srv', 'c:SRV2')",
        [("c:SRV2", "Organic Search", ""), ("v:srv", "Email", "news")],
    ),
    Case(
        "session-channel-of-first-page",
        {},
        "select channel from marts.orders where order_id = 'SRV-1'",
        [("Email",)],
    ),
]


def test_every_shared_case_gives_the_wanted_value(shop: MartsWorld, tmp_path: Path) -> None:
    events = [event for case in TABLE for event in events_of(case, tmp_path)]
    shop.arrive([Message(event, second) for second, event in enumerate(events)])
    shop.build(EVERY_DAY)
    answers = [
        (case.name, sorted(shop.warehouse.rows(case.question)), sorted(case.wanted))
        for case in TABLE
    ]
    assert [one for one in answers if one[1] != one[2]] == []


def events_of(case: Case, folder: Path) -> Iterator[Event]:
    """What the stream or the importer makes of a case's files."""
    for name, mapping in case.files.items():
        file = CASES / case.name / name
        if mapping == LIVE:
            yield from map(live_event, file.read_bytes().splitlines())
            continue
        work = folder / case.name / name
        work.mkdir(parents=True)
        yield from made(work, file, mapping).events


def live_event(payload: bytes) -> Event:
    decoded = decode(payload)
    assert isinstance(decoded, Decoded), decoded.errors
    return decoded.event
