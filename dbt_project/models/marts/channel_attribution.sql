-- One row per order and channel that led to it: which share of the order each model gives to the channel.
--
-- Over the channels of an order the shares of a model add up to 1, so that sums over any orders add up to orders.
-- Money is net: what was cancelled or returned led nobody to anything.
{{ config(materialized='table', tags='roll_up', order_by=['order_id', 'channel']) }}

with

orders as (

    select order_id, ordered_on, net_revenue_minor
    from {{ ref('orders') }}

),

touchpoints as (

    select order_id, position, touchpoint_count, channel, is_channel_direct
    from {{ ref('int_order_touchpoints') }}

),

last_positions as (

    select
        order_id,
        max(position) as last_position,
        maxIf(position, not is_channel_direct) as last_telling_position,
        -- a path of nothing but direct touches has no better last touch than its last
        if(last_telling_position = 0, last_position, last_telling_position) as last_non_direct_position
    from touchpoints
    group by order_id

),

shares as (

    select
        touchpoints.order_id as order_id,
        touchpoints.channel as channel,
        max(touchpoints.position = 1) as first_touch,
        max(touchpoints.position = last_positions.last_position) as last_touch,
        max(touchpoints.position = last_positions.last_non_direct_position) as last_non_direct,
        count() / any(touchpoints.touchpoint_count) as linear
    from touchpoints
    inner join last_positions on touchpoints.order_id = last_positions.order_id
    group by order_id, channel

)

select
    orders.order_id as order_id,
    shares.channel as channel,
    orders.ordered_on as ordered_on,
    toFloat64(shares.first_touch) as first_touch,
    toFloat64(shares.last_touch) as last_touch,
    shares.linear as linear,
    toFloat64(shares.last_non_direct) as last_non_direct,
    first_touch * orders.net_revenue_minor as first_touch_net_revenue_minor,
    last_touch * orders.net_revenue_minor as last_touch_net_revenue_minor,
    linear * orders.net_revenue_minor as linear_net_revenue_minor,
    last_non_direct * orders.net_revenue_minor as last_non_direct_net_revenue_minor
from orders
inner join shares on orders.order_id = shares.order_id
