-- One row per order, with the visit that it belongs to and the channel that brought it.
--
-- What the order is, its events say (int_orders_merged); how it came about, the visits of its person say. An order
-- belongs to the session in which its earliest copy lies that lies in any: of a server's word and a page that says
-- thank you the page knows the visit. Without one its channel is that of the last touch within the lookback, else its
-- own. Made anew in each build, as the last visit before an order may lie on a day that was built later.
{{ config(materialized='table', tags='roll_up', order_by=['ordered_on', 'order_id']) }}

with

orders as (

    select
        order_id,
        order_number,
        source,
        ordered_on,
        ordered_at,
        person,
        visitor_id,
        customer_id,
        origin,
        channel,
        channel_source,
        currency,
        is_rate_known,
        currency_rate,
        rate_on,
        rate_source,
        rates_fingerprint,
        is_revenue_known,
        told_revenue_minor,
        gross_revenue_minor,
        cancelled_revenue_minor,
        returned_revenue_minor,
        net_revenue_minor,
        returned_excess_minor,
        revenue_minor,
        tax_minor,
        shipping_minor,
        lines_minor,
        lines_difference_minor,
        line_count,
        copy_count,
        change_count,
        is_paid,
        is_shipped,
        is_cancelled,
        returned_minor
    from {{ ref('int_orders_merged') }}

),

copies as (

    select order_id, event_id, (occurred_at, visit_sequence, event_id) as place_in_time
    from {{ ref('stg_orders') }}
    where
        kind = 'order.placed'
        -- what nobody placed, its earliest change placed
        or (
            kind = 'order.changed'
            and order_id not in (
                select order_id
                from {{ ref('stg_orders') }}
                where kind = 'order.placed'
            )
        )

),

events_in_sessions as (

    select event_id, person, session_id, visit_id
    from {{ ref('int_events_sessionized') }}
    where kind in ('order.placed', 'order.changed') and is_in_session

),

visits as (

    select person, visit_id, channel, channel_source
    from {{ ref('int_visits') }}

),

visits_of_orders as (

    select
        copies.order_id as order_id,
        argMin(events_in_sessions.session_id, copies.place_in_time) as session_id,
        argMin((toString(visits.channel), toString(visits.channel_source)), copies.place_in_time) as channel_known
    from copies
    inner join events_in_sessions on copies.event_id = events_in_sessions.event_id
    left join visits
        on events_in_sessions.person = visits.person and events_in_sessions.visit_id = visits.visit_id
    group by order_id

),

last_touches as (

    select order_id, argMax((toString(channel), toString(channel_source)), position) as channel_known
    from {{ ref('int_order_touchpoints') }}
    group by order_id

),

channels as (

    select
        last_touches.order_id as order_id,
        visits_of_orders.session_id as session_id,
        if(
            visits_of_orders.channel_known.1 != '', visits_of_orders.channel_known, last_touches.channel_known
        ) as channel_known
    from last_touches
    left join visits_of_orders on last_touches.order_id = visits_of_orders.order_id

)

select
    orders.order_id as order_id,
    orders.order_number as order_number,
    orders.source as source,
    orders.ordered_on as ordered_on,
    orders.ordered_at as ordered_at,
    orders.person as person,
    orders.visitor_id as visitor_id,
    orders.customer_id as customer_id,
    orders.origin as origin,
    channels.session_id as session_id,
    toLowCardinality(channels.channel_known.1) as channel,
    toLowCardinality(channels.channel_known.2) as channel_source,
    orders.currency as currency,
    orders.is_rate_known as is_rate_known,
    orders.currency_rate as currency_rate,
    orders.rate_on as rate_on,
    orders.rate_source as rate_source,
    orders.rates_fingerprint as rates_fingerprint,
    orders.is_revenue_known as is_revenue_known,
    orders.told_revenue_minor as told_revenue_minor,
    orders.gross_revenue_minor as gross_revenue_minor,
    orders.cancelled_revenue_minor as cancelled_revenue_minor,
    orders.returned_revenue_minor as returned_revenue_minor,
    orders.net_revenue_minor as net_revenue_minor,
    orders.returned_excess_minor as returned_excess_minor,
    orders.revenue_minor as revenue_minor,
    orders.tax_minor as tax_minor,
    orders.shipping_minor as shipping_minor,
    orders.lines_minor as lines_minor,
    orders.lines_difference_minor as lines_difference_minor,
    orders.line_count as line_count,
    orders.copy_count as copy_count,
    orders.change_count as change_count,
    orders.is_paid as is_paid,
    orders.is_shipped as is_shipped,
    orders.is_cancelled as is_cancelled,
    orders.returned_minor as returned_minor
from orders
inner join channels on orders.order_id = channels.order_id
