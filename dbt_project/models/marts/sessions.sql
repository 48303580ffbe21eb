-- One row per session of one visitor.
--
-- Times and counts are of what the visitor did; what a server told within the session is counted beside it. Where the
-- visitor came from its first event says that knows a page, a campaign or a channel; with what, the first of a client.
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
        visitor_key,
        session_id,
        began_on,
        is_of_visit,
        position,
        occurred_at,
        visit_sequence,
        kind,
        (channel, channel_source, is_channel_direct) as channel_known,
        (not is_of_visit, not knows_channel, position) as place_among_channels,
        (not is_of_visit, not knows_client, position) as place_among_clients,
        customer_id,
        page_url
    from {{ ref('int_events_sessionized') }}
    where {{ built_days('occurred_on', after=1) }} and {{ built_days('began_on') }} and is_in_session

),

origins as (

    select
        event_id,
        derived_channel,
        campaign_source,
        campaign_medium,
        campaign_name,
        referrer_source,
        click_network,
        partner_track_id
    from {{ ref('stg_events') }}
    where {{ built_days('occurred_on', after=1) }}

),

clients as (

    select event_id, device_class, browser, os, country, region
    from {{ ref('stg_events') }}
    where {{ built_days('occurred_on', after=1) }}

),

counted as (

    select
        session_id,
        person,
        began_on,
        argMin(event_id, place_among_channels) as origin_event_id,
        argMin(event_id, place_among_clients) as client_event_id,
        argMin(visitor_key, place_among_clients) as visitor_key,
        minIf(occurred_at, is_of_visit) as started_at,
        maxIf(occurred_at, is_of_visit) as ended_at,
        toUInt32(dateDiff('second', started_at, ended_at)) as duration_seconds,
        toUInt32(countIf(is_of_visit)) as event_count,
        toUInt32(countIf(not is_of_visit)) as server_event_count,
        toUInt32(countIf(kind = 'page.viewed')) as page_view_count,
        toUInt32(countIf(kind = 'product.viewed')) as product_view_count,
        toUInt32(countIf(kind = 'search.performed')) as search_count,
        toUInt32(countIf(kind = 'cart.item_added')) as cart_addition_count,
        toUInt32(countIf(kind = 'cart.item_removed')) as cart_removal_count,
        toUInt32(countIf(kind = 'checkout.step_reached')) as checkout_step_count,
        toUInt32(countIf(kind = 'order.placed')) as order_event_count,
        argMin(channel_known, place_among_channels) as channel_known,
        argMinIf(page_url, position, is_of_visit and page_url != '') as landing_page_url,
        maxIf(occurred_at, kind = 'cart.item_added') as last_cart_addition_at,
        argMaxIf(customer_id, (occurred_at, visit_sequence, event_id), customer_id != '') as customer_id
    from events
    group by session_id, person, began_on

)

select
    counted.session_id as session_id,
    counted.person as person,
    counted.visitor_key as visitor_key,
    counted.began_on as began_on,
    counted.started_at as started_at,
    counted.ended_at as ended_at,
    counted.duration_seconds as duration_seconds,
    counted.event_count as event_count,
    counted.server_event_count as server_event_count,
    counted.page_view_count as page_view_count,
    counted.product_view_count as product_view_count,
    counted.search_count as search_count,
    counted.cart_addition_count as cart_addition_count,
    counted.cart_removal_count as cart_removal_count,
    counted.checkout_step_count as checkout_step_count,
    counted.order_event_count as order_event_count,
    toLowCardinality(counted.channel_known.1) as channel,
    toLowCardinality(counted.channel_known.2) as channel_source,
    counted.channel_known.3 as is_channel_direct,
    origins.derived_channel as derived_channel,
    origins.campaign_source as campaign_source,
    origins.campaign_medium as campaign_medium,
    origins.campaign_name as campaign_name,
    origins.referrer_source as referrer_source,
    origins.click_network as click_network,
    origins.partner_track_id as partner_track_id,
    clients.device_class as device_class,
    clients.browser as browser,
    clients.os as os,
    clients.country as country,
    clients.region as region,
    counted.landing_page_url as landing_page_url,
    counted.last_cart_addition_at as last_cart_addition_at,
    counted.customer_id as customer_id
from counted
inner join origins on counted.origin_event_id = origins.event_id
inner join clients on counted.client_event_id = clients.event_id
