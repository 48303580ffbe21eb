"""Who may be due a letter, as the marts tell it; and what is known of these people right now.

`candidates` is the face in SQL of the rule `orchestration.triggers.decide.refusal`: it finds the
few carts among millions. What it finds is judged again by the rule itself, on `answers` read fresh
right before firing. A property test holds the two faces equal. Persons are those of right now, on
both faces (`orchestration.same_person`); whoever waits for a build to tell who he is waits here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from typing import Any

from orchestration.same_person import (
    IDENTIFIERS_OF_PEOPLE,
    NAMES,
    NAMES_OF_FIRING,
    WITH_PERSONS,
    unresolved,
)
from orchestration.triggers.decide import Answer, Cart, Clock
from orchestration.triggers.model import Definition
from streams.decode import EARLIEST
from warehouse.client import Warehouse

IS_BUILT = """
select count() = 4
from system.tables
where database in ('marts', 'staging')
    and name in ('cart_additions', 'identifiers', 'stg_events', 'stg_identity_edges')
"""

# One row per cart that is due and unanswered, of people who are not in the ledger. Days bound the
# reading and are a day wider than the instants, because a shop day is no day of UTC.
CANDIDATES = f"""
with

additions as (

    select
        visitor_id, customer_id, session_id, event_id, origin, added_at, next_added_at, skus, names,
        added_at + toIntervalSecond({{wait_seconds:UInt32}}) as due_at
    from marts.cart_additions
    where added_on between toDate({{earliest:DateTime64(6, 'UTC')}}) - 1
        and toDate({{latest:DateTime64(6, 'UTC')}}) + 1
        and added_at between {{earliest:DateTime64(6, 'UTC')}} and {{latest:DateTime64(6, 'UTC')}}
        and not next_added_at between added_at and due_at
        and origin in {{origins:Array(String)}}

),

carts as (select * from ({WITH_PERSONS}) where person != ''),

people as (select distinct person from carts),

identifiers as ({IDENTIFIERS_OF_PEOPLE}),

written_to as (

    select identifiers.person as person
    from
    (
        select arrayJoin({NAMES_OF_FIRING}) as name
        from triggers.firings
        where trigger = {{trigger:String}}
    ) as firings
    inner join identifiers on firings.name = identifiers.identifier

),

answers as (

    select identifiers.person as person, groupArray(events.occurred_at) as answered_at
    from
    (
        select arrayJoin({NAMES}) as name, occurred_at
        from staging.stg_events
        where occurred_on between toDate({{earliest:DateTime64(6, 'UTC')}}) - 1
            and toDate({{now:DateTime64(6, 'UTC')}}) + 1
            and kind in {{unless:Array(String)}}
            and origin in {{origins:Array(String)}}
    ) as events
    inner join identifiers on events.name = identifiers.identifier
    group by person

)

select
    carts.person as person, visitor_id, customer_id, session_id, event_id, origin, added_at,
    next_added_at, skus, names
from carts
left join answers on answers.person = carts.person
where not arrayExists(at -> at between added_at and due_at, answered_at)
    and carts.person not in (select person from written_to)
order by person, added_at, session_id, event_id
"""

# One row per event that answers a cart of these people, from the events as they arrive: an order
# of a minute ago counts, although the marts do not know it yet. So does one that names the customer
# and comes from a visitor of whom nothing was known before.
ANSWERS = f"""
with

people as (select arrayJoin({{persons:Array(String)}}) as person),

identifiers as ({IDENTIFIERS_OF_PEOPLE})

select distinct identifiers.person, events.occurred_at, events.origin
from
(
    select arrayJoin({NAMES}) as name, occurred_at, origin
    from analytics.events
    where occurred_on between toDate({{earliest:DateTime64(6, 'UTC')}}) - 1
        and toDate({{latest:DateTime64(6, 'UTC')}}) + 1
        and kind in {{unless:Array(String)}}
) as events
inner join identifiers on events.name = identifiers.identifier
"""


def is_built(warehouse: Warehouse) -> bool:
    """Whether the marts that detection reads are there at all."""
    return bool(warehouse.scalar(IS_BUILT))


def candidates(warehouse: Warehouse, definition: Definition, clock: Clock) -> list[Cart]:
    """The carts that are due and unanswered, by person and time; of people who are known."""
    is_wall = clock.mode == "wall"
    found = warehouse.dicts(
        CANDIDATES,
        trigger=definition.trigger,
        wait_seconds=int(definition.wait.total_seconds()),
        unless=sorted(definition.unless),
        origins=list(clock.origins),
        earliest=clock.now - definition.stale_after - definition.wait if is_wall else EARLIEST,
        latest=clock.now - definition.wait,
        now=clock.now,
    )
    carts = [_cart(row) for row in found]
    unknown = unresolved(warehouse, {cart.person for cart in carts})
    return [cart for cart in carts if cart.person not in unknown]


def answers(
    warehouse: Warehouse, definition: Definition, carts: Iterable[Cart]
) -> dict[str, list[Answer]]:
    """What has happened that may make letters about these carts needless, by person."""
    added = [cart.added_at for cart in carts]
    found = warehouse.rows(
        ANSWERS,
        earliest=min(added),
        latest=definition.due_at(max(added)),
        unless=sorted(definition.unless),
        persons=sorted({cart.person for cart in carts}),
    )
    told: dict[str, list[Answer]] = {}
    for person, occurred_at, origin in found:
        told.setdefault(person, []).append(Answer(occurred_at.replace(tzinfo=UTC), origin))
    return told


def _cart(row: dict[str, Any]) -> Cart:
    added_at, next_added_at = row["added_at"], row["next_added_at"]
    told = row | {
        "session_id": str(row["session_id"]),
        "added_at": added_at.replace(tzinfo=UTC),
        # a mart says «none» by an instant that no later addition can have
        "next_added_at": next_added_at.replace(tzinfo=UTC) if next_added_at >= added_at else None,
    }
    return Cart(**told)
