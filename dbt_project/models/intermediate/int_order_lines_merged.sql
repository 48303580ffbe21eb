-- One row per order and SKU, merged from all copies of the order.
--
-- Within a copy, lines of one SKU are added up; of several copies the one that tells most counts: the largest revenue,
-- then the largest quantity, then price; what is left is decided by the texts, never by arrival. Amounts are in the
-- shop's currency.
{{ config(materialized='view') }}

with

lines as (

    select
        event_id,
        order_id,
        sku,
        name,
        category,
        variant,
        price_minor,
        quantity,
        revenue_minor
    from {{ ref('stg_order_lines') }}
    where kind = 'order.placed'

),

lines_of_copies as (

    select
        order_id,
        event_id,
        sku,
        sum(revenue_minor) as revenue,
        sum(quantity) as pieces,
        max((price_minor, name, category, variant)) as product
    from lines
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

),

rates as (

    select order_id, factor
    from {{ ref('int_order_rates') }}

)

select
    merged.order_id as order_id,
    merged.sku as sku,
    merged.line.3.2 as name,
    merged.line.3.3 as category,
    merged.line.3.4 as variant,
    {{ in_shop_currency('merged.line.3.1', 'rates.factor') }} as price_minor,
    merged.line.2 as quantity,
    {{ in_shop_currency('merged.line.1', 'rates.factor') }} as revenue_minor,
    toUInt32(merged.copies) as copy_count
from merged
inner join rates on merged.order_id = rates.order_id
