-- One row per order and SKU.
{{ config(materialized='shop_days', partition_by='ordered_on', order_by=['order_id', 'sku']) }}

with

orders as (

    select order_id, order_number, ordered_on, ordered_at, person
    from {{ ref('int_orders_merged') }}
    where {{ built_days('ordered_on') }}

),

lines as (

    select
        order_id,
        sku,
        name,
        category,
        variant,
        price_minor,
        quantity,
        revenue_minor,
        copy_count
    from {{ ref('int_order_lines_merged') }}

)

select
    orders.order_id as order_id,
    orders.order_number as order_number,
    lines.sku as sku,
    orders.ordered_on as ordered_on,
    orders.ordered_at as ordered_at,
    orders.person as person,
    lines.name as name,
    lines.category as category,
    lines.variant as variant,
    lines.price_minor as price_minor,
    lines.quantity as quantity,
    lines.revenue_minor as revenue_minor,
    lines.copy_count as copy_count
from orders
inner join lines on orders.order_id = lines.order_id
