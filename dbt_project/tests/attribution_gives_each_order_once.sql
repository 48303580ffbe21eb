-- A returned row is an order of which a model gives away more or less than the whole.
with

shares as (

    select
        order_id,
        sum(first_touch) as by_first,
        sum(last_touch) as by_last,
        sum(linear) as by_linear,
        sum(last_non_direct) as by_last_non_direct,
        sum(first_touch_net_revenue_minor) as revenue_by_first,
        sum(last_touch_net_revenue_minor) as revenue_by_last,
        sum(linear_net_revenue_minor) as revenue_by_linear,
        sum(last_non_direct_net_revenue_minor) as revenue_by_last_non_direct
    from {{ ref('channel_attribution') }}
    group by order_id

)

select orders.order_id
from {{ ref('orders') }} as orders
left join shares on orders.order_id = shares.order_id
where
    arrayExists(
        share -> abs(share - 1) > 1e-9,
        [shares.by_first, shares.by_last, shares.by_linear, shares.by_last_non_direct]
    )
    or arrayExists(
        revenue -> abs(revenue - orders.net_revenue_minor) > 1e-3,
        [
            shares.revenue_by_first,
            shares.revenue_by_last,
            shares.revenue_by_linear,
            shares.revenue_by_last_non_direct
        ]
    )
