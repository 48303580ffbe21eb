-- One row per order, merged from all of its copies.
--
-- Shops repeat the message of an order, under other event ids and with other contents. Time, person and channel are
-- those of the earliest copy, which also says the order's day; amounts are those of the copy with the largest revenue,
-- each event converted from its own currency to the shop's at the rate of that day.
-- A change (order.changed) beats every copy: of the changes that tell a revenue, or lines that are worth something, the
-- newest says the amounts. An order that only changes ever told is placed by the earliest of them.
-- What nobody ever placed or changed is no order, even if it was paid, cancelled or returned.
-- Of the gross revenue, what was returned is taken away, and all of the rest if the order was cancelled: gross is
-- cancelled + returned + net, always.
{{ config(materialized='shop_days', partition_by='ordered_on', order_by='order_id') }}

with

told_events as (

    select
        event_id,
        order_id,
        order_number,
        kind,
        source,
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
        kind = 'order.changed'
        and not is_revenue_known
        and arrayExists(
            (price, revenue) -> price != 0 or revenue != 0,
            product_prices_minor,
            product_revenues_minor
        ) as is_worth_its_lines,
        if(is_worth_its_lines, arraySum(product_revenues_minor), stg_orders.revenue_minor) as told_minor,
        tax_minor,
        shipping_minor,
        currency,
        (occurred_at, visit_sequence, event_id) as place_in_time
    from {{ ref('stg_orders') }} as stg_orders

),

rates as (

    select order_id, currency, is_rate_known, currency_rate, rate_on, rate_source, factor, rate_fingerprint
    from {{ ref('int_order_rates') }}

),

order_events as (

    select
        told_events.order_id as order_id,
        told_events.order_number as order_number,
        told_events.kind as kind,
        told_events.source as source,
        told_events.occurred_at as occurred_at,
        told_events.occurred_on as occurred_on,
        told_events.person as person,
        told_events.visitor_id as visitor_id,
        told_events.customer_id as customer_id,
        told_events.origin as origin,
        told_events.channel as channel,
        told_events.channel_source as channel_source,
        told_events.is_revenue_known as is_revenue_known,
        told_events.is_revenue_known or told_events.is_worth_its_lines as tells_amounts,
        told_events.currency as currency,
        told_events.place_in_time as place_in_time,
        {{ in_shop_currency('told_events.told_minor', 'rates.factor') }} as converted_minor,
        (
            converted_minor,
            told_events.told_minor,
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
        any(order_number) as order_number,
        argMin(
            (occurred_on, occurred_at, source, origin, channel, channel_source),
            (kind != 'order.placed', place_in_time)
        ) as first_copy,
        -- of an order that names nobody, the person is one that only this order knows
        argMin(
            (person, visitor_id),
            (person = '' or startsWith(person, 'o:'), kind != 'order.placed', place_in_time)
        ) as who,
        argMinIf(customer_id, (kind != 'order.placed', place_in_time), customer_id != '') as customer_id,
        max(tells_amounts and kind = 'order.changed') as is_revenue_changed,
        max(tells_amounts) as tells_revenue,
        -- of the newest change, else of the largest revenue; when nobody tells one, of the earliest copy that tells a
        -- currency
        multiIf(
            is_revenue_changed, argMaxIf(amounts, place_in_time, tells_amounts and kind = 'order.changed'),
            tells_revenue, maxIf(amounts, tells_amounts),
            argMin(amounts, (currency = '', kind != 'order.placed', place_in_time))
        ) as told,
        countIf(kind = 'order.placed') as copy_count,
        countIf(kind = 'order.changed') as change_count
    from order_events
    where kind in ('order.placed', 'order.changed')
    group by order_id

),

consequences as (

    select
        order_id,
        countIf(kind = 'order.paid') > 0 as is_paid,
        countIf(kind = 'order.shipped') > 0 as is_shipped,
        countIf(kind = 'order.cancelled') > 0 as is_cancelled
    from order_events
    group by order_id

),

returns as (

    select
        order_id,
        max(is_full) as is_all_returned,
        sum(amount_minor) as amount_minor
    from {{ ref('int_order_returns') }}
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
    copies.order_number as order_number,
    toLowCardinality(copies.first_copy.3) as source,
    copies.first_copy.1 as ordered_on,
    copies.first_copy.2 as ordered_at,
    copies.who.1 as person,
    copies.who.2 as visitor_id,
    copies.customer_id as customer_id,
    toLowCardinality(copies.first_copy.4) as origin,
    toLowCardinality(copies.first_copy.5) as channel,
    toLowCardinality(copies.first_copy.6) as channel_source,
    toLowCardinality(copies.told.5) as currency,
    copies.told.6 as is_rate_known,
    copies.told.7 as currency_rate,
    copies.told.8 as rate_on,
    toLowCardinality(copies.told.9) as rate_source,
    rates_of_orders.rates_fingerprint as rates_fingerprint,
    toBool(copies.tells_revenue) as is_revenue_known,
    copies.told.2 as told_revenue_minor,
    copies.told.1 as gross_revenue_minor,
    if(is_cancelled, gross_revenue_minor - returned_revenue_minor, 0) as cancelled_revenue_minor,
    if(
        returns.is_all_returned,
        greatest(gross_revenue_minor, 0),
        least(returns.amount_minor, greatest(gross_revenue_minor, 0))
    ) as returned_revenue_minor,
    gross_revenue_minor - cancelled_revenue_minor - returned_revenue_minor as net_revenue_minor,
    greatest(returns.amount_minor - greatest(gross_revenue_minor, 0), 0) as returned_excess_minor,
    gross_revenue_minor as revenue_minor,
    copies.told.3 as tax_minor,
    copies.told.4 as shipping_minor,
    lines.lines_minor as lines_minor,
    revenue_minor - lines_minor as lines_difference_minor,
    toUInt32(lines.line_count) as line_count,
    toUInt32(copies.copy_count) as copy_count,
    toUInt32(copies.change_count) as change_count,
    toBool(consequences.is_paid) as is_paid,
    toBool(consequences.is_shipped) as is_shipped,
    toBool(consequences.is_cancelled) as is_cancelled,
    returned_revenue_minor as returned_minor
from copies
inner join consequences on copies.order_id = consequences.order_id
inner join rates_of_orders on copies.order_id = rates_of_orders.order_id
left join returns on copies.order_id = returns.order_id
left join lines on copies.order_id = lines.order_id
where {{ built_days('ordered_on') }}
