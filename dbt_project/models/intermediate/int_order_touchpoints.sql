-- One row per order and visit that led to it.
--
-- A visit is the source's own when it tells one, else the session. It leads to an order of the same person that comes
-- within the lookback after the visit's beginning. An order that no such visit leads to (its own began too early) has
-- one touchpoint: its own channel.
{{ config(materialized='table', tags='roll_up', order_by=['order_id', 'position']) }}

with

orders as (

    select order_id, person, ordered_at, channel
    from {{ ref('int_orders_merged') }}

),

events as (

    select person, visit_id, occurred_at, visit_sequence, event_id, channel
    from {{ ref('int_events_sessionized') }}
    where person in (select person from orders)

),

visits as (

    select
        person,
        visit_id,
        min(occurred_at) as began_at,
        argMin(channel, (occurred_at, visit_sequence, event_id)) as channel
    from events
    group by person, visit_id

),

visits_before as (

    select
        orders.order_id as order_id,
        arraySort(groupArray((visits.began_at, visits.visit_id, toString(visits.channel)))) as path
    from orders
    inner join visits on orders.person = visits.person
    where
        visits.began_at >= orders.ordered_at - interval {{ var('attribution_lookback_days') }} day
        and visits.began_at <= orders.ordered_at
    group by order_id

),

paths as (

    select
        orders.order_id as order_id,
        if(
            empty(visits_before.path),
            [(orders.ordered_at, '', toString(orders.channel))],
            visits_before.path
        ) as path
    from orders
    left join visits_before on orders.order_id = visits_before.order_id

)

select
    order_id,
    toUInt32(position) as position,
    toUInt32(length(path)) as touchpoint_count,
    touchpoint.2 as visit_id,
    touchpoint.1 as began_at,
    toLowCardinality(touchpoint.3) as channel
from paths
array join
    path as touchpoint,
    arrayEnumerate(path) as position
