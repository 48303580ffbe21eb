-- One row per order and SKU, of the newest change that tells lines, else merged from all copies of the order.
--
-- A change says all lines anew: what it leaves out was taken out of the order.
-- Within a copy, lines of one SKU are added up; of several copies the one that tells most counts: the largest revenue,
-- then the largest quantity, then price; what is left is decided by the texts, never by arrival. Amounts are in the
-- shop's currency.
{{ config(materialized='view') }}

with

told_lines as (

    select
        event_id,
        order_id,
        currency,
        sku,
        name,
        category,
        variant,
        price_minor,
        quantity,
        revenue_minor,
        kind = 'order.changed' as is_change,
        (occurred_at, visit_sequence, event_id) as place_in_time
    from {{ ref('stg_order_lines') }}
    where kind in ('order.placed', 'order.changed')

),

newest_changes as (

    select order_id, argMax(event_id, place_in_time) as event_id
    from told_lines
    where is_change
    group by order_id

),

lines as (

    select *
    from told_lines
    where
        (is_change and (order_id, event_id) in (select order_id, event_id from newest_changes))
        or (not is_change and order_id not in (select order_id from newest_changes))

),

rates as (

    select order_id, currency, factor
    from {{ ref('int_order_rates') }}

),

lines_of_copies as (

    select
        lines.order_id as order_id,
        lines.event_id as event_id,
        lines.sku as sku,
        any(rates.factor) as factor,
        {{ in_shop_currency('sum(lines.revenue_minor)', 'factor') }} as revenue,
        sum(lines.quantity) as pieces,
        max((
            {{ in_shop_currency('lines.price_minor', 'rates.factor') }},
            lines.name,
            lines.category,
            lines.variant
        )) as product
    from lines
    inner join rates on lines.order_id = rates.order_id and lines.currency = rates.currency
    group by order_id, event_id, sku

),

merged as (

    select
        order_id,
        sku,
        max((revenue, pieces, product)) as line,
        count() as copies
    from lines_of_copies
    group by order_id, sku

)

select
    order_id,
    sku,
    line.3.2 as name,
    line.3.3 as category,
    line.3.4 as variant,
    line.3.1 as price_minor,
    toDecimal64(line.2, 6) as quantity,
    line.1 as revenue_minor,
    toUInt32(copies) as copy_count
from merged
