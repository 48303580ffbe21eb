-- One row per order, merged from all of its copies.
--
-- Shops repeat the message of an order, under other event ids and with other contents. Time, person and channel are
-- those of the earliest copy, which also says the order's day; amounts are those of the copy with the largest revenue,
-- in the shop's currency at the rate of that day.
-- What nobody ever placed is no order, even if it was paid, cancelled or returned.
{{ config(materialized='shop_days', partition_by='ordered_on', order_by='order_id') }}

with

order_events as (

    select
        event_id,
        order_id,
        kind,
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
        (occurred_at, visit_sequence, event_id) as place_in_time
    from {{ ref('stg_orders') }}

),

copies as (

    select
        order_id,
        argMin(
            (occurred_on, occurred_at, person, visitor_id, origin, channel, channel_source),
            place_in_time
        ) as first_copy,
        argMinIf(customer_id, place_in_time, customer_id != '') as customer_id,
        maxIf((revenue_minor, tax_minor, shipping_minor), is_revenue_known) as amounts,
        max(is_revenue_known) as tells_revenue,
        count() as copy_count
    from order_events
    where kind = 'order.placed'
    group by order_id

),

consequences as (

    select
        order_id,
        countIf(kind = 'order.paid') > 0 as is_paid,
        countIf(kind = 'order.shipped') > 0 as is_shipped,
        countIf(kind = 'order.cancelled') > 0 as is_cancelled,
        sumIf(revenue_minor, kind = 'order.returned') as returned
    from order_events
    group by order_id

),

lines as (

    select
        order_id,
        sum(revenue_minor) as lines_minor,
        count() as line_count
    from {{ ref('int_order_lines_merged') }}
    group by order_id

),

rates as (

    select order_id, currency, is_rate_known, currency_rate, rate_on, rate_source, factor
    from {{ ref('int_order_rates') }}

)

select
    copies.order_id as order_id,
    copies.first_copy.1 as ordered_on,
    copies.first_copy.2 as ordered_at,
    copies.first_copy.3 as person,
    copies.first_copy.4 as visitor_id,
    copies.customer_id as customer_id,
    toLowCardinality(copies.first_copy.5) as origin,
    toLowCardinality(copies.first_copy.6) as channel,
    toLowCardinality(copies.first_copy.7) as channel_source,
    rates.currency as currency,
    rates.is_rate_known as is_rate_known,
    rates.currency_rate as currency_rate,
    rates.rate_on as rate_on,
    rates.rate_source as rate_source,
    toBool(copies.tells_revenue) as is_revenue_known,
    copies.amounts.1 as told_revenue_minor,
    {{ in_shop_currency('copies.amounts.1', 'rates.factor') }} as revenue_minor,
    {{ in_shop_currency('copies.amounts.2', 'rates.factor') }} as tax_minor,
    {{ in_shop_currency('copies.amounts.3', 'rates.factor') }} as shipping_minor,
    lines.lines_minor as lines_minor,
    revenue_minor - lines_minor as lines_difference_minor,
    toUInt32(lines.line_count) as line_count,
    toUInt32(copies.copy_count) as copy_count,
    toBool(consequences.is_paid) as is_paid,
    toBool(consequences.is_shipped) as is_shipped,
    toBool(consequences.is_cancelled) as is_cancelled,
    {{ in_shop_currency('consequences.returned', 'rates.factor') }} as returned_minor
from copies
inner join consequences on copies.order_id = consequences.order_id
inner join rates on copies.order_id = rates.order_id
left join lines on copies.order_id = lines.order_id
where {{ built_days('ordered_on') }}
