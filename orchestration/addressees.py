"""What is known right now of the people whom letters would go to: answers, carts, names, consent.

It is read from the events as they arrive, so an order of a minute ago counts, although the marts do
not know it yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from decimal import Decimal
from typing import Any

from orchestration.same_person import IDENTIFIERS_OF_PEOPLE, NAMES_OF_EVENT
from orchestration.triggers.contents import KINDS, CartEvent, Line
from orchestration.triggers.decide import Addressee, Answer, Cart, Clock, People
from orchestration.triggers.model import Definition
from warehouse.client import Warehouse

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


def people(
    warehouse: Warehouse, definition: Definition, carts: Sequence[Cart], clock: Clock
) -> People:
    """What is known right now of the people whom letters about these carts would go to."""
    return People(
        answers=answers(warehouse, definition, carts, clock),
        cart_events=cart_events(warehouse, definition, carts, clock),
        addressees=addressees(warehouse, definition, carts, clock),
    )


def answers(
    warehouse: Warehouse, definition: Definition, carts: Sequence[Cart], clock: Clock
) -> dict[str, list[Answer]]:
    """What has happened that may make letters about these carts needless, by person."""
    added = [cart.added_at for cart in carts]
    rows = warehouse.rows(
        ANSWERS,
        earliest=min(added),
        latest=clock.counts_until(definition.due_at(max(added))),
        unless=sorted(definition.unless),
        persons=sorted({cart.person for cart in carts}),
    )
    answers_of: dict[str, list[Answer]] = {}
    for person, occurred_at, origin in rows:
        answers_of.setdefault(person, []).append(Answer(occurred_at.replace(tzinfo=UTC), origin))
    return answers_of


def cart_events(
    warehouse: Warehouse, definition: Definition, carts: Sequence[Cart], clock: Clock
) -> dict[str, list[CartEvent]]:
    """What has changed the carts of these people as far as it counts, by person."""
    added = [cart.added_at for cart in carts]
    rows = warehouse.rows(
        CART_EVENTS,
        earliest=min(added),
        latest=clock.counts_until(definition.due_at(max(added))),
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
