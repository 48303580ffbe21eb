"""Messages of events: one of each row, or of each kind in a group of rows that share a key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, NamedTuple

from streams.importers.mapped.conversions import Unfit
from streams.importers.mapped.declared import LINE, kinds_of, product_sources
from streams.importers.mapped.field_set import Found
from streams.importers.mapped.kinds_of_rows import Part, kind_reader, parts_of
from streams.importers.mapped.merging import in_order, merged, told_once
from streams.importers.mapped.model import EventsMapping, Kind, OrdersMapping
from streams.importers.mapped.outcome import Kept, Message, Mistaken, Mistakes, Outcome, Skipped
from streams.importers.mapped.plan import Plan, checked
from streams.importers.mapped.product_source import ProductSource, sum_of
from streams.importers.mapped.rules import Extract, extractor, rule_of
from streams.importers.mapped.targets import products_field
from streams.importers.rows.row_file import Cells, Row, RowFile

Make = Callable[[Sequence[Row]], Iterable[Outcome]]
ProductsOf = Callable[[Sequence[Row], Mistakes], list[list[Found]]]

COPIES = "copies of other rows of their group"
_LAST = datetime.max.replace(tzinfo=UTC)


def events_maker(mapping: EventsMapping, rows: RowFile) -> Make:
    """How rows become events: the rows of one kind in a group make one.

    With rows that are lines, the earliest of the others tells the event; more of them (a page that
    was loaded again) are copies, and so are the lines that came with them. Without such rows, each
    tells of the event what it knows and adds its products. Rows that bear the id of another one of
    their group are copies too, unless all bear the same: then it is the event's.
    """
    sources = product_sources(mapping.products)
    plans = {
        kind: Plan(kind, mapping.fields, rows, mapping.file, sources) for kind in kinds_of(mapping)
    }
    kind_of = kind_reader(mapping, rows)
    making = _Making(
        mapping,
        products_reader(mapping, rows),
        rows.content,
        _id_reader(mapping, rows),
        has_lines=_has_lines(mapping),
    )

    def make(group: Sequence[Row]) -> Iterator[Outcome]:
        for part in parts_of(in_order(group, rows.content), kind_of):
            if isinstance(part, Part):
                yield from _event(part, plans[part.kind], making)
            else:
                yield part

    return make


class _Making(NamedTuple):
    """What making an event of rows needs beside the plan of its kind."""

    mapping: EventsMapping
    products_of: ProductsOf
    content: Callable[[Cells], bytes]
    id_of: Extract | None
    has_lines: bool


class _Head(NamedTuple):
    """A row that tells an event, and what it tells."""

    row: Row
    attributes: Found
    data: Found

    @property
    def place(self) -> tuple[datetime, str]:
        """The earliest tells the event; rows of one instant come in the order of their ids."""
        return self.attributes.get("time", _LAST), str(self.attributes.get("id", ""))


def _event(part: Part, plan: Plan, making: _Making) -> Iterator[Outcome]:
    mistakes, mapping = Mistakes(), making.mapping
    told, lines = _without_copies(part, making.id_of)
    heads = [_Head(row, *plan.fill(row, mistakes)) for row in told]
    heads.sort(key=lambda one: one.place)
    if making.has_lines:
        told = [heads[0].row]
    members, times = [*told, *lines], len(heads) if making.has_lines else 1
    attributes, differing = merged([one.attributes for one in heads[: len(told)]])
    data, differing_data = merged([one.data for one in heads[: len(told)]])
    if held := products_field(part.kind):
        products = making.products_of(members, mistakes)
        kept = [*range(len(told)), *told_once(products, len(told), times)]
        members = [members[at] for at in kept]
        _hold(data, held[0], [one for at in kept for one in products[at]], mapping.fields)
    count = len(part.heads) + len(part.lines)
    if mistakes:
        yield Mistaken([*mistakes, *mistakes.remarks], count)
        return
    if is_repeatable := making.id_of is None:
        attributes["id"] = digest_id(mapping.source, members, making.content)
    message = envelope(part.kind, mapping.source, attributes, data)
    made = checked(message, plan, heads[0].row.number, is_repeatable=is_repeatable)
    if not isinstance(made, Message):
        yield Mistaken(made, count)
        return
    yield Kept([made], len(members), [*differing, *differing_data], mistakes.remarks)
    if copies := count - len(members):
        yield Skipped(COPIES, copies)


def _without_copies(part: Part, id_of: Extract | None) -> tuple[list[Row], list[Row]]:
    """Heads and lines without rows whose id another one bears; not if all of them bear one."""
    if id_of is None or len(part.heads) + len(part.lines) == 1:
        return part.heads, part.lines
    ids = {row.number: _id(row, id_of) for row in (*part.heads, *part.lines)}
    if len(set(ids.values())) == 1:
        return part.heads, part.lines
    first = {told: number for number, told in reversed(ids.items())}
    heads, lines = (
        [row for row in rows if first[ids[row.number]] == row.number]
        for rows in (part.heads, part.lines)
    )
    return heads, lines


def _id(row: Row, id_of: Extract) -> str:
    """What a row says its id is; one that tells none is like no other."""
    try:
        return id_of(row.cells) or f"row {row.number}"
    except Unfit:
        return f"row {row.number}"


def products_reader(mapping: EventsMapping | OrdersMapping, rows: RowFile) -> ProductsOf:
    """How rows tell products, each row its own: of the sources, the first that gives any."""
    sources = [ProductSource(one, rows, mapping.file) for one in product_sources(mapping.products)]

    def read(group: Sequence[Row], mistakes: Mistakes) -> list[list[Found]]:
        for source in sources:
            found = [source.products(row, mistakes) for row in group]
            if any(found):
                return found
        return [[] for _ in group]

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


def _id_reader(mapping: EventsMapping, rows: RowFile) -> Extract | None:
    if "id" not in mapping.fields:
        return None
    return extractor(mapping.fields["id"], "text", rows.getter, mapping.file)


def _has_lines(mapping: EventsMapping) -> bool:
    kind = mapping.kind
    return isinstance(kind, Kind) and LINE in (*kind.lookup.values(), kind.otherwise)
