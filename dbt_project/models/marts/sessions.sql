-- One row per session of one person.
{{ config(
    materialized='shop_days',
    partition_by='began_on',
    order_by=['person', 'started_at', 'session_id']
) }}

with

events as (

    select
        event_id,
        person,
        session_id,
        began_on,
        position,
        occurred_at,
        kind,
        channel,
        channel_source,
        customer_id,
        page_url
    from {{ ref('int_events_sessionized') }}
    where {{ built_days('occurred_on', after=1) }} and {{ built_days('began_on') }}

)

select
    session_id,
    person,
    began_on,
    min(occurred_at) as started_at,
    max(occurred_at) as ended_at,
    toUInt32(dateDiff('second', started_at, ended_at)) as duration_seconds,
    toUInt32(count()) as event_count,
    toUInt32(countIf(kind = 'page.viewed')) as page_view_count,
    toUInt32(countIf(kind = 'product.viewed')) as product_view_count,
    toUInt32(countIf(kind = 'search.performed')) as search_count,
    toUInt32(countIf(kind = 'cart.item_added')) as cart_addition_count,
    toUInt32(countIf(kind = 'cart.item_removed')) as cart_removal_count,
    toUInt32(countIf(kind = 'checkout.step_reached')) as checkout_step_count,
    toUInt32(countIf(kind = 'order.placed')) as order_event_count,
    toLowCardinality(argMin(channel, position)) as channel,
    toLowCardinality(argMin(channel_source, position)) as channel_source,
    argMinIf(page_url, position, page_url != '') as landing_page_url,
    maxIf(occurred_at, kind = 'cart.item_added') as last_cart_addition_at,
    argMaxIf(customer_id, position, customer_id != '') as customer_id
from events
group by session_id, person, began_on
