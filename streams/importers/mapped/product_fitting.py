"""Whether what a mapping says of products and groups fits the contract and the file."""

from __future__ import annotations

from streams.importers.mapped.complaint import Flaw, unknown
from streams.importers.mapped.declared import (
    group_columns,
    product_sources,
)
from streams.importers.mapped.model import (
    EventsMapping,
    OrdersMapping,
    Products,
)
from streams.importers.mapped.rule_fitting import flaws_of_rule
from streams.importers.mapped.rules import columns_of, rule_of
from streams.importers.mapped.targets import (
    product_targets,
)
from streams.importers.mapped.trial import Trial
from streams.importers.mapped.yaml_text import Place


def fit_products(mapping: EventsMapping | OrdersMapping, trial: Trial) -> None:
    """Hold sources of products, sums of them and keys of groups against contract and file."""
    sources = product_sources(mapping.products)
    for number, source in enumerate(sources):
        is_one = isinstance(mapping.products, Products)
        place: Place = ("products",) if is_one else ("products", number)
        _fit_product_source(source, place, trial)
    uses_sum = [name for name, told in mapping.fields.items() if rule_of(told).sum]
    if uses_sum and not sources:
        trial.flaws.append(Flaw(("fields", uses_sum[0]), "there are no `products` to add up"))
    is_whole = trial.rows.is_complete  # else a key may come with a row that nobody saw yet
    trial.columns(group_columns(mapping), ("group_by",), is_required=is_whole)


def _fit_product_source(source: Products, place: Place, trial: Trial) -> None:
    if (source.each == "item") != (source.of is not None):
        said = "needs `of`, the nested list" if source.of is None else "takes no `of`"
        trial.flaws.append(Flaw(place, f"`each: {source.each}` {said}"))
    if source.of is not None:
        trial.columns([source.of], (*place, "of"), is_required=False)
    if "sku" not in source.fields:
        trial.flaws.append(Flaw((*place, "fields"), "'sku' is missing, which products must have"))
    for name, told in source.fields.items():
        where = (*place, "fields", name)
        target = product_targets().get(name)
        if target is None:
            found = "products have no such field: " + unknown(name, list(product_targets()))
            trial.flaws.append(Flaw(where, found))
            continue
        trial.flaws += flaws_of_rule(told, target, trial.file, where)
        if source.each != "item":
            trial.columns(columns_of(rule_of(told)), where, is_required=False)
        elif source.of:
            trial.members(source.of, columns_of(rule_of(told)), where, is_required=name == "sku")
