"""Files as rows: the numbers that people find them by, encodings, and files that are not what they
seem.
"""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streams.importers.rows.options import File
from streams.importers.rows.row_file import Row, Unreadable, row_file
from streams.importers.source import SourceError
from tests.mapped_files import EVENTS, as_csv, as_json_lines, as_text, made, visit


def rows_of(file: Path, options: File | None = None) -> list[Row | Unreadable]:
    return list(row_file(file, options or File()).rows())


def test_a_row_is_numbered_by_the_line_it_begins_in(tmp_path: Path) -> None:
    text = 'a,b\n1,2\n"two\nlines",3\n\n4,5\n6\n7,8\n'
    rows = rows_of(as_text(tmp_path, text))
    assert rows == [
        Row(2, ["1", "2"]),
        Row(3, ["two\nlines", "3"]),
        Row(6, ["4", "5"]),
        Unreadable(7, "1 cells, where the header has 2"),
        Row(8, ["7", "8"]),
    ]


@pytest.mark.parametrize(
    ("text", "encoding", "options"),
    [
        pytest.param("a,b\nKrüge,1\n", "utf-8-sig", File(), id="a byte order mark"),
        pytest.param("a,b\r\nKrüge,1\r\n", "utf-8", File(), id="lines of Windows"),
        pytest.param("a;b\nKrüge;1", "utf-8", File(separator=";"), id="semicolons, no last break"),
        pytest.param("a,b\nKrüge,1\n", "utf-16", File(encoding="utf-16"), id="UTF-16"),
        pytest.param("a,b\nKrüge,1\n", "latin-1", File(encoding="latin-1"), id="Latin"),
        pytest.param("a,b\n'Krüge',1\n", "utf-8", File(quote="'"), id="other quotation marks"),
        pytest.param("Krüge,1\n", "utf-8", File(columns=["a", "b"]), id="no header"),
    ],
)
def test_separated_values_are_read_as_the_mapping_says(
    tmp_path: Path, text: str, encoding: str, options: File
) -> None:
    file = row_file(as_text(tmp_path, text, encoding=encoding), options)
    assert list(file.columns) == ["a", "b"]
    assert [row.cells for row in file.rows() if isinstance(row, Row)] == [["Krüge", "1"]]


def test_tabs_follow_from_the_name_and_gzip_too(tmp_path: Path) -> None:
    file = tmp_path / "file.tsv.gz"
    file.write_bytes(gzip.compress(b"a\tb\n1\t2\n"))
    assert rows_of(file) == [Row(2, ["1", "2"])]


@pytest.mark.parametrize(
    ("name", "content", "options", "words"),
    [
        pytest.param("file.csv", b"", File(), "is empty", id="nothing"),
        pytest.param("file.csv", b"\n", File(), "it has no header", id="a line break alone"),
        pytest.param("file.xlsx", b"PK", File(), "nothing says what it is", id="a spreadsheet"),
        pytest.param("file.csv.gz", b"a,b\n", File(), "not packed by gzip", id="gzip by name only"),
        pytest.param("file.csv", gzip.compress(b"a"), File(), "end in .gz", id="gzip unnamed"),
        pytest.param("file.csv", b"PAR1....", File(), "is a Parquet file", id="Parquet unnamed"),
        pytest.param("file.parquet", b"a,b\n", File(), "be read as parquet", id="no Parquet"),
        pytest.param("file.csv", b"a,a\n1,2\n", File(), "several columns named 'a'", id="twins"),
        pytest.param("file.csv", b"a\n\xcf\xf0\n", File(), "is not text in utf-8", id="Windows"),
        pytest.param(
            "file.csv",
            "a\nПривет\n".encode(),
            File(encoding="windows-1251"),
            "is text in UTF-8, not in windows-1251",
            id="UTF-8 taken for Windows",
        ),
        pytest.param("file.csv", b"\xff\xfea\0", File(), "is text in UTF-16", id="UTF-16"),
        pytest.param("file.csv", b'a\n"b\n', File(), "from line 2 on", id="a quotation never ends"),
        pytest.param("file.jsonl", b'[{"a": 1}]', File(), "is one JSON list", id="a JSON list"),
        pytest.param("file.jsonl", b"a,b\n1,2\n", File(), "is not JSON lines", id="CSV as JSON"),
        pytest.param("file.csv.gz", gzip.compress(b"a,b\n" * 99)[:-9], File(), "damaged", id="cut"),
    ],
)
def test_a_file_that_is_not_what_it_seems_is_refused_plainly(
    tmp_path: Path, name: str, content: bytes, options: File, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=words):
        rows_of(tmp_path / name, options)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"absent\.csv is not a file"):
        rows_of(tmp_path / "absent.csv")


def test_a_header_without_rows_is_an_empty_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="it has no rows"):
        made(tmp_path, as_text(tmp_path, "at,who,url\n"), EVENTS)


def test_broken_lines_of_json_are_rows_with_mistakes(tmp_path: Path) -> None:
    text = '\ufeff{"a": 1}\n\n{"a": \n[1]\n{"a": 2}\n'
    first, second, third, last = rows_of(as_text(tmp_path, text, "file.jsonl"))
    assert (first, last) == (Row(1, {"a": 1}), Row(5, {"a": 2}))
    assert isinstance(second, Unreadable)
    assert (second.number, second.mistake[:11]) == (3, "is not JSON")
    assert third == Unreadable(4, "is JSON, but not an object")


def test_paths_reach_into_json_and_parquet_alike(tmp_path: Path) -> None:
    rows = [{"who": {"id": "c-1"}, "at": "2026-03-01T10:00:00Z", "where": {"url": "/mug"}}]
    mapping = EVENTS.replace("visitorid: who", "visitorid: who.id").replace(": url", ": where.url")
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "file.parquet")
    told = made(tmp_path, as_json_lines(tmp_path, rows), mapping).told
    again = made(tmp_path, tmp_path / "file.parquet", mapping).told
    assert told == again
    assert told[0]["data"]["page"] == {"url": "/mug"}


def test_instants_of_parquet_need_no_format(tmp_path: Path) -> None:
    at = datetime(2026, 3, 1, 10, tzinfo=UTC)
    columns = {
        "at": pa.array([at], pa.timestamp("ns", "UTC")),
        "who": pa.array(["c-1"]),
        "url": pa.array([None], pa.string()),
    }
    pq.write_table(pa.table(columns), tmp_path / "file.parquet")
    (event,) = made(tmp_path, tmp_path / "file.parquet", EVENTS).events
    assert event.time == at


def test_columns_that_no_row_of_json_has_are_told_and_no_mistake(tmp_path: Path) -> None:
    row = {key: told for key, told in visit(at="2026-03-01T10:00Z").items() if key != "url"}
    assert made(tmp_path, as_json_lines(tmp_path, [row]), EVENTS).history.notes == ["url"]


def test_a_column_that_all_events_need_must_be_in_json_too(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="the file has no such column: 'at'"):
        made(tmp_path, as_json_lines(tmp_path, [{"who": "c-1"}]), EVENTS)


def test_the_content_of_a_row_does_not_depend_on_the_order_of_columns(tmp_path: Path) -> None:
    first = as_csv(tmp_path, [visit()], "first.csv")
    turned = as_csv(tmp_path, [dict(reversed(visit().items()))], "turned.csv")
    objects = [json.loads('{"a": 1, "b": {"c": 2, "d": 3}}'), {"b": {"d": 3, "c": 2}, "a": 1}]
    lines = row_file(as_json_lines(tmp_path, objects), File())
    assert made(tmp_path, first, EVENTS).told == made(tmp_path, turned, EVENTS).told
    assert len({lines.content(row.cells) for row in lines.rows() if isinstance(row, Row)}) == 1


def test_a_new_column_that_is_empty_changes_no_id(tmp_path: Path) -> None:
    first = as_csv(tmp_path, [visit()], "first.csv")
    wider = as_csv(tmp_path, [visit() | {"new": ""}], "wider.csv")
    assert made(tmp_path, first, EVENTS).told == made(tmp_path, wider, EVENTS).told


def test_cells_that_moved_to_another_column_change_the_id(tmp_path: Path) -> None:
    first = as_csv(tmp_path, [visit() | {"a": "1", "b": ""}], "first.csv")
    moved = as_csv(tmp_path, [visit() | {"a": "", "b": "1"}], "moved.csv")
    (one,), (other,) = made(tmp_path, first, EVENTS).told, made(tmp_path, moved, EVENTS).told
    assert one["id"] != other["id"]


def test_one_row_has_one_content_in_json_and_in_parquet(tmp_path: Path) -> None:
    typed = {"n": 12, "x": 12.0, "is": True, "gone": None, "in": [{"a": 1, "b": None}], "no": ""}
    told = {"in": [{"a": "1"}], "n": "12", "x": 12, "is": "true"}
    pq.write_table(pa.Table.from_pylist([typed]), tmp_path / "file.parquet")
    contents = set()
    for file in (as_json_lines(tmp_path, [told]), tmp_path / "file.parquet"):
        rows = row_file(file, File())
        contents |= {rows.content(row.cells) for row in rows.rows() if isinstance(row, Row)}
    assert len(contents) == 1


LISTED = """
makes: orders
source: /shop
fields: {order_id: id, customerid: client}
products: {each: item, of: lines, fields: {sku: sku, price_minor: {column: prise, as: money}}}
history: {of: steps, status: step, time: at, lookup: {new: placed}, reason: coment}
"""
ORDER = {
    "id": "1",
    "client": "c",
    "lines": [{"sku": "M-1", "price": 12.5}],
    "steps": [{"step": "new", "at": "2026-03-01T10:00:00Z", "comment": "by phone"}],
}


def test_members_that_no_item_of_json_has_are_told(tmp_path: Path) -> None:
    imported = made(tmp_path, as_json_lines(tmp_path, [ORDER]), LISTED, "orders")
    assert imported.history.notes == ["lines.prise", "steps.coment"]


def test_members_that_items_of_parquet_do_not_have_are_refused(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist([ORDER]), tmp_path / "file.parquet")
    with pytest.raises(SourceError) as refused:
        made(tmp_path, tmp_path / "file.parquet", LISTED, "orders")
    assert "items of lines have no such member: 'prise' is not known; did you mean 'price'?" in str(
        refused.value
    )
    assert "items of steps have no such member: 'coment'" in str(refused.value)


@pytest.mark.parametrize(
    ("word", "misspelt"),
    [("{sku: sku,", "{sku: sko,"), ("status: step,", "status: stop,"), ("time: at,", "time: a,")],
    ids=["the article", "the status", "the time"],
)
def test_a_member_that_every_item_needs_must_be_in_json_too(
    tmp_path: Path, word: str, misspelt: str
) -> None:
    with pytest.raises(SourceError, match="have no such member"):
        made(tmp_path, as_json_lines(tmp_path, [ORDER]), LISTED.replace(word, misspelt), "orders")


def test_a_key_of_groups_may_come_late(tmp_path: Path) -> None:
    rows = [visit(at="2026-03-01T10:00Z", who=f"c-{number}") for number in range(1_001)]
    file = as_json_lines(tmp_path, [*rows, visit(at="2026-03-01T10:00Z") | {"cart": "1"}])
    imported = made(tmp_path, file, "group_by: cart" + EVENTS)
    assert imported.history.notes == ["cart"]
    assert imported.history.rows["in events"] == 1_002
