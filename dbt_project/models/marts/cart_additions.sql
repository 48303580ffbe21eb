-- One row per event that put products into a cart: the facts from which abandoned carts are detected.
{{ config(
    materialized='shop_days',
    partition_by='added_on',
    order_by=['person', 'added_at', 'event_id']
) }}

with

additions as (

    select event_id, person, session_id, occurred_at, visit_sequence, occurred_on
    from {{ ref('int_events_sessionized') }}
    where kind = 'cart.item_added' and {{ built_days('occurred_on', after=1) }}

),

events as (

    select event_id, visitor_key, visitor_id, customer_id, origin, product_skus, product_names
    from {{ ref('stg_events') }}
    where kind = 'cart.item_added' and {{ built_days('occurred_on') }}

),

followed_additions as (

    select
        event_id,
        person,
        session_id,
        occurred_at,
        occurred_on,
        session_id = toUUID('00000000-0000-0000-0000-000000000000') as is_outside,
        leadInFrame(occurred_at, 1, {{ far_future() }}) over following_addition as following_at,
        -- what a server tells is in no session; of one person it follows each other too, with the same gap
        if(
            is_outside and following_at > occurred_at + toIntervalSecond({{ var('session_gap_seconds') }}),
            {{ far_future() }},
            following_at
        ) as next_added_at
    from additions
    window following_addition as (
        partition by person, session_id
        order by occurred_at, visit_sequence, event_id
        rows between current row and unbounded following
    )

)

select
    followed_additions.event_id as event_id,
    followed_additions.occurred_on as added_on,
    followed_additions.occurred_at as added_at,
    followed_additions.next_added_at as next_added_at,
    followed_additions.person as person,
    events.visitor_key as visitor_key,
    events.visitor_id as visitor_id,
    events.customer_id as customer_id,
    followed_additions.session_id as session_id,
    events.origin as origin,
    events.product_skus as skus,
    events.product_names as names
from followed_additions
inner join events on followed_additions.event_id = events.event_id
where {{ built_days('added_on') }}
