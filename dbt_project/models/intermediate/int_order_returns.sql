-- One row per return of an order, told however often.
--
-- Shops tell a return again under another event id. It is the same one when order, amount and products are the same
-- (the sign of either does not matter) and so is the return's own id or, when not both tell one, the instant. Of one
-- id, what tells less than another telling is a copy of it.
-- A return without amount is worth its products; a product without price the part of the order's own line. One without
-- amount and products gives back everything.
{{ config(materialized='view') }}

with

told_returns as (

    select
        order_id,
        event_id,
        occurred_at,
        return_id,
        currency,
        is_revenue_known,
        abs(revenue_minor) as told_minor,
        product_skus,
        product_quantities,
        product_revenues_minor,
        arraySort(arrayMap(
            (sku, quantity) -> (sku, if(quantity = 0, toDecimal64(1, 6), abs(quantity))),
            product_skus,
            product_quantities
        )) as products
    from {{ ref('stg_orders') }}
    where kind = 'order.returned'

),

rates as (

    select order_id, currency, factor
    from {{ ref('int_order_rates') }}

),

converted_returns as (

    select
        told_returns.order_id as order_id,
        told_returns.event_id as event_id,
        told_returns.occurred_at as occurred_at,
        told_returns.return_id as return_id,
        told_returns.is_revenue_known as is_revenue_known,
        told_returns.product_skus as product_skus,
        told_returns.product_quantities as product_quantities,
        told_returns.product_revenues_minor as product_revenues_minor,
        rates.factor as factor,
        -- what two copies of one return share
        (is_revenue_known, told_returns.told_minor, factor, told_returns.products) as contents,
        {{ in_shop_currency('told_returns.told_minor', 'rates.factor') }} as amount
    from told_returns
    inner join rates on told_returns.order_id = rates.order_id and told_returns.currency = rates.currency

),

marked_returns as (

    select
        *,
        max(return_id != '') over (partition by order_id, contents, occurred_at) as is_named_at_its_instant,
        if(return_id = '', 'at ' || toString(occurred_at), 'as ' || return_id) as name_or_instant,
        -- of the tellings of one id those count that say most: the amount, or else products
        multiIf(is_revenue_known, 2, notEmpty(product_skus), 1, 0) as fullness,
        max(fullness) over (partition by order_id, name_or_instant) as most_fullness
    from converted_returns

),

returns as (

    select *
    from marked_returns
    where if(return_id = '', not is_named_at_its_instant, fullness = most_fullness)
    order by occurred_at, event_id
    limit 1 by order_id, contents, name_or_instant

),

products_of_returns as (

    select
        event_id,
        order_id,
        factor,
        sku,
        sum(abs(revenue_minor)) as revenue,
        -- a product that tells neither revenue nor price is worth the part of the order's line
        sumIf(toFloat64(if(quantity = 0, toDecimal64(1, 6), quantity)), revenue_minor = 0) as unpriced_quantity
    from returns
    array join
        product_skus as sku,
        product_quantities as quantity,
        product_revenues_minor as revenue_minor
    where not is_revenue_known
    group by event_id, order_id, factor, sku

),

order_lines as (

    select
        order_id,
        sku,
        revenue_minor,
        toFloat64(if(quantity = 0, toDecimal64(1, 6), quantity)) as pieces
    from {{ ref('int_order_lines_merged') }}
    where order_id in (select order_id from products_of_returns)

),

parts_of_lines as (

    select
        products_of_returns.event_id as event_id,
        products_of_returns.revenue as revenue,
        products_of_returns.factor as factor,
        if(
            order_lines.pieces = 0,
            0.,
            order_lines.revenue_minor * products_of_returns.unpriced_quantity / order_lines.pieces
        ) as worth
    from products_of_returns
    left join order_lines
        on products_of_returns.order_id = order_lines.order_id and products_of_returns.sku = order_lines.sku

),

amounts_of_products as (

    select
        event_id,
        {{ in_shop_currency('sum(revenue)', 'any(factor)') }} + sum(abs({{ rounded_minor('worth') }})) as amount
    from parts_of_lines
    group by event_id

)

select
    returns.order_id as order_id,
    returns.event_id as event_id,
    returns.return_id as return_id,
    returns.occurred_at as returned_at,
    toBool(not returns.is_revenue_known and empty(returns.product_skus)) as is_full,
    if(returns.is_revenue_known, returns.amount, toInt64(amounts_of_products.amount)) as amount_minor
from returns
left join amounts_of_products on returns.event_id = amounts_of_products.event_id
