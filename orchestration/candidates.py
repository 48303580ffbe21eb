"""Who may be due a letter, as the marts tell it; and what is known of these people right now.

`candidates` is the face in SQL of the rule `orchestration.triggers.decide.refusal`: it finds the
few carts among millions. What it finds is judged again by the rule itself, on `answers` read fresh
right before firing. A property test holds the two faces equal. Persons are those of right now, on
both faces (`orchestration.same_person`); whoever waits for a build to tell who he is waits here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from decimal import Decimal
from typing import Any

from orchestration.same_person import (
    IDENTIFIERS_OF_PEOPLE,
    NAMES,
    NAMES_OF_EVENT,
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
    CartEvent,
    Line,
)
from orchestration.triggers.decide import Addressee, Answer, Cart, Clock, People
from orchestration.triggers.model import Definition
from streams.decode import EARLIEST
from warehouse.client import Warehouse

IS_BUILT = """
select count() = 4
from system.tables
where database in ('marts', 'staging')
    and name in ('cart_additions', 'identifiers', 'stg_events', 'stg_identity_edges')
"""

# Whether something that was put in until `added_at` is still in the cart at `due_at`: the face in
# SQL of `contents_at`. Of steps up and down that never lead below nothing, the end is their sum
# less the lowest of their running sums; a step down «to nothing» is longer than any way up.
STILL_HOLDS = """
    arrayFilter(
        one -> one.occurred_at between added_at - reaching - before and due_at, cart_events
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
        added_at + toIntervalSecond({{wait_seconds:UInt32}}) as due_at
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
    where not arrayExists(at -> at between added_at and due_at, answered_at)
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
    select arrayJoin({NAMES_OF_EVENT}) as name, occurred_at, origin
    from analytics.events
    where occurred_on between toDate({{earliest:DateTime64(6, 'UTC')}}) - 1
        and toDate({{latest:DateTime64(6, 'UTC')}}) + 1
        and kind in {{unless:Array(String)}}
) as events
inner join identifiers on events.name = identifiers.identifier
"""


# One row per event that changed the carts of these people and per person, as they arrive. Of copies
# under one id the one counts that the marts would take. The page is the product's own where the
# event tells it, else the one it was put in on, if that was a page of one product.
CART_EVENTS = f"""
with

people as (select arrayJoin({{persons:Array(String)}}) as person),

identifiers as ({IDENTIFIERS_OF_PEOPLE})

select
    identifiers.person as person, event_id, kind, occurred_at, origin, visit_sequence, currency,
    email_sha256, product_skus, product_names, product_quantities, product_prices_minor,
    if(
        length(product_skus) = 1 and page_kind = 'product' and product_urls[1] = '',
        [page_url],
        product_urls
    ) as urls
from
(
    select
        arrayJoin({NAMES_OF_EVENT}) as name, event_id, kind, occurred_at, origin, visit_sequence,
        currency, email_sha256, product_skus, product_names, product_quantities,
        product_prices_minor, product_urls, page_kind, page_url, broker_time, topic, partition,
        offset, enrichment_version
    from analytics.events
    where occurred_on between toDate({{earliest:DateTime64(6, 'UTC')}}) - 3
        and toDate({{latest:DateTime64(6, 'UTC')}}) + 1
        and kind in {{kinds:Array(String)}}
        and bot_verdict != 'bot'
) as events
inner join identifiers on events.name = identifiers.identifier
order by person, event_id, broker_time, topic, partition, offset, enrichment_version desc
limit 1 by person, event_id
"""

# One row per identifier of these people that came up together with another one.
IDENTIFIERS = """
select person, identifier, first_seen_at
from marts.identifiers
where is_merged and person in {persons:Array(String)}
"""

# One row per person who unsubscribed from something that concerns a letter and has not subscribed
# to it again. Consent is asked of all of the past, whoever told it; of two words of one instant the
# no counts, and who unsubscribed from something without a name did from everything.
UNSUBSCRIBED = f"""
with

people as (select arrayJoin({{persons:Array(String)}}) as person),

identifiers as ({IDENTIFIERS_OF_PEOPLE})

select distinct person
from
(
    select
        identifiers.person as person,
        events.subscription as subscription,
        argMax(events.is_off, (events.occurred_at, events.is_off)) as is_off
    from
    (
        select
            arrayJoin({NAMES_OF_EVENT}) as name,
            occurred_at,
            endsWith(detail, ': off') as is_off,
            lowerUTF8(trimBoth(replaceRegexpOne(detail, ': (on|off)$', ''))) as subscription
        from analytics.events
        where kind = 'subscription.changed'
            and occurred_on <= toDate({{now:DateTime64(6, 'UTC')}}) + 1
            and occurred_at <= {{now:DateTime64(6, 'UTC')}}
    ) as events
    inner join identifiers on events.name = identifiers.identifier
    group by person, subscription
)
where is_off
    and (
        empty({{subscriptions:Array(String)}})
        or subscription = ''
        or subscription in {{subscriptions:Array(String)}}
    )
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


def people(
    warehouse: Warehouse, definition: Definition, carts: Sequence[Cart], clock: Clock
) -> People:
    """What is known right now of the people whom letters about these carts would go to."""
    return People(
        answers=answers(warehouse, definition, carts),
        cart_events=cart_events(warehouse, definition, carts),
        addressees=addressees(warehouse, definition, carts, clock),
    )


def answers(
    warehouse: Warehouse, definition: Definition, carts: Sequence[Cart]
) -> dict[str, list[Answer]]:
    """What has happened that may make letters about these carts needless, by person."""
    added = [cart.added_at for cart in carts]
    rows = warehouse.rows(
        ANSWERS,
        earliest=min(added),
        latest=definition.due_at(max(added)),
        unless=sorted(definition.unless),
        persons=sorted({cart.person for cart in carts}),
    )
    answers_of: dict[str, list[Answer]] = {}
    for person, occurred_at, origin in rows:
        answers_of.setdefault(person, []).append(Answer(occurred_at.replace(tzinfo=UTC), origin))
    return answers_of


def cart_events(
    warehouse: Warehouse, definition: Definition, carts: Sequence[Cart]
) -> dict[str, list[CartEvent]]:
    """What has changed the carts of these people, by person, until the last letter is due."""
    added = [cart.added_at for cart in carts]
    rows = warehouse.rows(
        CART_EVENTS,
        earliest=min(added),
        latest=definition.due_at(max(added)),
        kinds=list(KINDS),
        persons=sorted({cart.person for cart in carts}),
    )
    events_of: dict[str, list[CartEvent]] = {}
    for person, event_id, kind, occurred_at, origin, sequence, currency, email, *lines in rows:
        events_of.setdefault(person, []).append(
            CartEvent(
                event_id=event_id,
                kind=kind,
                occurred_at=occurred_at.replace(tzinfo=UTC),
                origin=origin,
                lines=_lines(*lines),
                visit_sequence=sequence,
                currency=currency,
                email_sha256=email,
            )
        )
    return events_of


def addressees(
    warehouse: Warehouse, definition: Definition, carts: Sequence[Cart], clock: Clock
) -> dict[str, Addressee]:
    """Names and consent of these people, and of those whose names the carts bear as well."""
    persons = sorted({one for cart in carts for one in (cart.person, *cart.also_of)})
    identifiers_of: dict[str, list[tuple[str, Any]]] = {}
    for person, identifier, first_seen_at in warehouse.rows(IDENTIFIERS, persons=persons):
        known = (identifier, first_seen_at.replace(tzinfo=UTC))
        identifiers_of.setdefault(person, []).append(known)
    unsubscribed = {
        person
        for (person,) in warehouse.rows(
            UNSUBSCRIBED,
            persons=persons,
            subscriptions=sorted(definition.subscriptions),
            now=clock.now,
        )
    }
    return {
        one: Addressee(tuple(identifiers_of.get(one, ())), one in unsubscribed) for one in persons
    }


def _lines(
    skus: Sequence[str],
    names: Sequence[str],
    quantities: Sequence[Decimal],
    prices_minor: Sequence[int],
    urls: Sequence[str],
) -> tuple[Line, ...]:
    """The products of an event; what its arrays do not hold is not told."""
    count = len(skus)
    return tuple(
        Line(*line)
        for line in zip(
            skus,
            [*names, *[""] * (count - len(names))],
            [*quantities, *[Decimal(0)] * (count - len(quantities))],
            [*prices_minor, *[0] * (count - len(prices_minor))],
            [*urls, *[""] * (count - len(urls))],
            strict=True,
        )
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
