"""Who is who right now, as detection asks it: one face in SQL for carts, answers and the ledger.

The marts name the person that an event belonged to when its day was built. Detection must not trust
that: since then two visitors may have turned out to be one customer, or may have been separated. So
it takes the names that the event itself bore, and looks them up in `marts.identifiers`.

A cart belongs to one person, by the rule of the marts (dbt's macro `of_resolved_persons`). Orders
and letters are held against everybody whose names they bear: whoever may have ordered, or may have
had the letter, gets none. At a shared visitor these are the customer named and the visitor as such,
never another customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from orchestration.triggers.decide import Cart
from warehouse.client import Warehouse

LOOKED_UP_NAMES = 250  # ids of 256 characters included, they fit a query's parameter

_NAMED = "arrayFilter(name -> length(name) > 2, ['v:' || visitor_id, 'c:' || customer_id])"
_IS_NAME = "match(name, '^[vcpet]:.')"

# The names that a staged row bears. One with neither a visitor nor a customer has another name as
# its `visitor_key`; that of an order of nobody names nobody.
NAMES = f"arrayFilter(name -> {_IS_NAME}, arrayDistinct(arrayPushBack({_NAMED}, visitor_key)))"

# The names that an event as it arrives bears.
NAMES_OF_EVENT = """
    arrayFilter(name -> length(name) > 2, [
        'v:' || visitor_id, 'c:' || customer_id,
        'p:' || phone_sha256, 'e:' || email_sha256, 't:' || partner_id
    ])
"""

# The names under which a letter was decided: of the person of that time, and of the cart itself.
NAMES_OF_FIRING = f"arrayDistinct(arrayPushBack({_NAMED}, person))"

_OTHER_NAMES = ("p:", "e:", "t:")

# One row per identifier of the persons in `people`, for use as a common table expression.
IDENTIFIERS_OF_PEOPLE = """
    select identifier, person
    from marts.identifiers
    where is_merged and person in (select person from people)

    union distinct

    select person as identifier, person
    from people
"""

# One row per row of `additions`, with the person that it belongs to: `resolved` in SQL.
WITH_PERSONS = f"""
    select
        additions.*,
        {NAMES} as cart_names,
        multiIf(
            of_first.person != '', of_first.person,
            of_last.person != '', of_last.person,
            cart_names[-1]
        ) as person
    from additions
    left join
    (
        select identifier, person
        from marts.identifiers
        where is_merged and identifier in (select {NAMES}[1] from additions)
    ) as of_first on {NAMES}[1] = of_first.identifier
    left join
    (
        select identifier, person
        from marts.identifiers
        where is_merged and identifier in (select {NAMES}[-1] from additions)
    ) as of_last on {NAMES}[-1] = of_last.identifier
"""

# One row per identifier among these that shares its person with others.
MERGED = """
select identifier, person
from marts.identifiers
where is_merged and identifier in {names:Array(String)}
"""

# One row per pair of identifiers that one event named together, of which these people have one.
MET = f"""
with

people as (select arrayJoin({{persons:Array(String)}}) as person),

identifiers as ({IDENTIFIERS_OF_PEOPLE})

select distinct identifiers.person, pairs.pair.1, pairs.pair.2
from
(
    select arrayJoin([(identifier, other_identifier), (other_identifier, identifier)]) as pair
    from staging.stg_identity_edges
) as pairs
inner join identifiers on pairs.pair.1 = identifiers.identifier
"""

# One row per identifier among these that was seen with another one before the last build.
COMPONENTS = """
select identifier, component
from marts.identifiers
where identifier in {names:Array(String)}
"""

# The table that stands at this name now: a build makes another one and exchanges the two.
VERSION = """
select toString(uuid)
from system.tables
where database = 'marts' and name = 'identifiers'
"""


def names_of(cart: Cart) -> list[str]:
    """The names that a cart bears, the visitor's first."""
    named = (("v:", cart.visitor_id), ("c:", cart.customer_id))
    names = [kind + value for kind, value in named if value]
    return names or [cart.visitor_key] * cart.visitor_key.startswith(_OTHER_NAMES)


def resolved(cart: Cart, merged: Mapping[str, str]) -> Cart:
    """A cart with the person that it belongs to: of the first of its names that is not alone.

    When all are alone it is the last: at a shared visitor the customer.

    Args:
        cart: as the mart has it; one that names nobody is nobody's.
        merged: the persons of identifiers that share theirs with others.
    """
    names = names_of(cart)
    person = next((merged[name] for name in names if name in merged), names[-1] if names else "")
    others = {merged.get(name, name) for name in names} - {person}
    return replace(cart, person=person, also_of=sorted(others))


def of_today(warehouse: Warehouse, carts: Iterable[Cart]) -> list[Cart]:
    """Carts with the persons that they belong to now."""
    carts = list(carts)
    merged = _told(warehouse, MERGED, {name for cart in carts for name in names_of(cart)})
    return [resolved(cart, merged) for cart in carts]


def unresolved(warehouse: Warehouse, persons: Iterable[str]) -> set[str]:
    """The people of whom the next build will tell who they are: whoever they turn out to be may
    have had a letter, so none is written to them before.

    They were seen under a name that the last build did not know to hang together with theirs.
    """
    met = [row for some in _parts(persons) for row in warehouse.rows(MET, persons=some)]
    names = {name for _, *pair in met for name in pair}
    component = _told(warehouse, COMPONENTS, names)
    return {
        person
        for person, one, other in met
        if one not in component or component[one] != component.get(other)
    }


def version(warehouse: Warehouse) -> str:
    """Which resolution of persons is in force; another one has another version."""
    return str(warehouse.scalar(VERSION))


def _told(warehouse: Warehouse, query: str, names: Iterable[str]) -> dict[str, str]:
    """What a query tells of names, by name."""
    found: dict[str, str] = {}
    for some in _parts(names):
        found.update(warehouse.rows(query, names=some))
    return found


def _parts(names: Iterable[str]) -> Iterator[list[str]]:
    """Names in order, so many at a time as fit a query."""
    asked = sorted(names)
    for first in range(0, len(asked), LOOKED_UP_NAMES):
        yield asked[first : first + LOOKED_UP_NAMES]
