"""Messages of events: one of each row, or of each kind in a group of rows that share a key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, NamedTuple

from streams.importers.mapped.conversions import Unfit
from streams.importers.mapped.declared import LINE, kinds_of, product_sources
from streams.importers.mapped.field_set import Found, mended
from streams.importers.mapped.kinds_of_rows import LINES_ALONE, Part, kind_reader, parts_of
from streams.importers.mapped.merging import in_order, merged, told_once
from streams.importers.mapped.model import EventsMapping, Kind, OrdersMapping
from streams.importers.mapped.outcome import (
    Kept,
    Message,
    Mistake,
    Mistaken,
    Mistakes,
    Outcome,
    Skipped,
)
from streams.importers.mapped.plan import Plan, checked
from streams.importers.mapped.product_source import ProductSource, numbered, sum_of
from streams.importers.mapped.rules import Extract, extractor, rule_of
from streams.importers.mapped.targets import products_field, targets_of
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
    return _EventsMaker(mapping, rows).make


class _Head(NamedTuple):
    """A row that tells an event, and what it tells."""

    row: Row
    attributes: Found
    data: Found

    @property
    def place(self) -> tuple[datetime, str]:
        """The earliest tells the event; rows of one instant come in the order of their ids."""
        return self.attributes.get("time", _LAST), str(self.attributes.get("id", ""))


class _EventsMaker:
    """A mapping of events at work: alone for a row by itself, which is most of them."""

    def __init__(self, mapping: EventsMapping, rows: RowFile) -> None:
        sources = product_sources(mapping.products)
        self._plans = {
            kind: Plan(kind, mapping.fields, rows, mapping.file, sources)
            for kind in kinds_of(mapping)
        }
        self._mapping = mapping
        self._kind_of = kind_reader(mapping, rows)
        self._products_of = products_reader(mapping, rows)
        self._id_of = _id_reader(mapping, rows)
        self._content = rows.content
        self._has_lines = _has_lines(mapping)

    def make(self, group: Sequence[Row]) -> Sequence[Outcome]:
        if len(group) == 1:
            return (self._alone(group[0]),)
        outcomes: list[Outcome] = []
        for part in parts_of(in_order(group, self._content), self._kind_of):
            outcomes += self._together(part) if isinstance(part, Part) else (part,)
        return outcomes

    def _alone(self, row: Row) -> Outcome:
        kind = self._kind_of(row)
        if not isinstance(kind, str):
            return kind
        if kind == LINE:
            return Skipped(LINES_ALONE)
        mistakes, plan = Mistakes(), self._plans[kind]
        head = _Head(row, *plan.fill(row, mistakes))
        if held := products_field(kind):
            (products,) = self._products_of((row,), mistakes)
            self._hold(head.data, held[0], products, plan)
        return self._outcome(head, (row,), plan, mistakes)

    def _together(self, part: Part) -> Iterator[Outcome]:
        mistakes, plan = Mistakes(), self._plans[part.kind]
        told, lines = _without_copies(part, self._id_of)
        heads = [_Head(row, *plan.fill(row, mistakes)) for row in told]
        heads.sort(key=lambda one: one.place)
        times = 1
        if self._has_lines:
            times = len(heads)
            del heads[1:]
            told = [heads[0].row]
        head, differing = _one_of(heads)
        if "time" in head.attributes:
            mistakes.forgive("time")
        members = [*told, *lines]
        if held := products_field(part.kind):
            products = self._products_of(members, mistakes)
            kept = [*range(len(told)), *told_once(products, len(told), times)]
            members = [members[at] for at in kept]
            listed = [one for at in kept for one in products[at]]
            self._hold(head.data, held[0], listed, plan)
        outcome = self._outcome(head, members, plan, mistakes)
        count = len(part.heads) + len(part.lines)
        if not isinstance(outcome, Kept):
            yield outcome._replace(rows=count)
            return
        yield outcome._replace(differing=differing)
        if copies := count - len(members):
            yield Skipped(COPIES, copies)

    def _hold(self, data: Found, name: str, products: list[Found], plan: Plan) -> None:
        """Put products into an event, and their sum if the mapping says so."""
        is_sum = "revenue_minor" in targets_of(plan.kind)
        if products and is_sum and revenue_of_products(self._mapping.fields):
            data["revenue_minor"] = sum_of(products)
        if goods := numbered(products):
            data[name] = goods[0] if name == "product" else goods

    def _outcome(
        self, head: _Head, members: Sequence[Row], plan: Plan, mistakes: Mistakes
    ) -> Kept | Mistaken:
        """What a head, filled by the rows of its event, is told as."""
        source = self._mapping.source
        if is_repeatable := not head.attributes.get("id"):
            head.attributes["id"] = digest_id(source, members, self._content)
        message = envelope(plan.kind, source, head.attributes, head.data)
        made = checked(message, plan, head.row.number, mistakes, is_repeatable=is_repeatable)
        if isinstance(made, Message) and not mistakes:
            return Kept([made], len(members), warnings=_of_rows(mistakes, members, message))
        return mistakes.left_out([] if isinstance(made, Message) else made, len(members))


def _of_rows(mistakes: Mistakes, members: Sequence[Row], message: Found) -> list[Mistake]:
    """The warnings of an event, with what its rows lost before they were looked at."""
    found = [*mended(members), *mistakes.warnings]
    if "product" in message["data"]:
        return [one._replace(field=one.field.replace(".products[]", ".product")) for one in found]
    return found


def _one_of(heads: Sequence[_Head]) -> tuple[_Head, list[str]]:
    """One head that tells what all tell, and the fields of which they tell several values."""
    attributes, differing = merged([one.attributes for one in heads])
    data, differing_data = merged([one.data for one in heads])
    return _Head(heads[0].row, attributes, data), [*differing, *differing_data]


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
        nameless: list[list[Found]] = [[] for _ in group]
        for source in sources:
            found = [source.products(row, mistakes) for row in group]
            if any(numbered(one) for one in found):
                return found
            nameless = nameless if any(nameless) else found
        return nameless

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


def _id_reader(mapping: EventsMapping, rows: RowFile) -> Extract | None:
    if "id" not in mapping.fields:
        return None
    return extractor(mapping.fields["id"], "text", rows.getter, mapping.file, is_identifier=True)


def _has_lines(mapping: EventsMapping) -> bool:
    kind = mapping.kind
    return isinstance(kind, Kind) and LINE in (*kind.lookup.values(), kind.otherwise)
