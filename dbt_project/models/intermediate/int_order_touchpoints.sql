-- One row per order and touch that led to it: a visit, or another campaign within a visit.
--
-- A touch leads to an order of the same person that comes within the lookback after it. An order that none leads to
-- (its visit began too early, or there is none) has one touchpoint: its own channel.
{{ config(materialized='table', tags='roll_up', order_by=['order_id', 'position']) }}

with

orders as (

    select order_id, person, ordered_at, channel, channel_source
    from {{ ref('int_orders_merged') }}

),

touches as (

    select
        person,
        visit_id,
        touch.1 as touched_at,
        (touch.2, touch.3, touch.4) as channel_known
    from {{ ref('int_visits') }}
    array join touches as touch

),

touches_before as (

    select
        orders.order_id as order_id,
        arraySort(groupArray((touches.touched_at, touches.visit_id, touches.channel_known))) as path
    from orders
    inner join touches on orders.person = touches.person
    where
        touches.touched_at >= orders.ordered_at - interval {{ var('attribution_lookback_days') }} day
        and touches.touched_at <= orders.ordered_at
    group by order_id

),

paths as (

    select
        orders.order_id as order_id,
        if(
            empty(touches_before.path),
            [(
                orders.ordered_at,
                '',
                (toString(orders.channel), toString(orders.channel_source), false)
            )],
            touches_before.path
        ) as path
    from orders
    left join touches_before on orders.order_id = touches_before.order_id

)

select
    order_id,
    toUInt32(position) as position,
    toUInt32(length(path)) as touchpoint_count,
    touchpoint.2 as visit_id,
    touchpoint.1 as began_at,
    toLowCardinality(touchpoint.3.1) as channel,
    toLowCardinality(touchpoint.3.2) as channel_source,
    touchpoint.3.3 as is_channel_direct
from paths
array join
    path as touchpoint,
    arrayEnumerate(path) as position
