"""A mapping held against the contract and against the columns of its file, before any event.

All mistakes come as one complaint. Columns of a file that only its rows know (JSON, GA4, Snowplow),
and columns that the mapping says the file may lack, are no mistakes as long as no required field
needs them: they are told as notes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from streams.events import KINDS
from streams.importers.mapped.complaint import Flaw, MappingError, unknown
from streams.importers.mapped.declared import (
    LINE,
    STEPS,
    group_columns,
    kinds_of,
    product_sources,
)
from streams.importers.mapped.model import (
    CustomersMapping,
    EventsMapping,
    File,
    Kind,
    Mapping,
    OrdersMapping,
    Products,
    Status,
    Told,
)
from streams.importers.mapped.reading import ReadMapping
from streams.importers.mapped.rule_fitting import flaws_of_rule
from streams.importers.mapped.rules import columns_of, rule_of
from streams.importers.mapped.targets import (
    CONTEXT,
    Target,
    product_targets,
    products_field,
    target_of,
    targets_of,
)
from streams.importers.mapped.yaml_text import Place
from streams.importers.rows.row_file import RowFile

_WHO = ("visitorid", "customerid")
_TIME = next(one for one in targets_of("page.viewed").values() if one.name == "time")


@dataclass(slots=True)
class _Fitting:
    """A mapping on trial: what it makes, what the file has, and what was found wrong."""

    file: File
    rows: RowFile
    kinds: Sequence[str]
    said_elsewhere: frozenset[str]
    flaws: list[Flaw] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)

    def rule(self, told: Told, target: Target, place: Place, *, is_required: bool) -> None:
        self.flaws += flaws_of_rule(told, target, self.file, place)
        self.columns(columns_of(rule_of(told)), place, is_required=is_required)

    def columns(self, names: Iterable[str], place: Place, *, is_required: bool) -> None:
        """Columns of which a field needs one, when it is required, else none."""
        lacking = [name for name in names if name not in self.rows.columns]
        is_strict = self.rows.is_complete and not self.file.may_lack_columns
        is_helpless = is_required and lacking and lacking == list(names)
        for name in lacking:
            if is_strict or is_helpless:
                self.flaws.append(
                    Flaw(place, "the file has no such column: " + unknown(name, self.rows.columns))
                )
            else:
                self.notes[name] = None


def fit(read: ReadMapping, rows: RowFile) -> list[str]:
    """Hold a mapping against the contract and the file.

    Returns:
        Columns that the mapping knows and the file, as far as it was seen, does not have.

    Raises:
        MappingError: naming every mistake.
    """
    mapping = read.mapping
    fitting = _Fitting(mapping.file, rows, kinds_of(mapping), _said_elsewhere(mapping))
    fitting.flaws += [
        Flaw(("kind",), unknown(one, list(KINDS))) for one in fitting.kinds if one not in KINDS
    ]
    if not fitting.flaws:
        _fit_fields(mapping, fitting)
        match mapping:
            case EventsMapping():
                _fit_events(mapping, fitting)
            case OrdersMapping():
                _fit_orders(mapping, fitting)
            case CustomersMapping():
                _fit_customers(mapping, fitting)
    if fitting.flaws:
        raise MappingError(read.name, fitting.flaws, read.lines)
    return list(fitting.notes)


def _said_elsewhere(mapping: Mapping) -> frozenset[str]:
    return frozenset() if isinstance(mapping, EventsMapping) else frozenset({"id", "time"})


def _fit_fields(mapping: Mapping, fitting: _Fitting) -> None:
    allowed = {
        name
        for kind in fitting.kinds
        for name in targets_of(kind)
        if name not in fitting.said_elsewhere
    }
    required = {
        target.name
        for kind in fitting.kinds
        for target in targets_of(kind).values()
        if target.is_required and target.name != "id" and target.name in allowed
    }
    if not set(_WHO) & set(mapping.fields):
        fitting.flaws.append(Flaw(("fields",), "neither visitorid nor customerid is given"))
    for name in sorted(required - set(mapping.fields)):
        needs = [kind for kind in fitting.kinds if name in _required(kind)]
        found = f"{name!r} is missing, which {', '.join(needs)} must have"
        fitting.flaws.append(Flaw(("fields",), found))
    for name, told in mapping.fields.items():
        place = ("fields", name)
        target = next((one for kind in fitting.kinds if (one := target_of(name, kind))), None)
        if target is None or name in fitting.said_elsewhere:
            fitting.flaws.append(Flaw(place, _no_such_field(name, allowed, fitting)))
            continue
        is_required = all(name in _required(kind) for kind in fitting.kinds)
        fitting.rule(told, target, place, is_required=is_required)


def _no_such_field(name: str, allowed: set[str], fitting: _Fitting) -> str:
    if name in fitting.said_elsewhere:
        return "is said elsewhere in a mapping of this kind; leave it out"
    others = [kind for kind in KINDS if name in targets_of(kind)]
    if others:
        return f"only {', '.join(others)} has it, and this mapping makes none of these"
    return "the contract has no such field: " + unknown(name, [*sorted(allowed), f"{CONTEXT}…"])


def _required(kind: str) -> set[str]:
    return {one.name for one in targets_of(kind).values() if one.is_required}


def _fit_events(mapping: EventsMapping, fitting: _Fitting) -> None:
    if isinstance(mapping.kind, Kind):
        kind = mapping.kind
        names = kind.join or ([kind.column] if isinstance(kind.column, str) else kind.column or [])
        if (kind.join is None) == (kind.column is None):
            fitting.flaws.append(Flaw(("kind",), "takes one of column and join"))
        if LINE in kind.lookup.values() and not group_columns(mapping):
            fitting.flaws.append(Flaw(("kind",), "rows can be lines only with `group_by`"))
        fitting.columns(names, ("kind",), is_required=True)
    _fit_products(mapping, fitting)
    for one in fitting.kinds:
        found = products_field(one)
        if found and found[1] and not product_sources(mapping.products):
            fitting.flaws.append(Flaw((), f"'products' is missing, which {one} must have"))


def _fit_products(mapping: EventsMapping | OrdersMapping, fitting: _Fitting) -> None:
    sources = product_sources(mapping.products)
    for number, source in enumerate(sources):
        is_one = isinstance(mapping.products, Products)
        place: Place = ("products",) if is_one else ("products", number)
        _fit_product_source(source, place, fitting)
    uses_sum = [name for name, told in mapping.fields.items() if rule_of(told).sum]
    if uses_sum and not sources:
        fitting.flaws.append(Flaw(("fields", uses_sum[0]), "there are no `products` to add up"))
    fitting.columns(group_columns(mapping), ("group_by",), is_required=True)


def _fit_product_source(source: Products, place: Place, fitting: _Fitting) -> None:
    if (source.each == "item") != (source.of is not None):
        said = "needs `of`, the nested list" if source.of is None else "takes no `of`"
        fitting.flaws.append(Flaw(place, f"`each: {source.each}` {said}"))
    if source.of is not None:
        fitting.columns([source.of], (*place, "of"), is_required=False)
    if "sku" not in source.fields:
        fitting.flaws.append(Flaw((*place, "fields"), "'sku' is missing, which products must have"))
    for name, told in source.fields.items():
        where = (*place, "fields", name)
        target = product_targets().get(name)
        if target is None:
            found = "products have no such field: " + unknown(name, list(product_targets()))
            fitting.flaws.append(Flaw(where, found))
            continue
        fitting.flaws += flaws_of_rule(told, target, fitting.file, where)
        if source.each != "item":
            fitting.columns(columns_of(rule_of(told)), where, is_required=False)


def _fit_orders(mapping: OrdersMapping, fitting: _Fitting) -> None:
    _fit_products(mapping, fitting)
    if (mapping.statuses is None) == (mapping.history is None):
        fitting.flaws.append(Flaw((), "takes one of statuses and history"))
    targets = targets_of("order.placed")
    for name in STEPS if mapping.statuses else ():
        status = getattr(mapping.statuses, name)
        if status is None:
            continue
        told = status if isinstance(status, Status) else Status(time=status)
        for part in ("time", "revenue_minor", "reason"):
            if rule := getattr(told, part):
                place = ("statuses", name, part) if told is status else ("statuses", name)
                fitting.rule(rule, targets[part], place, is_required=name == "placed")
    if history := mapping.history:
        fitting.columns([history.of], ("history", "of"), is_required=True)
        for part in ("time", "revenue_minor", "reason"):
            if rule := getattr(history, part):
                fitting.flaws += flaws_of_rule(rule, targets[part], fitting.file, ("history", part))


def _fit_customers(mapping: CustomersMapping, fitting: _Fitting) -> None:
    if "customerid" not in mapping.fields:
        fitting.flaws.append(
            Flaw(("fields",), "'customerid' is missing, which customers must have")
        )
    fitting.rule(mapping.registered, _TIME, ("registered",), is_required=True)
    if mapping.updated:
        fitting.rule(mapping.updated, _TIME, ("updated",), is_required=False)
    answer = targets_of("subscription.changed")["is_subscribed"]
    for number, one in enumerate(mapping.subscriptions):
        place = ("subscriptions", number)
        fitting.rule(one.is_subscribed, answer, (*place, "is_subscribed"), is_required=True)
        if one.time:
            fitting.rule(one.time, _TIME, (*place, "time"), is_required=False)
