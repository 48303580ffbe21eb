"""Who may be due a letter, as the marts tell it.

`candidates` is the face in SQL of the rule `orchestration.triggers.decide.refusal`: it finds the
few carts among millions. What it finds is judged again by the rule itself, on facts read fresh
right before firing (`orchestration.addressees`). A property test holds the two faces equal. Persons
are those of right now, on both faces (`orchestration.same_person`); whoever waits for a build to
tell who he is waits here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

from orchestration.same_person import (
    IDENTIFIERS_OF_PEOPLE,
    NAMES,
    NAMES_OF_FIRING,
    WITH_PERSONS,
    unresolved,
)
from orchestration.triggers.contents import (
    ADDED,
    BOUGHT,
    CART_REACHES_BACK,
    KINDS,
    ORDER_COMES_BEFORE,
)
from orchestration.triggers.decide import Cart, Clock
from orchestration.triggers.firing import Firing
from orchestration.triggers.model import Definition
from streams.decode import EARLIEST
from warehouse.client import Warehouse

IS_BUILT = """
select count() = 4
from system.tables
where database in ('marts', 'staging')
    and name in ('cart_additions', 'identifiers', 'stg_events', 'stg_identity_edges')
"""

# Whether something that was put in until `added_at` is still in the cart at `counts_until`: the
# face in SQL of `contents_at`. Of steps up and down that never lead below nothing, the end is their
# sum less the lowest of their running sums; a step down «to nothing» is longer than any way up.
STILL_HOLDS = """
    arrayFilter(
        one -> one.occurred_at between added_at - reaching - before and counts_until, cart_events
    ) as seen,
    arrayFilter(one -> has({bought:Array(String)}, one.kind), seen) as orders,
    arrayMax(arrayMap(
        one -> one.occurred_at,
        arrayFilter(one -> has({bought:Array(String)}, one.kind) or empty(one.skus), seen)
    )) as closed_at,
    arrayFlatten(arrayMap(
        one -> arrayFilter(
            step -> not step.is_added or not arrayExists(
                placed -> placed.occurred_at >= one.occurred_at - before
                and (empty(placed.skus) or has(placed.skus, step.sku)),
                orders
            ),
            arrayMap(
                (product_sku, quantity) -> tuple(
                    product_sku as sku,
                    toDecimal128(multiIf(
                        one.kind = {added:String}, if(quantity = 0, 1, quantity),
                        quantity = 0, -1e15,
                        -abs(quantity)
                    ), 6) as height,
                    one.kind = {added:String} as is_added,
                    one.kind = {added:String} and one.occurred_at <= added_at as is_own
                )::Tuple(sku String, height Decimal(38, 6), is_added Bool, is_own Bool),
                one.skus,
                one.quantities
            )
        ),
        arrayFilter(
            one -> one.occurred_at > closed_at
            and one.occurred_at >= added_at - reaching
            and not has({bought:Array(String)}, one.kind),
            seen
        )
    )) as steps,
    arrayExists(
        own_sku -> arraySum(
            arrayMap(step -> step.height, arrayFilter(step -> step.sku = own_sku, steps)) as heights
        ) > least(0, arrayMin(arrayCumSum(heights))),
        arrayDistinct(arrayMap(step -> step.sku, arrayFilter(step -> step.is_own, steps)))
    ) as is_held
"""

# One row per cart that is due and unanswered, of people who are not in the ledger. Days bound the
# reading and are a day wider than the instants, because a shop day is no day of UTC.
CANDIDATES = f"""
with

additions as (

    select
        visitor_id, customer_id, visitor_key, session_id, event_id, origin, added_at, next_added_at,
        skus, names,
        added_at + toIntervalSecond({{wait_seconds:UInt32}}) as due_at,
        if({{is_wall:Bool}}, {{now:DateTime64(6, 'UTC')}}, due_at) as counts_until
    from marts.cart_additions
    where added_on between toDate({{earliest:DateTime64(6, 'UTC')}}) - 1
        and toDate({{latest:DateTime64(6, 'UTC')}}) + 1
        and added_at between {{earliest:DateTime64(6, 'UTC')}} and {{latest:DateTime64(6, 'UTC')}}
        and not next_added_at between added_at and due_at
        and origin in {{origins:Array(String)}}
        and notEmpty({NAMES})

),

carts as (select * from ({WITH_PERSONS}) where person != ''),

people as (select distinct person from carts),

identifiers as ({IDENTIFIERS_OF_PEOPLE}),

written_to as (

    select identifiers.person as person
    from
    (
        select arrayJoin({NAMES_OF_FIRING}) as name
        from triggers.standing_firings
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

),

cart_events as (

    select
        identifiers.person as person,
        arraySort(
            one -> (one.occurred_at, one.visit_sequence, one.event_id),
            groupUniqArray(tuple(
                events.occurred_at, events.visit_sequence, events.event_id, events.kind,
                events.product_skus, events.product_quantities
            )::Tuple(
                occurred_at DateTime64(6, 'UTC'), visit_sequence UInt32, event_id String,
                kind String, skus Array(String), quantities Array(Decimal(18, 6))
            ))
        ) as cart_events
    from
    (
        select
            arrayJoin({NAMES}) as name, occurred_at, visit_sequence, event_id, kind, product_skus,
            product_quantities
        from staging.stg_events
        where {{only_what_is_left:Bool}}
            and occurred_on between toDate({{earliest:DateTime64(6, 'UTC')}}) - 3
                and toDate({{now:DateTime64(6, 'UTC')}}) + 1
            and kind in {{cart_kinds:Array(String)}}
            and origin in {{origins:Array(String)}}
    ) as events
    inner join identifiers on events.name = identifiers.identifier
    group by person

),

unanswered as (

    select carts.*
    from carts
    left join answers on answers.person = carts.person
    where not arrayExists(at -> at between added_at and counts_until, answered_at)
        and carts.person not in (select person from written_to)

),

judged as (

    select
        unanswered.*,
        toIntervalSecond({{reaching_seconds:UInt32}}) as reaching,
        toIntervalSecond({{before_seconds:UInt32}}) as before,
        {STILL_HOLDS}
    from unanswered
    left join cart_events on cart_events.person = unanswered.person

)

select
    person, visitor_id, customer_id, visitor_key, session_id, event_id, origin, added_at,
    next_added_at, skus, names
from judged
where is_held or not {{only_what_is_left:Bool}}
order by person, added_at, session_id, event_id
"""

# One row per cart among these additions.
RECORDED_CARTS = """
select
    visitor_id, customer_id, visitor_key, session_id, event_id, origin, added_at, next_added_at,
    skus, names
from marts.cart_additions
where event_id in {event_ids:Array(String)}
    and added_on between toDate({earliest:DateTime64(6, 'UTC')}) - 1
        and toDate({latest:DateTime64(6, 'UTC')}) + 1
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
        is_wall=is_wall,
        earliest=clock.now - definition.stale_after - definition.wait if is_wall else EARLIEST,
        latest=clock.now - definition.wait,
        now=clock.now,
        only_what_is_left=definition.only_what_is_left,
        added=ADDED,
        bought=list(BOUGHT),
        cart_kinds=list(KINDS),
        reaching_seconds=int(CART_REACHES_BACK.total_seconds()),
        before_seconds=int(ORDER_COMES_BEFORE.total_seconds()),
    )
    carts = [_cart(row) for row in found]
    unknown = unresolved(warehouse, {cart.person for cart in carts})
    return [cart for cart in carts if cart.person not in unknown]


def recorded_carts(warehouse: Warehouse, firings: Sequence[Firing]) -> list[Cart]:
    """The carts that recorded firings are about, as the marts have them now, in the same order.

    A cart that the marts do not have any more is told by the firing's own facts.
    """
    added = [firing.facts.added_at for firing in firings]
    rows = warehouse.dicts(
        RECORDED_CARTS,
        event_ids=sorted({firing.facts.event_id for firing in firings}),
        earliest=min(added),
        latest=max(added),
    )
    carts = {row["event_id"]: _cart({**row, "person": ""}) for row in rows}
    return [carts.get(firing.facts.event_id) or _remembered(firing) for firing in firings]


def _remembered(firing: Firing) -> Cart:
    """A cart as the ledger of firings remembers it; of a later addition it knows nothing."""
    facts = firing.facts
    return Cart(
        person=firing.person,
        visitor_id=firing.visitor_id,
        customer_id=firing.customer_id,
        session_id=facts.session_id,
        event_id=facts.event_id,
        origin=facts.origin,
        added_at=facts.added_at,
        next_added_at=None,
        skus=facts.skus,
        names=facts.names,
        visitor_key=firing.person,
    )


def _cart(row: dict[str, Any]) -> Cart:
    added_at, next_added_at = row["added_at"], row["next_added_at"]
    told = row | {
        "session_id": str(row["session_id"]),
        "added_at": added_at.replace(tzinfo=UTC),
        # a mart says «none» by an instant that no later addition can have
        "next_added_at": next_added_at.replace(tzinfo=UTC) if next_added_at >= added_at else None,
    }
    return Cart(**told)
