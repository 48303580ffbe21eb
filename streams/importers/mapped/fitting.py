"""A mapping held against the contract and against the columns of its file, before any event.

All mistakes come as one complaint. Columns of a file that only its rows know (JSON, GA4, Snowplow),
members of nested items among them, and columns that the mapping says the file may lack, are no
mistakes as long as no required field needs them: they are told as notes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streams.events import KINDS
from streams.importers.mapped.complaint import Flaw, MappingError, unknown
from streams.importers.mapped.declared import (
    LINE,
    SKIP,
    STEPS,
    group_columns,
    kinds_of,
    product_sources,
)
from streams.importers.mapped.model import (
    CustomersMapping,
    EventsMapping,
    Kind,
    Mapping,
    OrdersMapping,
    Rule,
    Status,
)
from streams.importers.mapped.product_fitting import fit_products
from streams.importers.mapped.reading import ReadMapping
from streams.importers.mapped.rule_fitting import flaws_of_rule
from streams.importers.mapped.rules import columns_of, rule_of
from streams.importers.mapped.targets import (
    CONTEXT,
    products_field,
    target_of,
    targets_of,
)
from streams.importers.mapped.trial import Trial
from streams.importers.mapped.yaml_text import Place
from streams.importers.rows.row_file import RowFile

_WHO = ("visitorid", "customerid", "identifiers.")
_PARTS = ("time", "revenue_minor", "reason", "return_id")
_SEPARATORS = (";", "\t", ",", "|")
_TIME = next(one for one in targets_of("page.viewed").values() if one.name == "time")


def fit(read: ReadMapping, rows: RowFile) -> list[str]:
    """Hold a mapping against the contract and the file.

    Returns:
        Columns that the mapping knows and the file, as far as it was seen, does not have.

    Raises:
        MappingError: naming every mistake.
    """
    mapping = read.mapping
    kinds = [one for one in kinds_of(mapping) if one in KINDS]
    trial = Trial(mapping.file, rows, kinds, _said_elsewhere(mapping))
    trial.flaws += _flaws_of_kinds(mapping)
    _fit_fields(mapping, trial)
    match mapping:
        case EventsMapping():
            _fit_events(mapping, trial)
        case OrdersMapping():
            _fit_orders(mapping, trial)
        case CustomersMapping():
            _fit_customers(mapping, trial)
    if trial.flaws:
        trial.flaws += _flaws_of_separator(rows)
        raise MappingError(read.name, trial.flaws, read.lines)
    return list(trial.notes)


def _flaws_of_separator(rows: RowFile) -> Iterator[Flaw]:
    """That the whole header was read as one column."""
    header = "".join(rows.columns) if len(rows.columns) == 1 else ""
    if found := next((mark for mark in _SEPARATORS if mark in header), None):
        told = f"the header is one column: is the separator {found!r}? say `separator`"
        yield Flaw(("file", "separator"), told)


def _said_elsewhere(mapping: Mapping) -> frozenset[str]:
    return frozenset() if isinstance(mapping, EventsMapping) else frozenset({"id", "time"})


def _flaws_of_kinds(mapping: Mapping) -> Iterator[Flaw]:
    match mapping:
        case EventsMapping(kind=str() as kind) if kind not in KINDS:
            yield Flaw(("kind",), unknown(kind, list(KINDS)))
        case EventsMapping(kind=Kind() as told):
            places: dict[Place, str] = {
                ("kind", "lookup", word): kind for word, kind in told.lookup.items()
            }
            if told.otherwise:
                places["kind", "otherwise"] = told.otherwise
            for place, kind in places.items():
                if kind not in (*KINDS, SKIP, LINE):
                    yield Flaw(place, unknown(kind, [*KINDS, SKIP, LINE]))


def _fit_fields(mapping: Mapping, trial: Trial) -> None:
    is_clear = not any(one.place[:1] == ("kind",) for one in trial.flaws)
    kinds = trial.kinds if is_clear else list(KINDS)  # a misspelled kind may have any field
    allowed = {
        name for kind in kinds for name in targets_of(kind) if name not in trial.said_elsewhere
    }
    required = {
        target.name
        for kind in trial.kinds
        for target in targets_of(kind).values()
        if target.is_required and target.name != "id" and target.name in allowed
    }
    if not any(name.startswith(_WHO) for name in mapping.fields) and not _is_of_orders(kinds):
        trial.flaws.append(Flaw(("fields",), "neither visitorid nor customerid is given"))
    for name in sorted(required - set(mapping.fields)):
        needs = [kind for kind in trial.kinds if name in _required(kind)]
        found = f"{name!r} is missing, which {', '.join(needs)} must have"
        trial.flaws.append(Flaw(("fields",), found))
    for name, told in mapping.fields.items():
        place = ("fields", name)
        target = next((one for kind in kinds if (one := target_of(name, kind))), None)
        if target is None or name in trial.said_elsewhere:
            trial.flaws.append(Flaw(place, _no_such_field(name, allowed, trial)))
            continue
        is_required = all(name in _required(kind) for kind in kinds)
        trial.rule(told, target, place, is_required=is_required)


def _is_of_orders(kinds: Sequence[str]) -> bool:
    """Whether all events may name nobody: an order counts whoever bought."""
    return all(kind.startswith("order.") for kind in kinds)


def _no_such_field(name: str, allowed: set[str], trial: Trial) -> str:
    if name in trial.said_elsewhere:
        return "is said elsewhere in a mapping of this kind; leave it out"
    others = [kind for kind in KINDS if name in targets_of(kind)]
    if others:
        return f"only {', '.join(others)} has it, and this mapping makes none of these"
    return "the contract has no such field: " + unknown(name, [*sorted(allowed), f"{CONTEXT}…"])


def _required(kind: str) -> set[str]:
    return {one.name for one in targets_of(kind).values() if one.is_required}


def _fit_events(mapping: EventsMapping, trial: Trial) -> None:
    if isinstance(mapping.kind, Kind):
        kind = mapping.kind
        names = columns_of(Rule(column=kind.column, join=kind.join))
        if (kind.join is None) == (kind.column is None):
            trial.flaws.append(Flaw(("kind",), "takes one of column and join"))
        if LINE in kind.lookup.values() and not group_columns(mapping):
            trial.flaws.append(Flaw(("kind",), "rows can be lines only with `group_by`"))
        trial.columns(names, ("kind",), is_required=True)
    fit_products(mapping, trial)
    for one in trial.kinds:
        found = products_field(one)
        if found and found[1] and not product_sources(mapping.products):
            trial.flaws.append(Flaw((), f"'products' is missing, which {one} must have"))


def _fit_orders(mapping: OrdersMapping, trial: Trial) -> None:
    fit_products(mapping, trial)
    if (mapping.statuses is None) == (mapping.history is None):
        trial.flaws.append(Flaw((), "takes one of statuses and history"))
    targets = targets_of("order.placed")
    for name in STEPS if mapping.statuses else ():
        status = getattr(mapping.statuses, name)
        if status is None:
            continue
        told = status if isinstance(status, Status) else Status(time=status)
        for part in _PARTS:
            if rule := getattr(told, part):
                place = ("statuses", name, part) if told is status else ("statuses", name)
                trial.rule(rule, targets[part], place, is_required=name == "placed")
    if history := mapping.history:
        trial.columns([history.of], ("history", "of"), is_required=True)
        trial.members(history.of, [history.status], ("history", "status"), is_required=True)
        for part in _PARTS:
            if rule := getattr(history, part):
                place = ("history", part)
                trial.flaws += flaws_of_rule(rule, targets[part], trial.file, place)
                names = columns_of(rule_of(rule))
                trial.members(history.of, names, place, is_required=part == "time")


def _fit_customers(mapping: CustomersMapping, trial: Trial) -> None:
    if "customerid" not in mapping.fields:
        trial.flaws.append(Flaw(("fields",), "'customerid' is missing, which customers must have"))
    trial.rule(mapping.registered, _TIME, ("registered",), is_required=True)
    if mapping.updated:
        trial.rule(mapping.updated, _TIME, ("updated",), is_required=False)
    answer = targets_of("subscription.changed")["is_subscribed"]
    for number, one in enumerate(mapping.subscriptions):
        place = ("subscriptions", number)
        trial.rule(one.is_subscribed, answer, (*place, "is_subscribed"), is_required=True)
        if one.time:
            trial.rule(one.time, _TIME, (*place, "time"), is_required=False)
