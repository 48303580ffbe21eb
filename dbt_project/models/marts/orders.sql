-- One row per order, merged from all of its copies.
--
-- Shops repeat the message of an order, under other event ids and with other contents. Time, person and channel are
-- those of the earliest copy, which also says the order's day; amounts are those of the copy with the largest revenue.
{{ config(materialized='shop_days', partition_by='ordered_on', order_by='order_id') }}

with

order_events as (

    select
        event_id,
        order_id,
        kind,
        is_copy,
        occurred_at,
        occurred_on,
        person,
        visitor_id,
        customer_id,
        visit_sequence,
        origin,
        channel,
        channel_source,
        is_revenue_known,
        revenue_minor,
        tax_minor,
        shipping_minor,
        currency
    from {{ ref('stg_orders') }}

),

lines as (

    select
        order_id,
        sum(revenue_minor) as lines_minor,
        count() as line_count
    from {{ ref('int_order_lines_merged') }}
    group by order_id

),

merged as (

    select
        order_id,
        argMinIf(
            (occurred_on, occurred_at, person, visitor_id, origin, channel, channel_source),
            (occurred_at, visit_sequence, event_id),
            is_copy
        ) as first_copy,
        argMinIf(customer_id, (occurred_at, visit_sequence, event_id), is_copy and customer_id != '') as customer_id,
        argMinIf(currency, (occurred_at, visit_sequence, event_id), is_copy and currency != '') as currency,
        maxIf((revenue_minor, tax_minor, shipping_minor), is_copy and is_revenue_known) as amounts,
        toBool(countIf(is_copy and is_revenue_known) > 0) as tells_revenue,
        countIf(is_copy) as copy_count,
        toBool(countIf(kind = 'order.paid') > 0) as is_paid,
        toBool(countIf(kind = 'order.cancelled') > 0) as is_cancelled,
        sumIf(revenue_minor, kind = 'order.returned') as returned_minor
    from order_events
    group by order_id
    having copy_count > 0

)

select
    merged.order_id as order_id,
    merged.first_copy.1 as ordered_on,
    merged.first_copy.2 as ordered_at,
    merged.first_copy.3 as person,
    merged.first_copy.4 as visitor_id,
    merged.customer_id as customer_id,
    toLowCardinality(merged.first_copy.5) as origin,
    toLowCardinality(merged.first_copy.6) as channel,
    toLowCardinality(merged.first_copy.7) as channel_source,
    toLowCardinality(merged.currency) as currency,
    merged.tells_revenue as is_revenue_known,
    merged.amounts.1 as revenue_minor,
    merged.amounts.2 as tax_minor,
    merged.amounts.3 as shipping_minor,
    lines.lines_minor as lines_minor,
    revenue_minor - lines_minor as lines_difference_minor,
    toUInt32(lines.line_count) as line_count,
    toUInt32(merged.copy_count) as copy_count,
    merged.is_paid as is_paid,
    merged.is_cancelled as is_cancelled,
    merged.returned_minor as returned_minor
from merged
left join lines on merged.order_id = lines.order_id
where {{ built_days('ordered_on') }}
