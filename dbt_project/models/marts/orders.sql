-- One row per order, with the visit that it belongs to and the channel that brought it.
--
-- What the order is, its events say (int_orders_merged); how it came about, the visits of its person say. Made anew in
-- each build, as the last visit before an order may lie on a day that was built later.
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

)

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
from orders
