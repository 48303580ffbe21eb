-- One row per unordered pair of SKUs that at least `pair_min_orders` orders hold together.
--
-- SKUs are numbered before they are paired: an order of a thousand lines has half a million pairs, and a pair of
-- numbers is a fraction of a pair of texts.
{{ config(materialized='table', tags='roll_up', order_by=['sku_a', 'sku_b']) }}

with

lines as (

    select order_id, sku, ordered_at, name
    from {{ ref('order_lines') }}

),

skus as (

    select
        sku,
        argMax(name, (ordered_at, order_id)) as name,
        count() as order_count,
        toUInt32(row_number() over (order by sku)) as number
    from lines
    group by sku

),

baskets as (

    select
        lines.order_id as order_id,
        arraySort(groupArray(skus.number)) as numbers
    from lines
    inner join skus on lines.sku = skus.sku
    group by order_id

),

rests_of_baskets as (

    select
        number,
        arraySlice(numbers, position + 1) as later_numbers
    from baskets
    array join
        numbers as number,
        arrayEnumerate(numbers) as position

),

pairs as (

    select
        number as number_a,
        later_number as number_b,
        count() as orders_together
    from rests_of_baskets
    array join later_numbers as later_number
    group by number_a, number_b
    having orders_together >= {{ var('pair_min_orders') }}

),

all_orders as (

    select count() as order_count
    from {{ ref('orders') }}

),

named_pairs as (

    select
        skus_a.sku as sku_a,
        skus_a.name as name_a,
        skus_b.sku as sku_b,
        skus_b.name as name_b,
        pairs.orders_together as orders_together,
        skus_a.order_count as orders_a,
        skus_b.order_count as orders_b,
        all_orders.order_count as orders_all
    from pairs
    cross join all_orders
    inner join skus as skus_a on pairs.number_a = skus_a.number
    inner join skus as skus_b on pairs.number_b = skus_b.number

)

select
    sku_a,
    name_a,
    sku_b,
    name_b,
    toUInt32(orders_together) as orders_together,
    toUInt32(orders_a) as orders_a,
    toUInt32(orders_b) as orders_b,
    orders_together / orders_all as support,
    orders_together / orders_a as confidence_a_b,
    orders_together / orders_b as confidence_b_a,
    orders_together * orders_all / (orders_a * orders_b) as lift
from named_pairs
