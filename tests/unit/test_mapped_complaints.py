"""Every mistake of a mapping is named at once, by its line, before any row is made an event."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from streams.importers.mapped.complaint import MappingError
from streams.importers.mapped.model import Mapping
from streams.importers.mapped.reading import Made, read_mapping, shipped_mappings
from streams.importers.mapped.schema import FILE, schema
from streams.importers.source import SourceError
from tests.mapped_files import EVENTS, as_csv, as_text, made, visit

ORDERS = """
makes: orders
source: /shop/orders
fields:
  order_id: number
  customerid: client
statuses:
  placed: {time: {column: at, zone: UTC}}
"""


def with_field(line: str) -> str:
    return EVENTS + f"  {line}\n"


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        pytest.param(
            EVENTS.replace("source", "sauce"),
            ["line 3, sauce: 'sauce' is not known; did you mean 'source'?", "'source' is missing"],
            id="a misspelled part",
        ),
        pytest.param(
            EVENTS.replace("page.viewed", "page.veiwed"),
            ["line 4, kind: 'page.veiwed' is not known; did you mean 'page.viewed'?"],
            id="an unknown kind",
        ),
        pytest.param(
            with_field("page.ulr: url"),
            ["page.ulr: the contract has no such field: 'page.ulr' is not known; did you mean"],
            id="an unknown field",
        ),
        pytest.param(
            with_field("query: url"),
            ["only search.performed has it, and this mapping makes none of these"],
            id="a field of another kind",
        ),
        pytest.param(
            with_field("page.title: ttle"),
            ["line 9, fields > page.title: the file has no such column: 'ttle'"],
            id="a column that the file lacks",
        ),
        pytest.param(
            EVENTS.replace("  visitorid: who\n", ""),
            ["fields: neither visitorid nor customerid is given"],
            id="nobody",
        ),
        pytest.param(
            EVENTS.replace("page.viewed", "order.placed"),
            ["'order_id' is missing, which order.placed must have"],
            id="a required field that nothing gives",
        ),
        pytest.param(
            EVENTS.replace("page.viewed", "cart.item_added"),
            ["'products' is missing, which cart.item_added must have"],
            id="products that nothing gives",
        ),
        pytest.param(
            EVENTS.replace("{column: at, zone: UTC}", "{column: at, zone: Europe/Berlni}"),
            ["'Europe/Berlni' is not known; did you mean 'Europe/Berlin'?"],
            id="an unknown time zone",
        ),
        pytest.param(
            EVENTS.replace("{column: at, zone: UTC}", '{column: at, format: "%d.%m.%Y"}'),
            ["time > format: tells no time zone: add `zone`"],
            id="a format without a zone",
        ),
        pytest.param(
            EVENTS.replace("{column: at, zone: UTC}", "{column: at, format: ISO}"),
            ["'ISO' is not known", "or a pattern of strptime"],
            id="an unknown format",
        ),
        pytest.param(
            EVENTS.replace("{column: at, zone: UTC}", '{column: at, format: "%d %Q", zone: UTC}'),
            ["is no pattern of strptime"],
            id="a pattern that strptime refuses",
        ),
        pytest.param(
            with_field("visitnumber: {column: url, as: money}"),
            ["visitnumber is read as integer, not as money"],
            id="a conversion that gives something else",
        ),
        pytest.param(
            with_field("page.title: {column: url, decimal_mark: ','}"),
            ["decimal_mark: means something only with `as: money`"],
            id="an option without its conversion",
        ),
        pytest.param(
            with_field("page.title: {column: url, value: Home}"),
            ["takes one of column, join, value and sum, and has column and value"],
            id="two sources of one field",
        ),
        pytest.param(
            with_field("visitnumber: {value: many}"),
            ["does not fit visitnumber"],
            id="a constant of another type",
        ),
        pytest.param(
            with_field("page.title: {columm: url}"),
            ["did you mean 'column'?"],
            id="a misspelled option",
        ),
        pytest.param(
            with_field("page.title: {column: url, as: txt}"),
            ["'txt' is not known; did you mean 'text'?"],
            id="a misspelled conversion",
        ),
        pytest.param(
            with_field("page.title: {column: url, lookup: {a: b}, as: text}"),
            ["a lookup reads text; leave out `as`"],
            id="a lookup of something read already",
        ),
        pytest.param(
            "file: {encoding: windows-1215}" + EVENTS,
            ["'windows-1215' is no encoding that Python knows"],
            id="an unknown encoding",
        ),
        pytest.param(
            with_field("identifiers.email_sha256: {value: ann@mail.example}"),
            ["identifiers.email_sha256 cannot be a constant"],
            id="a plain address as a constant",
        ),
        pytest.param(
            EVENTS.replace("kind: page.viewed", "kind: {column: url, lookup: {a: line}}"),
            ["rows can be lines only with `group_by`"],
            id="lines without groups",
        ),
        pytest.param(
            EVENTS + "products: {each: item, fields: {name: url, color: url}}\n",
            [
                "`each: item` needs `of`, the nested list",
                "'sku' is missing, which products must have",
                "products have no such field: 'color' is not known",
            ],
            id="products without an SKU",
        ),
        pytest.param(
            EVENTS.replace("makes: events", ""), ["begin with `makes: events`"], id="bare"
        ),
        pytest.param("\n- events\n", ["is no YAML object"], id="a list"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_is_allowed(
    tmp_path: Path, mapping: str, words: list[str]
) -> None:
    with pytest.raises(MappingError) as caught:
        made(tmp_path, as_csv(tmp_path, [visit()]), mapping)
    assert all(one in str(caught.value) for one in words), str(caught.value)


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        pytest.param(
            ORDERS.replace("  customerid: client\n", "  customerid: client\n  id: number\n"),
            "id: is said elsewhere",
            id="an id of its own",
        ),
        pytest.param(
            ORDERS.replace("statuses", "history").replace("  placed:", "  #"),
            "history",
            id="a history without its parts",
        ),
        pytest.param(
            ORDERS.replace("  customerid", "  revenue_minor: total\n  customerid"),
            "say `as: money` for 12.34, or `as: integer` for 1234",
            id="an amount that does not say in what",
        ),
        pytest.param(
            ORDERS.replace("  customerid", "  revenue_minor: {sum: products}\n  customerid"),
            "there are no `products` to add up",
            id="the sum of nothing",
        ),
        pytest.param(
            ORDERS + "  shiped: at\n",
            "did you mean 'shipped'?",
            id="a misspelled status",
        ),
    ],
)
def test_a_mistake_of_an_orders_mapping_is_named_too(
    tmp_path: Path, mapping: str, words: str
) -> None:
    file = as_csv(tmp_path, [{"number": "1", "client": "c", "at": "2026-03-01", "total": "1"}])
    with pytest.raises(MappingError) as caught:
        made(tmp_path, file, mapping, "orders")
    assert words in str(caught.value)


def test_all_mistakes_come_in_one_complaint_in_the_order_of_lines(tmp_path: Path) -> None:
    mapping = with_field("page.title: ttle") + "  channel: chanel\n  querry: url\n"
    with pytest.raises(MappingError) as caught:
        made(tmp_path, as_csv(tmp_path, [visit()]), mapping)
    lines = str(caught.value).splitlines()
    assert lines[0].endswith("has 3 mistakes:")
    assert [one.split(",")[0] for one in lines[1:]] == ["  line 9", "  line 10", "  line 11"]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_header_that_is_one_column_asks_for_its_separator(tmp_path: Path, separator: str) -> None:
    file = as_text(tmp_path, separator.join(("at", "who", "url")) + "\n")
    with pytest.raises(MappingError) as refused:
        made(tmp_path, file, EVENTS)
    words = f"the header is one column: is the separator {separator!r}?"
    assert words in str(refused.value).splitlines()[1]


def test_a_misspelled_kind_hides_no_other_mistake(tmp_path: Path) -> None:
    kinds = "kind: {column: url, lookup: {a: page.veiwed, b: page.viewed}, otherwise: skpi}"
    mapping = with_field("page.title: ttle").replace("kind: page.viewed", kinds)
    with pytest.raises(MappingError) as caught:
        made(tmp_path, as_csv(tmp_path, [visit()]), mapping)
    told = str(caught.value)
    assert "kind > lookup > a: 'page.veiwed' is not known; did you mean 'page.viewed'?" in told
    assert "'skpi' is not known; did you mean 'skip'?" in told
    assert "'ttle' is not known" in told


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"line 9: 'page\.url' stands there twice"):
        made(tmp_path, as_csv(tmp_path, [visit()]), with_field("page.url: url"))


def test_a_mapping_of_something_else_says_which_command_takes_it(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="use `import orders`"):
        made(tmp_path, as_csv(tmp_path, [visit()]), ORDERS)


def test_a_name_that_nobody_knows_gets_a_hint() -> None:
    with pytest.raises(SourceError, match=r"did you mean segment\?"):
        read_mapping("segmnet", "events")


def test_words_of_yaml_stay_words(tmp_path: Path) -> None:
    mapping = EVENTS.replace(
        "kind: page.viewed", "kind: {column: url, lookup: {no: page.viewed, on: skip, 1: skip}}"
    )
    file = as_csv(tmp_path, [visit(url="no"), visit(url="on"), visit(url="1")])
    assert made(tmp_path, file, mapping).history.rows["in events"] == 1


@pytest.mark.parametrize("makes", ["events", "orders", "customers"])
def test_shipped_mappings_can_be_read_and_name_the_schema(makes: Made) -> None:
    for name in shipped_mappings(makes):
        read = read_mapping(name, makes)
        assert read.text.startswith("# yaml-language-server: $schema=../mapped/mapping.schema.json")


def test_the_published_schema_is_that_of_the_structs() -> None:
    assert msgspec.json.decode(FILE.read_bytes()) == schema()


def test_the_schema_names_every_part_of_the_language() -> None:
    parts = schema()["$defs"]
    named = {one.__name__ for one in Mapping.__args__}  # type: ignore[attr-defined]
    assert named <= set(parts)
    assert "page.url" in parts["EventsMapping"]["properties"]["fields"]["properties"]
    assert parts["Rule"]["additionalProperties"] is False
