"""Stored events enriched anew, on the real engine: the law holds before, after and half-way."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from streams import anew
from streams.anew import enrich_anew, slices, versions
from streams.enrich.enrichment import Enrichment, Tables
from streams.events import Client, Data, Page
from streams.ledger import claim
from streams.nobody import NobodyIds
from streams.ranges import range_rows, store
from streams.records import Origin
from streams.verify import verify
from tests.builders import NOON, event, record
from warehouse.client import Warehouse, WarehouseRefusedError

TOPIC = "shop.events"
BEFORE = Enrichment(Tables(ZoneInfo("UTC")), version=1)
AFTER = Enrichment(Tables(ZoneInfo("UTC"), own_hosts=frozenset({"partner.example"})), version=2)

FIRST = "https://partner.example/a"
OTHER = "https://blog.example/b"


def stored(warehouse: Warehouse, referrers: list[str], by: Enrichment = BEFORE) -> None:
    """An event a day, each with its referrer, and a message that is none."""
    position = claim(warehouse, "T", TOPIC, 0, first_offset=0, owner="me")
    events = [
        event(
            id=f"e{number}",
            time=NOON + timedelta(days=number),
            customerid="c1",
            data=Data(
                page=Page(url="https://shop.example/", referrer=referrer),
                client=Client(user_agent="curl/8.5.0", address="192.0.2.17"),
            ),
        )
        for number, referrer in enumerate(referrers)
    ]
    rows = range_rows(
        [record(offset, one) for offset, one in enumerate([*events, b"{"])],
        expected_from=0,
        topic_id="T",
        origin=Origin(TOPIC, 0, position.generation),
        by=by,
        ingested_at=NOON,
    )
    store(warehouse, rows, NOON)


def enriched(warehouse: Warehouse) -> list[anew.Enriched]:
    return [enrich_anew(warehouse, part, AFTER) for part in slices(warehouse, AFTER.version)]


def media(warehouse: Warehouse) -> list[tuple[int, str, int]]:
    return warehouse.rows(
        "select offset, referrer_medium, enrichment_version from analytics.events order by offset"
    )


def marked(warehouse: Warehouse) -> list[date]:
    rows = warehouse.rows("select shop_day from operations.day_marks order by shop_day")
    return [day for (day,) in rows]


def test_rows_follow_the_rules_of_today_and_only_days_that_changed_are_marked(
    warehouse: Warehouse,
) -> None:
    stored(warehouse, [FIRST, OTHER, FIRST])
    (done,) = enriched(warehouse)
    assert media(warehouse) == [(0, "internal", 2), (1, "referral", 2), (2, "internal", 2)]
    assert (done.events, done.refused) == (3, 0)
    assert marked(warehouse) == [NOON.date(), NOON.date() + timedelta(days=2)]
    assert verify(warehouse).is_ok
    assert enriched(warehouse) == []


def test_a_row_keeps_its_coordinates_and_its_message(warehouse: Warehouse) -> None:
    columns = "event_id, topic, partition, offset, generation, broker_time, body_fingerprint"
    stored(warehouse, [FIRST, OTHER])
    before = warehouse.rows(f"select {columns} from analytics.events order by offset")
    enriched(warehouse)
    assert warehouse.rows(f"select {columns} from analytics.events order by offset") == before


@pytest.mark.parametrize("step", ["insert", "mark"])
def test_killed_after_any_step_it_goes_on_and_no_day_is_forgotten(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    stored(warehouse, [FIRST, OTHER])

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    def deleted_nothing(*arguments: object) -> None:
        if arguments[1] == anew._DONE:
            raise KeyboardInterrupt

    if step == "insert":  # the new rows are there, the days are not marked
        monkeypatch.setattr(anew, "mark_days", killed)
    else:  # the days are marked, the old rows are still there
        monkeypatch.setattr(anew, "_delete", deleted_nothing)
    with pytest.raises(KeyboardInterrupt):
        enriched(warehouse)
    monkeypatch.undo()
    half_way = verify(warehouse)
    assert half_way.is_ok
    assert sum(one.superseded for one in half_way.partitions) == 2
    enriched(warehouse)
    assert media(warehouse) == [(0, "internal", 2), (1, "referral", 2)]
    assert NOON.date() in marked(warehouse)
    assert sum(one.superseded for one in verify(warehouse).partitions) == 0
    assert versions(warehouse) == {2: 2}


def test_a_row_without_its_message_is_left_alone_and_told(warehouse: Warehouse) -> None:
    stored(warehouse, [FIRST, OTHER])
    warehouse.execute("delete from event_store.event_log where offset = 1")
    with pytest.raises(WarehouseRefusedError, match="holds the messages of 1"):
        enriched(warehouse)
    assert versions(warehouse) == {1: 2}


def test_slices_cover_every_outdated_event_once(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anew, "SLICE_EVENTS", 2)
    stored(warehouse, [FIRST] * 5)
    assert [part.event_count for part in slices(warehouse, AFTER.version)] == [2, 2, 1]
    enriched(warehouse)
    assert versions(warehouse) == {2: 5}


def test_identifiers_that_older_rules_did_not_collect_are_collected(warehouse: Warehouse) -> None:
    stored(warehouse, [FIRST, OTHER])
    warehouse.execute("truncate table analytics.identity_pairs")
    enriched(warehouse)
    pairs = warehouse.rows("select identifier, other_identifier from analytics.identity_pairs")
    assert pairs == [("c:c1", "v:v1")]


def test_who_names_nobody_by_the_rules_of_today_is_forgotten_where_it_was_paired(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    stored(warehouse, [FIRST, OTHER])
    pairs = "select distinct identifier, other_identifier from analytics.identity_pairs"
    assert warehouse.rows(pairs) == [("c:c1", "v:v1")]
    path = tmp_path / "ours.yml"
    path.write_text("words: [c1]\n")
    today = Enrichment(Tables(ZoneInfo("UTC"), nobody=NobodyIds.read(path)), version=2)
    for part in slices(warehouse, today.version):
        enrich_anew(warehouse, part, today)
    assert warehouse.rows(pairs) == []
    assert warehouse.rows("select distinct person, customer_id from analytics.events") == [
        ("v:v1", "")
    ]
    assert len(marked(warehouse)) == 2
