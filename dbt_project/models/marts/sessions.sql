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

),

first_events as (

    select
        event_id,
        derived_channel,
        campaign_source,
        campaign_medium,
        campaign_name,
        referrer_source,
        click_network,
        partner_track_id,
        device_class,
        browser,
        os,
        country,
        region
    from {{ ref('stg_events') }}
    where {{ built_days('occurred_on') }}

),

counted as (

    select
        session_id,
        person,
        began_on,
        argMin(event_id, position) as first_event_id,
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

)

select
    counted.session_id as session_id,
    counted.person as person,
    counted.began_on as began_on,
    counted.started_at as started_at,
    counted.ended_at as ended_at,
    counted.duration_seconds as duration_seconds,
    counted.event_count as event_count,
    counted.page_view_count as page_view_count,
    counted.product_view_count as product_view_count,
    counted.search_count as search_count,
    counted.cart_addition_count as cart_addition_count,
    counted.cart_removal_count as cart_removal_count,
    counted.checkout_step_count as checkout_step_count,
    counted.order_event_count as order_event_count,
    counted.channel as channel,
    counted.channel_source as channel_source,
    first_events.derived_channel as derived_channel,
    first_events.campaign_source as campaign_source,
    first_events.campaign_medium as campaign_medium,
    first_events.campaign_name as campaign_name,
    first_events.referrer_source as referrer_source,
    first_events.click_network as click_network,
    first_events.partner_track_id as partner_track_id,
    first_events.device_class as device_class,
    first_events.browser as browser,
    first_events.os as os,
    first_events.country as country,
    first_events.region as region,
    counted.landing_page_url as landing_page_url,
    counted.last_cart_addition_at as last_cart_addition_at,
    counted.customer_id as customer_id
from counted
inner join first_events on counted.first_event_id = first_events.event_id
