"""The language of mappings: which column of a file becomes which field of the contract.

Every Struct forbids unknown fields. The JSON Schema generated from this module lies beside it
(`python -m streams.importers.mapped`), for editors that complete YAML; a test keeps it equal.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from streams.importers.rows.options import File, NonEmpty

Conversion = Literal[
    "text",
    "instant",
    "money",
    "integer",
    "number",
    "boolean",
    "list",
    "path",
    "json",
    "email_sha256",
    "phone_sha256",
]
Scalar = str | int | bool


class Rule(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"conversion": "as", "between": "with"},
):
    """Where a field's value comes from: exactly one of `column`, `join`, `value` and `sum`.

    `column` may be several: the first one that is not empty counts, of identifiers the first that
    names somebody (`null`, `guest`, nil UUIDs do not), of instants the first that can be one.
    Columns within JSON are dotted paths. `join` writes columns one behind the other, `with` between
    them; a list among them is the first of it that is not empty. `sum: products` is the revenue of
    the lines: their own, else price x quantity less discount. `as` is how the cell is read; without
    it the field says how, except amounts. `lookup` replaces text, and what is not in it is left
    empty, with a warning, unless `otherwise` stands for it. `default` stands for an empty cell.
    `as: money` reads as many decimals as the row's currency has (without one, that of
    SHOP_CURRENCY, else two), or `digits`, and rounds the rest, half a unit away from zero.
    """

    column: NonEmpty | list[NonEmpty] | None = None
    join: list[NonEmpty | list[NonEmpty]] | None = None
    between: str = ""
    value: Scalar | None = None
    sum: Literal["products"] | None = None
    conversion: Conversion | None = None
    lower: bool = False
    lookup: dict[str, Scalar] | None = None
    otherwise: Scalar | None = None
    default: Scalar | None = None
    format: NonEmpty = "iso"
    zone: str | None = None
    decimal_mark: Literal[".", ","] | None = None
    digits: Annotated[int, Meta(ge=0, le=4)] | None = None
    true_words: tuple[str, ...] = ("true", "yes", "y", "t", "1")
    false_words: tuple[str, ...] = ("false", "no", "n", "f", "0")
    separator: NonEmpty = "|"
    country_code: Annotated[str, Meta(pattern="^[0-9]{0,4}$")] = ""
    trunk_prefix: Annotated[str, Meta(pattern="^[0-9]{0,2}$")] = ""


Told = NonEmpty | list[NonEmpty] | Rule
Fields = dict[str, Told]


class Kind(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"between": "with"},
):
    """The kind of event, by what a column says; `skip` as a kind leaves the row out, counted.

    With `group_by`, the kind `line` is that of rows which only add a product to their group.
    A word that is in no lookup is a mistake, or `otherwise`, which is a kind or `skip`.
    """

    lookup: dict[str, str]
    column: NonEmpty | list[NonEmpty] | None = None
    join: list[NonEmpty | list[NonEmpty]] | None = None
    between: str = ""
    otherwise: str | None = None


class Products(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where products come from.

    `row`: the columns of the row (with `group_by`: of each row) are one product; without an SKU
    none. `item`: each item of the nested list `of` is one, and columns are the item's. `split`: the
    columns hold lists of equal length, `separator` between their members.
    """

    fields: Fields
    each: Literal["row", "item", "split"] = "row"
    of: NonEmpty | None = None
    separator: NonEmpty = "|"


class Status(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One step of an order's life: when it was reached, and what is said of it alone."""

    time: Told
    revenue_minor: Told | None = None
    reason: Told | None = None
    return_id: Told | None = None


class Statuses(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A column per step of an order's life; an empty one was not reached.

    `changed` is when the order was last another one: the row tells what it is now.
    """

    placed: Status | NonEmpty
    changed: Status | NonEmpty | None = None
    paid: Status | NonEmpty | None = None
    shipped: Status | NonEmpty | None = None
    cancelled: Status | NonEmpty | None = None
    returned: Status | NonEmpty | None = None


Step = Literal["placed", "changed", "paid", "shipped", "cancelled", "returned", "skip"]


class StatusHistory(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """The nested list `of` of an order's steps: the other columns are members of its items.

    `lookup` reads the shop's words for statuses; one that is not in it costs the step, with a
    warning, unless `otherwise` stands for it.
    """

    of: NonEmpty
    status: NonEmpty
    time: Told
    lookup: dict[str, Step]
    otherwise: Step | None = None
    revenue_minor: Told | None = None
    reason: Told | None = None
    return_id: Told | None = None


class Subscription(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A subscription of a customer; without `time`, since the customer changed last."""

    name: NonEmpty
    is_subscribed: Told
    time: Told | None = None


class EventsMapping(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="makes",
    tag="events",
):
    """A file of events, one per row or, with `group_by`, one per group of rows."""

    source: Annotated[str, Meta(min_length=1, max_length=256)]
    kind: str | Kind
    fields: Fields
    file: File = File()
    products: Products | list[Products] = []
    group_by: NonEmpty | list[NonEmpty] = []


class OrdersMapping(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="makes",
    tag="orders",
):
    """A file of orders, one per row or, with `group_by`, one per group of rows (order lines).

    Exactly one of `statuses` and `history` is given.
    """

    source: Annotated[str, Meta(min_length=1, max_length=256)]
    fields: Fields
    statuses: Statuses | None = None
    history: StatusHistory | None = None
    file: File = File()
    products: Products | list[Products] = []
    group_by: NonEmpty | list[NonEmpty] = []


class CustomersMapping(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="makes",
    tag="customers",
):
    """A file of customers, one per row: when they registered and, if told, changed last."""

    source: Annotated[str, Meta(min_length=1, max_length=256)]
    fields: Fields
    registered: Told
    updated: Told | None = None
    file: File = File()
    subscriptions: list[Subscription] = []


Mapping = EventsMapping | OrdersMapping | CustomersMapping
