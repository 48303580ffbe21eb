"""Messages of events: one of each row, or of each group of rows that share a key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from streams.importers.mapped.conversions import Unfit
from streams.importers.mapped.declared import LINE, SKIP, kinds_of, product_sources
from streams.importers.mapped.field_set import Found, mistake_of
from streams.importers.mapped.model import EventsMapping, Kind, OrdersMapping, Rule
from streams.importers.mapped.outcome import Message, Mistake, Mistaken, Outcome, Skipped
from streams.importers.mapped.plan import Plan, checked
from streams.importers.mapped.product_source import ProductSource, sum_of
from streams.importers.mapped.rules import Extract, extractor, rule_of
from streams.importers.mapped.targets import products_field
from streams.importers.rows.row_file import Cells, Row, RowFile

Make = Callable[[Sequence[Row]], Outcome]


def events_maker(mapping: EventsMapping, rows: RowFile) -> Make:
    """How rows become an event; the first row of a group speaks for it, each adds its products.

    Rows of a group that bear the id of an earlier one are copies of it and add nothing.
    """
    sources = product_sources(mapping.products)
    plans = {
        kind: Plan(kind, mapping.fields, rows, mapping.file, sources) for kind in kinds_of(mapping)
    }
    kind_of = _kind_reader(mapping, rows)
    products = products_reader(mapping, rows)
    is_repeatable = "id" not in mapping.fields
    id_of = _id_reader(mapping, rows)

    def make(group: Sequence[Row]) -> Outcome:
        mistakes: list[Mistake] = []
        head, kind = _head(group, kind_of)
        if not isinstance(kind, str):
            return kind
        if len(group) > 1 and id_of:
            group = _distinct(group, id_of)
        plan = plans[kind]
        attributes, data = plan.fill(head, mistakes)
        if held := products_field(kind):
            _hold(data, held[0], products(group, mistakes), mapping.fields)
        if mistakes:
            return Mistaken(mistakes)
        if is_repeatable:
            attributes["id"] = digest_id(mapping.source, group, rows.content)
        message = envelope(kind, mapping.source, attributes, data)
        made = checked(message, plan, head.number, is_repeatable=is_repeatable)
        return [made] if isinstance(made, Message) else Mistaken(made)

    return make


def products_reader(
    mapping: EventsMapping | OrdersMapping, rows: RowFile
) -> Callable[[Sequence[Row], list[Mistake]], list[Found]]:
    """How rows tell products: of the declared sources, the first that gives any."""
    sources = [ProductSource(one, rows, mapping.file) for one in product_sources(mapping.products)]

    def read(group: Sequence[Row], mistakes: list[Mistake]) -> list[Found]:
        for source in sources:
            found = [one for row in group for one in source.products(row, mistakes)]
            if found:
                return found
        return []

    return read


def envelope(kind: str, source: str, attributes: Found, data: Found) -> Found:
    """A CloudEvent of imported history."""
    return {
        "specversion": "1.0",
        "type": kind,
        "source": source,
        "origin": "import",
        **attributes,
        "data": data,
    }


def digest_id(source: str, group: Sequence[Row], content: Callable[[Cells], bytes]) -> str:
    """An id from what rows say, whatever their order and place in the file."""
    if len(group) == 1:
        told = content(group[0].cells)
        return blake2b(b"%b\x00%b" % (source.encode(), told), digest_size=16).hexdigest()
    digest = blake2b(source.encode(), digest_size=16)
    for told in sorted(content(row.cells) for row in group):
        digest.update(b"\x00" + told)
    return digest.hexdigest()


def revenue_of_products(fields: Mapping[str, Any]) -> bool:
    """Whether the mapping says that the revenue is the sum of the lines."""
    return "revenue_minor" in fields and rule_of(fields["revenue_minor"]).sum is not None


def _hold(data: Found, name: str, products: list[Found], fields: Mapping[str, Any]) -> None:
    if name == "product":
        if products:
            data["product"] = products[0]
        return
    if products:
        data["products"] = products
        if revenue_of_products(fields):
            data["revenue_minor"] = sum_of(products)


def _kind_reader(
    mapping: EventsMapping, rows: RowFile
) -> Callable[[Row], str | Skipped | Mistaken]:
    declared = mapping.kind
    if isinstance(declared, str):
        return lambda _: declared
    otherwise = declared.otherwise
    rule = _rule_of_kind(declared)
    extract = extractor(rule, "text", rows.getter, mapping.file)

    def read(row: Row) -> str | Skipped | Mistaken:
        try:
            told = extract(row.cells)
        except Unfit as unfit:
            return Mistaken([mistake_of(unfit, row)])
        kind = declared.lookup.get(told or "", otherwise)
        if kind == SKIP:
            return Skipped(f"{told or 'no word'} is left out")
        if kind is None:
            columns = ", ".join(declared.join or [str(declared.column)])
            found = Mistake(row.number, columns, told or "", "is not in the lookup of kinds")
            return Mistaken([found])
        return kind

    return read


def _head(
    group: Sequence[Row], kind_of: Callable[[Row], str | Skipped | Mistaken]
) -> tuple[Row, str | Skipped | Mistaken]:
    """The first row of a group that is not only a line of it, and its kind."""
    for row in group:
        kind = kind_of(row)
        if kind != LINE:
            return row, kind
    return group[0], Skipped("lines of an order that is not told")


def _distinct(group: Sequence[Row], id_of: Extract) -> list[Row]:
    """The rows of a group without copies; an id that cannot be read is told by the event's plan."""
    seen: set[str] = set()
    found = []
    for row in group:
        try:
            told = id_of(row.cells)
        except Unfit:
            told = None
        if told is None or told not in seen:
            found.append(row)
            seen.add(told)
    return found


def _id_reader(mapping: EventsMapping, rows: RowFile) -> Extract | None:
    if "id" not in mapping.fields:
        return None
    return extractor(mapping.fields["id"], "text", rows.getter, mapping.file)


def _rule_of_kind(declared: Kind) -> Rule:
    return Rule(column=declared.column, join=declared.join, between=declared.between)
