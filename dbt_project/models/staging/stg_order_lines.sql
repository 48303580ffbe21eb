-- One row per line of an order event, as that event tells it.
{{ config(materialized='view') }}

with

orders as (

    select
        event_id,
        order_id,
        kind,
        occurred_at,
        occurred_on,
        visit_sequence,
        currency,
        product_skus,
        product_names,
        product_categories,
        product_variants,
        product_prices_minor,
        product_quantities,
        product_revenues_minor
    from {{ ref('stg_orders') }}

)

select
    event_id,
    toUInt32(line_number) as line_number,
    order_id,
    kind,
    occurred_at,
    occurred_on,
    visit_sequence,
    currency,
    sku,
    name,
    category,
    variant,
    price_minor,
    quantity,
    revenue_minor
from orders
array join
    arrayEnumerate(product_skus) as line_number,
    product_skus as sku,
    product_names as name,
    product_categories as category,
    product_variants as variant,
    product_prices_minor as price_minor,
    product_quantities as quantity,
    product_revenues_minor as revenue_minor
