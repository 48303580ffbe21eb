-- One row per order and SKU, merged from all copies of the order.
--
-- Within a copy, lines of one SKU are added up; of several copies the one that tells most counts: the largest revenue,
-- then the largest quantity, then price; what is left is decided by the texts, never by arrival.
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

)

select
    order_id,
    sku,
    line.3.2 as name,
    line.3.3 as category,
    line.3.4 as variant,
    line.3.1 as price_minor,
    line.2 as quantity,
    line.1 as revenue_minor,
    toUInt32(copies) as copy_count
from merged
