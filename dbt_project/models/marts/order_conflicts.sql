-- One row per order number whose copies contradict each other.
--
-- Copies of an order may repeat each other and add to each other; these cannot all be right: two known persons,
-- two currencies, two shops, or other lines. Lines contradict when one product has two prices; when it has two
-- quantities or two copies share no product, too, unless one visit told them, for then they are parts of one order.
{{ config(materialized='table', tags='roll_up', order_by=['order_id', 'order_number']) }}

with

copies as (

    select
        event_id,
        order_id,
        order_number,
        occurred_at,
        person,
        currency,
        is_revenue_known,
        revenue_minor,
        {{ shop_of('source') }} as shop,
        -- who told it: what one visit of one person tells is one word
        if(visit_id = '', ('', event_id), (person, visit_id)) as teller
    from {{ ref('stg_orders') }}
    where kind = 'order.placed'

),

rates as (

    select order_id, currency, factor
    from {{ ref('int_order_rates') }}

),

orders as (

    select
        copies.order_id as order_id,
        any(copies.order_number) as order_number,
        min(copies.occurred_at) as first_placed_at,
        max(copies.occurred_at) as last_placed_at,
        count() as copy_count,
        uniqExactIf(copies.person, copies.person != '' and not startsWith(copies.person, 'o:')) > 1 as of_two_persons,
        uniqExactIf(copies.currency, copies.currency != '') > 1 as in_two_currencies,
        uniqExact(copies.shop) > 1 as of_two_shops,
        groupUniqArrayIf(
            {{ in_shop_currency('copies.revenue_minor', 'rates.factor') }},
            copies.is_revenue_known
        ) as revenues
    from copies
    inner join rates on copies.order_id = rates.order_id and copies.currency = rates.currency
    group by order_id
    having copy_count > 1

),

lines as (

    select
        copies.order_id as order_id,
        copies.teller as teller,
        copies.currency as currency,
        told_lines.sku as sku,
        told_lines.price_minor as price_minor,
        told_lines.quantity as quantity
    from {{ ref('stg_order_lines') }} as told_lines
    inner join copies on told_lines.event_id = copies.event_id
    where told_lines.kind = 'order.placed' and copies.order_id in (select order_id from orders)

),

products_of_tellers as (

    select
        order_id,
        teller,
        sku,
        max(quantity) as largest_quantity,
        min(quantity) as smallest_quantity,
        groupUniqArrayIf((currency, price_minor), price_minor != 0) as prices
    from lines
    group by order_id, teller, sku

),

products as (

    select
        order_id,
        sku,
        -- a quantity of 0 is not told; of one given back the smallest says how many
        uniqExactIf(
            if(largest_quantity > 0, largest_quantity, smallest_quantity),
            largest_quantity != 0 or smallest_quantity != 0
        ) > 1 as has_two_quantities,
        length(arrayDistinct(arrayFlatten(groupArray(prices))))
        > length(arrayDistinct(arrayMap(price -> price.1, arrayFlatten(groupArray(prices))))) as has_two_prices
    from products_of_tellers
    group by order_id, sku

),

products_of_orders as (

    select order_id, max(has_two_quantities or has_two_prices) as are_contradictory
    from products
    group by order_id

),

baskets as (

    select order_id, teller, arraySort(groupArray(sku)) as skus
    from products_of_tellers
    group by order_id, teller

),

baskets_of_orders as (

    select
        order_id,
        -- enough to find strangers among copies; a number that thousands of orders bear contradicts itself anyway
        arraySlice(arraySort(groupUniqArray(skus)), 1, 50) as distinct_baskets,
        arrayExists(
            basket -> arrayExists(other -> not hasAny(basket, other), distinct_baskets),
            distinct_baskets
        ) as are_strangers
    from baskets
    group by order_id

)

select
    orders.order_id as order_id,
    orders.order_number as order_number,
    arrayFilter(
        contradiction -> contradiction != '',
        [
            if(orders.of_two_persons, 'person', ''),
            if(orders.in_two_currencies, 'currency', ''),
            if(products_of_orders.are_contradictory or baskets_of_orders.are_strangers, 'lines', ''),
            if(orders.of_two_shops, 'source', '')
        ]
    ) as contradictions,
    orders.first_placed_at as first_placed_at,
    orders.last_placed_at as last_placed_at,
    toUInt32(orders.copy_count) as copy_count,
    toInt64(arrayMin(orders.revenues)) as smallest_revenue_minor,
    toInt64(arrayMax(orders.revenues)) as largest_revenue_minor,
    toInt64(arraySum(orders.revenues)) - largest_revenue_minor as at_stake_minor
from orders
left join products_of_orders on orders.order_id = products_of_orders.order_id
left join baskets_of_orders on orders.order_id = baskets_of_orders.order_id
where notEmpty(contradictions)
