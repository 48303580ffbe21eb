-- One row per order, merged from all of its copies.
--
-- Shops repeat the message of an order, under other event ids and with other contents. Time, person and channel are
-- those of the earliest copy, which also says the order's day; amounts are those of the copy with the largest revenue,
-- each event converted from its own currency to the shop's at the rate of that day.
-- What nobody ever placed is no order, even if it was paid, cancelled or returned.
{{ config(materialized='shop_days', partition_by='ordered_on', order_by='order_id') }}

with

told_events as (

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
        currency,
        (occurred_at, visit_sequence, event_id) as place_in_time
    from {{ ref('stg_orders') }}

),

rates as (

    select order_id, currency, is_rate_known, currency_rate, rate_on, rate_source, factor, rate_fingerprint
    from {{ ref('int_order_rates') }}

),

order_events as (

    select
        told_events.order_id as order_id,
        told_events.kind as kind,
        told_events.occurred_at as occurred_at,
        told_events.occurred_on as occurred_on,
        told_events.person as person,
        told_events.visitor_id as visitor_id,
        told_events.customer_id as customer_id,
        told_events.origin as origin,
        told_events.channel as channel,
        told_events.channel_source as channel_source,
        told_events.is_revenue_known as is_revenue_known,
        told_events.currency as currency,
        told_events.place_in_time as place_in_time,
        {{ in_shop_currency('told_events.revenue_minor', 'rates.factor') }} as converted_minor,
        (
            converted_minor,
            told_events.revenue_minor,
            {{ in_shop_currency('told_events.tax_minor', 'rates.factor') }},
            {{ in_shop_currency('told_events.shipping_minor', 'rates.factor') }},
            rates.currency,
            rates.is_rate_known,
            rates.currency_rate,
            rates.rate_on,
            rates.rate_source
        ) as amounts
    from told_events
    inner join rates on told_events.order_id = rates.order_id and told_events.currency = rates.currency

),

copies as (

    select
        order_id,
        argMin(
            (occurred_on, occurred_at, person, visitor_id, origin, channel, channel_source),
            place_in_time
        ) as first_copy,
        argMinIf(customer_id, place_in_time, customer_id != '') as customer_id,
        max(is_revenue_known) as tells_revenue,
        -- of the largest revenue; when nobody tells one, of the earliest copy that tells a currency
        if(
            tells_revenue,
            maxIf(amounts, is_revenue_known),
            argMin(amounts, (currency = '', place_in_time))
        ) as told,
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
        sumIf(converted_minor, kind = 'order.returned') as returned_minor
    from order_events
    group by order_id

),

rates_of_orders as (

    select order_id, groupBitXor(rate_fingerprint) as rates_fingerprint
    from rates
    group by order_id

),

lines as (

    select
        order_id,
        sum(revenue_minor) as lines_minor,
        count() as line_count
    from {{ ref('int_order_lines_merged') }}
    group by order_id

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
    toLowCardinality(copies.told.5) as currency,
    copies.told.6 as is_rate_known,
    copies.told.7 as currency_rate,
    copies.told.8 as rate_on,
    toLowCardinality(copies.told.9) as rate_source,
    rates_of_orders.rates_fingerprint as rates_fingerprint,
    toBool(copies.tells_revenue) as is_revenue_known,
    copies.told.2 as told_revenue_minor,
    copies.told.1 as revenue_minor,
    copies.told.3 as tax_minor,
    copies.told.4 as shipping_minor,
    lines.lines_minor as lines_minor,
    revenue_minor - lines_minor as lines_difference_minor,
    toUInt32(lines.line_count) as line_count,
    toUInt32(copies.copy_count) as copy_count,
    toBool(consequences.is_paid) as is_paid,
    toBool(consequences.is_shipped) as is_shipped,
    toBool(consequences.is_cancelled) as is_cancelled,
    consequences.returned_minor as returned_minor
from copies
inner join consequences on copies.order_id = consequences.order_id
inner join rates_of_orders on copies.order_id = rates_of_orders.order_id
left join lines on copies.order_id = lines.order_id
where {{ built_days('ordered_on') }}
